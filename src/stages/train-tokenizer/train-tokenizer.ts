import { Type } from '@sinclair/typebox';
import { openDataset, readRows } from '../../artifacts/dataset.js';
import { splitNames } from '../../artifacts/kinds.js';
import { UserError } from '../../artifacts/user-error.js';
import { createWordPieceTrainer, writeWordPieceTokenizer } from '../../data/word-piece-trainer.js';
import { defineStage } from '../../plugin/define-stage.js';

const progressStep = 2000;

export default defineStage({
  type: 'train-tokenizer',
  version: 1,
  summary: 'Trains a WordPiece vocabulary on the texts of a data set',
  description: `Makes a BERT-type tokenizer: a folder with \`tokenizer.json\`, \`tokenizer_config.json\` and \`vocab.txt\` that Python's
\`AutoTokenizer\` reads. Words are counted, then the most frequent pairs of pieces are joined until the vocabulary is full. The
same texts give the same bytes, whatever their order. Only the training split is read unless \`splits\` names others, so
nothing of the test texts gets into the vocabulary.`,
  settings: Type.Object(
    {
      vocabulary_size: Type.Integer({
        default: 8192,
        minimum: 100,
        maximum: 1_000_000,
        description: 'Most tokens, special tokens and single characters included.',
      }),
      min_frequency: Type.Integer({
        default: 2,
        minimum: 1,
        description: 'A pair of pieces that occurs less often is not joined.',
      }),
      limit_alphabet: Type.Integer({
        default: 1000,
        minimum: 1,
        description: 'Most different characters; words with rarer ones become [UNK].',
      }),
      lowercase: Type.Boolean({ default: true, description: 'Upper and lower case are the same.' }),
      strip_accents: Type.Optional(
        Type.Boolean({
          description: 'Letters with and without accents are the same. Default: as `lowercase`.',
        }),
      ),
      special_tokens: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        uniqueItems: true,
        description: 'Special tokens after [PAD], [UNK], [CLS], [SEP] and [MASK], which always come first.',
      }),
      max_length: Type.Integer({
        default: 512,
        minimum: 1,
        description: 'Tokens that a model with this tokenizer will take; stored as `model_max_length`.',
      }),
      splits: Type.Array(Type.Union(splitNames.map((name) => Type.Literal(name))), {
        default: ['train'],
        minItems: 1,
        uniqueItems: true,
        description: 'The splits to read.',
      }),
    },
    { additionalProperties: false },
  ),
  inputs: { dataset: { kind: 'dataset', description: 'The texts.' } },
  outputs: { tokenizer: { kind: 'tokenizer', description: 'The tokenizer, in Hugging Face files.' } },
  async run({ settings, inputs, outputs, log, progress, signal }) {
    const dataset = await openDataset(inputs.dataset.path);
    const trainer = createWordPieceTrainer({
      vocabularySize: settings.vocabulary_size,
      minFrequency: settings.min_frequency,
      limitAlphabet: settings.limit_alphabet,
      lowercase: settings.lowercase,
      ...(settings.strip_accents === undefined ? {} : { stripAccents: settings.strip_accents }),
      extraSpecialTokens: settings.special_tokens,
    });
    const { part } = inputs.dataset;
    const splits = splitNames.filter((name) =>
      part === undefined ? settings.splits.includes(name) : name === part,
    );
    const total = splits.reduce((sum, name) => sum + (dataset.splits[name]?.rows ?? 0), 0);
    let rows = 0;
    for (const split of splits) {
      for await (const row of readRows(dataset, split)) {
        trainer.add(row.text);
        if (row.textPair !== undefined) trainer.add(row.textPair);
        rows++;
        if (rows % progressStep === 0) {
          signal.throwIfAborted();
          progress({ done: rows, total, unit: 'rows' });
        }
      }
    }
    if (rows === 0) {
      throw new UserError({
        code: 'data/empty',
        message: 'There is no text to train a tokenizer on',
        found: `no rows in ${splits.join(', ')}`,
      });
    }
    const vocabulary = trainer.train();
    await writeWordPieceTokenizer(outputs.tokenizer.path, vocabulary, settings.max_length);
    const size = vocabulary.tokens.length;
    if (size < settings.vocabulary_size) {
      log.warning(
        `the texts gave ${size.toLocaleString('en')} tokens, fewer than vocabulary_size (${settings.vocabulary_size.toLocaleString('en')}): no more pairs occur ${settings.min_frequency} times`,
      );
    }
    return {
      metrics: { vocabulary_size: size, unknown_word_share: vocabulary.unknownWordShare },
      summary: `${size.toLocaleString('en')} tokens from ${rows.toLocaleString('en')} texts`,
    };
  },
});
