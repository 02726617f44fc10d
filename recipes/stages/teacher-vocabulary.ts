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
  version: 2,
  summary: "A tokenizer with the most frequent tokens of a teacher's",
  settings: Type.Object({
    vocabulary_size: Type.Integer({ default: 8192, minimum: 300, description: 'Most tokens.' }),
    prior: Type.Number({
      default: 0,
      minimum: 0,
      maximum: 1,
      description:
        "What the order of the teacher's vocabulary counts beside the texts; it must be sorted by frequency, as BERT's is.",
    }),
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
    const special = teacher.allSpecialIds;
    const ids = Array.from({ length: teacher.vocabularySize }, (_, id) => id).filter(
      (id) => !special.has(id) && isToken(teacher.token(id)),
    );
    const isCharacter = (id: number) => character.test(teacher.token(id) ?? '');
    const words = ids.filter((id) => !isCharacter(id));
    const shares = mixedFrequencies(words, inputIds, settings.prior);
    const frequent = words
      .filter((id) => (shares.get(id) ?? 0) > 0)
      .sort((a, b) => (shares.get(b) ?? 0) - (shares.get(a) ?? 0) || a - b);
    const tokens = [...specialTokens];
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

/** A token of Latin script, or a mark; the teacher has unused ones and single letters of many scripts besides. */
function isToken(token: string | undefined): boolean {
  return (
    token !== undefined && /^(##)?[!-~\u00a0-\u024f\u2010-\u20bf]+$/.test(token) && !/^\[.+\]$/.test(token)
  );
}

/**
 * How frequent each word is held to be: its share of the texts, mixed with what Zipf's law gives a word of its place in
 * the list, 1 / place (Zipf, "Human behavior and the principle of least effort", 1949).
 *
 * @param words ids, the most frequent first.
 */
function mixedFrequencies(
  words: readonly number[],
  inputIds: Int32Array,
  prior: number,
): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const id of inputIds) counts.set(id, (counts.get(id) ?? 0) + 1);
  const harmonic = words.reduce((sum, _, index) => sum + 1 / (index + 1), 0);
  return new Map(
    words.map((id, index) => {
      const inTexts = (counts.get(id) ?? 0) / Math.max(1, inputIds.length);
      return [id, (1 - prior) * inTexts + prior / harmonic / (index + 1)] as const;
    }),
  );
}

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
