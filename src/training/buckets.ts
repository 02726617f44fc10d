/**
 * Length bucketing: the few padded lengths that sequences are brought to.
 *
 * Every length costs a trace, a session and the memory of its first step (some 0.4 s), and every padded token
 * costs a step's time, so the lengths are chosen to waste as few tokens as sixteen of them can.
 */

/** How bucket lengths are chosen. */
export interface BucketOptions {
  /** Padded lengths are multiples of this, or `maximumLength`. */
  readonly multiple: number;
  /** The longest sequence that the model takes. */
  readonly maximumLength: number;
  /** At most so many lengths. */
  readonly maximumBuckets: number;
  /** Padded tokens, out of those of `lengths`, that a further length must save to be worth compiling for. */
  readonly bucketCost: number;
}

/** Multiples of 4 leave two padded tokens an example; with batches of 8 or more, rows still fill the matrix kernels' vectors. */
export const defaultBucketOptions = { multiple: 4, maximumBuckets: 16 } as const;

/**
 * What a step for another length takes once, in seconds, and what two threads compute meanwhile. Measured: 0.23 s to compile the
 * quickstart's shape and 0.29 s MiniLM's at 32 x 32, and a first step that takes 0.11 s longer than later ones (quickstart's shape), in
 * which 139-159 GFLOP/s of matrix products are done (bench/first-step.ts, bench/train-profile.ts). More is taken, for the memory that
 * every further session holds.
 */
const COMPILE_SECONDS = 0.6;
const OPERATIONS_PER_SECOND = 160e9;
/** Forward and backward pass: two operations a weight and token forwards, four backwards. */
const OPERATIONS_PER_WEIGHT = 6;

/**
 * The tokens of one pass over the data that cost as much as compiling for one more length.
 *
 * @param weights parameters that multiply every token (all but embeddings).
 * @param passes how often the data is gone through.
 */
export function bucketCost(weights: number, passes: number): number {
  const tokens = (COMPILE_SECONDS * OPERATIONS_PER_SECOND) / (OPERATIONS_PER_WEIGHT * Math.max(1, weights));
  return tokens / Math.max(passes, Number.EPSILON);
}

/**
 * The padded lengths for sequences of these lengths, rising; the last one holds the longest sequence.
 *
 * Dynamic programming over all candidates finds, for each number of buckets, the lengths with the fewest padded tokens.
 * Throws a RangeError for an empty list or a sequence longer than the model takes.
 */
export function bucketLengths(lengths: ArrayLike<number>, options: BucketOptions): readonly number[] {
  const counts = countByPaddedLength(lengths, options);
  const candidates = [...counts.keys()].sort((left, right) => left - right);
  const total = candidates.map((length) => counts.get(length) ?? 0);

  // best[k][j]: fewest tokens when candidates 0..j are covered by k + 1 buckets, the last of which is candidate j.
  const cumulative = [0];
  for (const count of total) cumulative.push((cumulative.at(-1) ?? 0) + count);
  const between = (first: number, last: number) => (cumulative[last + 1] ?? 0) - (cumulative[first] ?? 0);
  const last = candidates.length - 1;
  let chosen: Cover[] = candidates.map((length, j) => ({
    tokens: between(0, j) * length,
    lengths: [length],
  }));
  let winner = chosen[last] as Cover;
  for (let buckets = 2; buckets <= Math.min(options.maximumBuckets, candidates.length); buckets++) {
    const previous = chosen;
    chosen = candidates.map((length, j) => {
      let best = previous[j] as Cover;
      for (let i = 0; i < j; i++) {
        const below = previous[i] as Cover;
        const tokens = below.tokens + between(i + 1, j) * length;
        if (tokens < best.tokens) best = { tokens, lengths: [...below.lengths, length] };
      }
      return best;
    });
    const cover = chosen[last] as Cover;
    if (winner.tokens - cover.tokens < options.bucketCost) break;
    winner = cover;
  }
  return winner.lengths;
}

/** The index of the smallest bucket that holds a sequence of this length. */
export function bucketOf(length: number, buckets: readonly number[]): number {
  const index = buckets.findIndex((bucket) => length <= bucket);
  if (index < 0)
    throw new RangeError(`no bucket of ${buckets.join(', ')} holds a sequence of ${length} tokens`);
  return index;
}

interface Cover {
  readonly tokens: number;
  readonly lengths: readonly number[];
}

function countByPaddedLength(lengths: ArrayLike<number>, options: BucketOptions): Map<number, number> {
  if (lengths.length === 0) throw new RangeError('there are no sequences to choose bucket lengths for');
  const counts = new Map<number, number>();
  for (let index = 0; index < lengths.length; index++) {
    const length = Math.max(1, lengths[index] ?? 0);
    if (length > options.maximumLength) {
      throw new RangeError(`a sequence of ${length} tokens is longer than ${options.maximumLength}`);
    }
    const padded = Math.min(Math.ceil(length / options.multiple) * options.multiple, options.maximumLength);
    counts.set(padded, (counts.get(padded) ?? 0) + 1);
  }
  return counts;
}
