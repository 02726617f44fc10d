/**
 * A stage for this repository's own recipes: the part of a teacher's vocabulary that a text needs most.
 *
 * A student whose tokens are tokens of its teacher can take over the teacher's word embeddings, and both can read the same
 * ids, one in the other's numbering.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  defineStage,
  loadTokenizer,
  openTokens,
  readTokens,
  Type,
  UserError,
  writeWordPieceTokenizer,
} from 'roux';

/** Ids 0 to 4, as train-tokenizer has them. */
const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** One printable ASCII character, alone or within a word: with them every English word can be spelled. */
const character = /^(##)?[!-~]$/;

export default defineStage({
  type: 'teacher-vocabulary',
  version: 1,
  summary: "A tokenizer with the most frequent tokens of a teacher's",
  settings: Type.Object({
    vocabulary_size: Type.Integer({ default: 8192, minimum: 300, description: 'Most tokens.' }),
    max_length: Type.Integer({ default: 512, minimum: 1, description: 'Tokens that the model will take.' }),
  }),
  inputs: {
    teacher: { kind: 'model', description: 'A BERT with a lower-casing WordPiece tokenizer.' },
    tokens: { kind: 'tokens', description: "Text in the teacher's tokens." },
  },
  outputs: { tokenizer: { kind: 'tokenizer', description: 'The smaller tokenizer.' } },
  async run({ settings, inputs, outputs }) {
    await requireLowerCasing(inputs.teacher.path);
    const teacher = await loadTokenizer(inputs.teacher.path);
    const { inputIds } = await readTokens(await openTokens(inputs.tokens.path), 'train');
    const counts = new Float64Array(teacher.vocabularySize);
    for (const id of inputIds) counts[id] = (counts[id] ?? 0) + 1;
    const special = teacher.allSpecialIds;
    const tokens = [...specialTokens];
    const ids = Array.from(counts.keys()).filter((id) => !special.has(id) && teacher.token(id) !== undefined);
    const isCharacter = (id: number) => character.test(teacher.token(id) ?? '');
    const frequent = ids
      .filter((id) => !isCharacter(id) && (counts[id] ?? 0) > 0)
      .sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
    for (const id of [...ids.filter(isCharacter), ...frequent]) {
      if (tokens.length < settings.vocabulary_size) tokens.push(teacher.token(id) ?? '');
    }
    const known = new Set(tokens);
    let covered = 0;
    for (const id of inputIds) if (known.has(teacher.token(id) ?? '')) covered += 1;
    await writeWordPieceTokenizer(
      outputs.tokenizer.path,
      { tokens, specialTokens, lowercase: true, stripAccents: true, unknownWordShare: 0 },
      settings.max_length,
    );
    const share = covered / Math.max(1, inputIds.length);
    return {
      metrics: { vocabulary_size: tokens.length, covered_share: share },
      summary: `${tokens.length} of ${teacher.vocabularySize} tokens, ${(100 * share).toFixed(1)} % of the text`,
    };
  },
});

async function requireLowerCasing(folder: string): Promise<void> {
  const file = join(folder, 'tokenizer.json');
  const text = await readFile(file, 'utf8');
  if (/"type":\s*"WordPiece"/.test(text) && /"lowercase":\s*true/.test(text)) return;
  throw new UserError({
    message: "the teacher's tokenizer is no lower-casing WordPiece tokenizer",
    expected: 'a tokenizer as that of BERT uncased',
    file,
  });
}
