/**
 * Dynamic masking for masked language modelling (Devlin et al., "BERT", 2019, section 3.1; drawn anew in every epoch as
 * in Liu et al., "RoBERTa", 2019, section 4.1).
 *
 * Of the tokens of a sequence that are not special a fixed share is chosen; of the chosen ones 80 % are replaced by the
 * mask token, 10 % by a random token, and 10 % stay as they are.
 */
import type { Random } from '../data/random.js';

/** What masking needs to know of the vocabulary. */
export interface MaskingVocabulary {
  readonly size: number;
  /** Id of the mask token. */
  readonly mask: number;
  /** Ids that are never chosen: padding, separators, unknown. */
  readonly special: ReadonlySet<number>;
}

/** One masked sequence. */
export interface MaskedSequence {
  /** The ids that the model sees. */
  readonly inputIds: Int32Array;
  /** Chosen positions, rising. */
  readonly positions: readonly number[];
  /** The true ids at these positions. */
  readonly labels: readonly number[];
}

const MASK_SHARE = 0.8;
const RANDOM_SHARE = 0.1;

/**
 * How many of a sequence's tokens are chosen: the nearest whole number to the share, at least one where there is any.
 *
 * A fixed number instead of one coin per token, so that a batch's shape is known beforehand.
 */
export function maskedCount(tokens: number, probability: number): number {
  return tokens === 0 ? 0 : Math.min(tokens, Math.max(1, Math.round(tokens * probability)));
}

/** Masks one sequence. The same stream and sequence give the same masks. */
export function maskSequence(
  inputIds: Int32Array,
  probability: number,
  vocabulary: MaskingVocabulary,
  random: Random,
): MaskedSequence {
  const candidates: number[] = [];
  inputIds.forEach((id, position) => {
    if (!vocabulary.special.has(id)) candidates.push(position);
  });
  const count = maskedCount(candidates.length, probability);
  const positions = choose(candidates, count, random).sort((left, right) => left - right);
  const masked = Int32Array.from(inputIds);
  const labels: number[] = [];
  for (const position of positions) {
    labels.push(inputIds[position] ?? 0);
    const fate = random.next();
    if (fate < MASK_SHARE) masked[position] = vocabulary.mask;
    else if (fate < MASK_SHARE + RANDOM_SHARE) masked[position] = random.integer(vocabulary.size);
  }
  return { inputIds: masked, positions, labels };
}

/** The first `count` items of a random order. Reorders `items`. */
function choose(items: number[], count: number, random: Random): number[] {
  for (let index = 0; index < count; index++) {
    const chosen = index + random.integer(items.length - index);
    const item = items[chosen] ?? 0;
    items[chosen] = items[index] ?? 0;
    items[index] = item;
  }
  return items.slice(0, count);
}
