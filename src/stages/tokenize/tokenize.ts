import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { openDataset, readRows } from '../../artifacts/dataset.js';
import { splitNames } from '../../artifacts/kinds.js';
import { createTokensWriter } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import { createRowEncoder } from '../../data/row-encoder.js';
import { loadTokenizer } from '../../data/tokenizer.js';
import { type JsonRecord, readJsonFile } from '../../formats/json.js';
import { defineStage, type InputArtifact } from '../../plugin/define-stage.js';

/** Most tokens of an example when neither the settings nor the model say. */
const defaultMaxLength = 512;
const progressStep = 1000;

export default defineStage({
  type: 'tokenize',
  version: 1,
  summary: 'Turns the texts of a data set into token ids',
  description: `The ids are those that Python's \`tokenizers\` gives for the same \`tokenizer.json\`. Wire either a model, whose tokenizer is
then used, or a tokenizer.

\`overflow\` says what becomes of a text that is longer than \`max_length\`: \`truncate\` cuts it off; \`split\` makes several examples
of it, each with its label; \`pack\` writes texts one after the other, with separators between them, into examples that are
all full, for masked language modelling (labels are left out).`,
  settings: Type.Object(
    {
      max_length: Type.Optional(
        Type.Integer({
          minimum: 3,
          description: `Most tokens of an example, special tokens included. Default: what the model or tokenizer can take, at most ${defaultMaxLength}.`,
        }),
      ),
      overflow: Type.Union([Type.Literal('truncate'), Type.Literal('split'), Type.Literal('pack')], {
        default: 'truncate',
        description: 'What becomes of texts that are longer, and for `pack` of shorter ones too.',
      }),
      truncation: Type.Union(
        [Type.Literal('longest_first'), Type.Literal('only_first'), Type.Literal('only_second')],
        { default: 'longest_first', description: 'Which text of a pair is cut off.' },
      ),
      stride: Type.Integer({
        default: 0,
        minimum: 0,
        description: 'With `overflow: split`: tokens that an example repeats from the end of the one before.',
      }),
    },
    { additionalProperties: false },
  ),
  inputs: {
    dataset: { kind: 'dataset', description: 'The texts.' },
    model: { kind: 'model', description: 'A model whose tokenizer is to be used.', optional: true },
    tokenizer: { kind: 'tokenizer', description: 'A tokenizer, in place of a model.', optional: true },
  },
  outputs: { tokens: { kind: 'tokens', description: 'Token ids, one file per split.' } },
  async run({ settings, inputs, outputs, log, progress, signal }) {
    const source = tokenizerSource(inputs.model, inputs.tokenizer);
    const tokenizer = await loadTokenizer(source.path);
    const limit = await longestInput(source.path, inputs.model !== undefined, tokenizer.vocabularySize);
    const maxLength = settings.max_length ?? Math.min(limit, defaultMaxLength);
    if (maxLength > limit) {
      throw new UserError({
        code: 'tokenizer/max-length',
        message: 'max_length is longer than the model can take',
        found: `max_length: ${maxLength}`,
        expected: `at most ${limit}`,
      });
    }
    const dataset = await openDataset(inputs.dataset.path);
    const { part } = inputs.dataset;
    const splits = splitNames.filter(
      (name) => dataset.splits[name] !== undefined && (part === undefined || name === part),
    );
    const total = splits.reduce((sum, name) => sum + (dataset.splits[name]?.rows ?? 0), 0);
    const labels = settings.overflow === 'pack' ? null : dataset.labels;
    const writer = createTokensWriter(outputs.tokens.path);
    const statistics: Record<string, JsonRecord> = {};
    let done = 0;
    try {
      for (const split of splits) {
        const encoder = createRowEncoder(tokenizer, {
          maxLength,
          overflow: settings.overflow,
          truncation: settings.truncation,
          stride: settings.stride,
          take: (example) => writer.add(split, example),
        });
        for await (const row of readRows(dataset, split)) {
          encoder.add(row);
          done++;
          if (done % progressStep === 0) {
            signal.throwIfAborted();
            progress({ done, total, unit: 'rows' });
          }
        }
        statistics[split] = encoder.finish();
      }
      const digest = createHash('sha256')
        .update(await readFile(join(source.path, 'tokenizer.json')))
        .digest('hex');
      const tokens = await writer.finish(
        {
          labels,
          maxLength,
          overflow: settings.overflow,
          vocabularySize: tokenizer.vocabularySize,
          specialTokens: tokenizer.specialTokenIds,
          tokenizerDigest: digest,
          statistics,
        },
        splits,
      );
      const shown = [
        'texts',
        'examples',
        'tokens',
        'median',
        'p95',
        'max',
        'share_truncated',
        'share_unknown',
      ];
      const figures = (name: string): Record<string, number> => flatten(statistics[name] ?? {});
      const unknown = Math.max(0, ...splits.map((name) => figures(name).share_unknown ?? 0));
      if (unknown > 0.05) {
        log.warning(
          `${(100 * unknown).toFixed(1)} % of the tokens are unknown: is this the right tokenizer for these texts?`,
        );
      }
      const examples = splits.reduce((sum, name) => sum + (tokens.splits[name]?.examples ?? 0), 0);
      const first = splits.includes('train') ? 'train' : splits[0];
      const head = first === undefined ? {} : figures(first);
      return {
        metrics: {
          examples,
          tokens: splits.reduce((sum, name) => sum + (tokens.splits[name]?.tokens ?? 0), 0),
          share_truncated: head.share_truncated ?? 0,
          share_unknown: head.share_unknown ?? 0,
        },
        summary: `${examples.toLocaleString('en')} examples, ${percent(head.share_truncated)} truncated, ${percent(head.share_unknown)} unknown tokens`,
        table: [
          ['split', ...shown],
          ...splits.map((name) => [
            name,
            ...shown.map((key) => Math.round((figures(name)[key] ?? 0) * 10_000) / 10_000),
          ]),
        ],
      };
    } catch (error) {
      writer.abort();
      throw error;
    }
  },
});

