/** The real inputs that an exported model is compared on. */

import { splitNames } from '../../artifacts/kinds.js';
import { openTokens, readTokens } from '../../artifacts/tokens.js';
import { loadTokenizer } from '../../data/tokenizer.js';
import type { Model } from '../../models/model.js';
import type { TokenSequence } from '../../models/predict.js';
import type { InputArtifact } from '../../plugin/define-stage.js';

/** Sequences that are compared; enough for every length and both ends of the data. */
const classifiedSequences = 64;
/** A masked language model gives a score for every word at every token, so few and short ones must do. */
const maskedSequences = 8;
const maskedTokens = 64;

/** For models without data at hand: of different lengths, with and without a second text. */
const sentences: readonly (readonly [string, string?])[] = [
  ['Thank you, the parcel arrived this morning.'],
  ['No.'],
  ['You have been selected! Reply within 24 hours to claim your free prize of 1,000 pounds, terms apply.'],
  ['Is the museum open on Sundays?', 'It opens at ten and closes at six, except in winter.'],
  [
    'The committee met on Thursday, discussed the budget for the coming year at length, and agreed to postpone it.',
  ],
  ['She repaired the old clock herself.', 'The clock was repaired.'],
  ['Rain is expected in the north; the south stays dry, with temperatures of up to 24 degrees.'],
];

/** Sequences of the wired tokens, spread over one split, or the built-in sentences. */
export async function checkInputs(
  model: Model,
  tokens: InputArtifact | undefined,
): Promise<readonly TokenSequence[]> {
  const masked = model.task === 'masked-language-modeling';
  const { maximumLength } = model.architecture.config;
  const maxLength = masked ? Math.min(maskedTokens, maximumLength) : maximumLength;
  const count = masked ? maskedSequences : classifiedSequences;
  const found = tokens === undefined ? [] : await sequencesOf(tokens, count);
  const sequences = found.length > 0 ? found : await sentencesFor(model, maxLength);
  return sequences.map(({ inputIds, tokenTypeIds }) => ({
    inputIds: inputIds.slice(0, maxLength),
    tokenTypeIds: tokenTypeIds.slice(0, maxLength),
  }));
}

interface Sequence {
  readonly inputIds: Int32Array;
  readonly tokenTypeIds: Uint8Array;
}

async function sequencesOf(input: InputArtifact, count: number): Promise<readonly Sequence[]> {
  const tokens = await openTokens(input.path);
  // Test data first: it is what the model has not seen.
  const split = [...splitNames]
    .reverse()
    .find(
      (name) => (input.part === undefined || name === input.part) && (tokens.splits[name]?.examples ?? 0) > 0,
    );
  if (split === undefined) return [];
  const { examples, offsets, inputIds, tokenTypeIds } = await readTokens(tokens, split);
  const taken = Math.min(count, examples);
  return Array.from({ length: taken }, (_, index) => {
    const example = Math.floor((index * examples) / taken);
    const [start, end] = [offsets[example], offsets[example + 1]];
    return { inputIds: inputIds.slice(start, end), tokenTypeIds: tokenTypeIds.slice(start, end) };
  });
}

async function sentencesFor(model: Model, maxLength: number): Promise<readonly Sequence[]> {
  if (model.tokenizer === null) throw new Error('a model without a tokenizer cannot be checked');
  const tokenizer = await loadTokenizer(model.tokenizer);
  const withPairs = model.architecture.config.typeVocabularySize > 1;
  return sentences.map(([text, pair]) => {
    const encoding = tokenizer.encode(text, withPairs ? pair : undefined, { maxLength });
    return {
      inputIds: Int32Array.from(encoding.inputIds),
      tokenTypeIds: Uint8Array.from(encoding.tokenTypeIds),
    };
  });
}
