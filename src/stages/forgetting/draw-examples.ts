/** Fewer examples of tokens, where measuring them all would take too long. */
import type { TokenSplit } from '../../artifacts/tokens.js';
import type { Random } from '../../data/random.js';

/** So many examples of a split, drawn without replacement, in the order of the split; all where it has no more. */
export function drawExamples(split: TokenSplit, limit: number | undefined, random: Random): TokenSplit {
  if (limit === undefined || split.examples <= limit) return split;
  const order = random.shuffle(Array.from({ length: split.examples }, (_, example) => example));
  const chosen = order.slice(0, limit).sort((first, second) => first - second);
  const offsets = new Int32Array(limit + 1);
  for (const [index, example] of chosen.entries()) {
    const [from = 0, to = 0] = split.offsets.subarray(example, example + 2);
    offsets[index + 1] = (offsets[index] ?? 0) + to - from;
  }
  const tokens = offsets[limit] ?? 0;
  const inputIds = new Int32Array(tokens);
  const tokenTypeIds = new Uint8Array(tokens);
  for (const [index, example] of chosen.entries()) {
    const [from, to] = split.offsets.subarray(example, example + 2);
    inputIds.set(split.inputIds.subarray(from, to), offsets[index]);
    tokenTypeIds.set(split.tokenTypeIds.subarray(from, to), offsets[index]);
  }
  const { labels } = split;
  return {
    split: split.split,
    examples: limit,
    inputIds,
    tokenTypeIds,
    offsets,
    labels: labels && Int32Array.from(chosen, (example) => labels[example] ?? 0),
    rows: Int32Array.from(chosen, (example) => split.rows[example] ?? 0),
  };
}