function tokenizerSource(
  model: InputArtifact | undefined,
  tokenizer: InputArtifact | undefined,
): InputArtifact {
  const source = tokenizer ?? model;
  if (source !== undefined && (tokenizer === undefined || model === undefined)) return source;
  throw new UserError({
    code: 'tokenizer/source',
    message:
      source === undefined
        ? 'tokenize is given no tokenizer'
        : 'tokenize is given both a model and a tokenizer',
    expected: 'in: { dataset: ..., model: ... } or in: { dataset: ..., tokenizer: ... }',
  });
}

/** The tokens that the model takes, or that the tokenizer's configuration allows. */
async function longestInput(folder: string, isModel: boolean, vocabularySize: number): Promise<number> {
  if (isModel) {
    const config = await readJsonFile(join(folder, 'config.json'));
    const rows = config.integer('vocab_size', { fallback: vocabularySize });
    if (rows < vocabularySize) {
      throw new UserError({
        code: 'tokenizer/vocabulary-size',
        message: "The tokenizer has more tokens than the model's embedding table has rows",
        found: `${vocabularySize} tokens, vocab_size: ${rows}`,
        file: config.file,
      });
    }
    return config.integer('max_position_embeddings', { fallback: defaultMaxLength });
  }
  try {
    const config = await readJsonFile(join(folder, 'tokenizer_config.json'));
    // Transformers writes 1e30 where there is no limit, which is a number but no integer that fits.
    return Math.min(
      config.number('model_max_length', { fallback: Number.MAX_SAFE_INTEGER }),
      Number.MAX_SAFE_INTEGER,
    );
  } catch (error) {
    if (error instanceof UserError) return Number.MAX_SAFE_INTEGER;
    throw error;
  }
}

function flatten(record: JsonRecord): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [name, value] of Object.entries(record)) {
    if (typeof value === 'number') result[name] = value;
    else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, figure] of Object.entries(value))
        if (typeof figure === 'number') result[inner] = figure;
    }
  }
  return result;
}

function percent(share: number | undefined): string {
  return `${(100 * (share ?? 0)).toFixed(1)} %`;
}
