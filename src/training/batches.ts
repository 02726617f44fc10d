/**
 * Which examples go together in which batch, and in which order.
 */
import type { Random } from '../data/random.js';
import { bucketOf } from './buckets.js';

/** The examples of one step, and the shape they are brought to. */
export interface BatchPlan {
  /** Padded number of tokens. */
  readonly length: number;
  /** Rows of the batch; rows beyond `examples` are padding of weight 0. */
  readonly size: number;
  /** Indexes of the examples. */
  readonly examples: readonly number[];
}

/** How batches are formed. */
export interface BatchOptions {
  /** Tokens of each example. */
  readonly lengths: ArrayLike<number>;
  /** Padded lengths, rising (`bucketLengths`). */
  readonly buckets: readonly number[];
  /** Rows of a batch of the given padded length. */
  readonly sizeOf: (length: number) => number;
}

/**
 * The batches of one epoch of training.
 *
 * Examples are shuffled, put into the bucket of their length and cut into full batches; what is left of a bucket goes up
 * into the next longer one, so that only one batch is padded and, with one batch size, their number is
 * ceil(examples / size) whatever the lengths are. Then the batches are shuffled.
 *
 * @param random a stream of its own for this epoch: `random.fork('epoch-3')`.
 */
export function trainingBatches(options: BatchOptions, random: Random): readonly BatchPlan[] {
  const order = random.shuffle(Int32Array.from({ length: options.lengths.length }, (_, index) => index));
  return random.shuffle([...cut(order, options)]);
}

/** Batches for evaluation: every example once, in order of rising bucket, then of the data. */
export function evaluationBatches(options: BatchOptions): readonly BatchPlan[] {
  return cut(
    Array.from({ length: options.lengths.length }, (_, index) => index),
    options,
  );
}

/** The number of batches of an epoch; the same in every epoch. */
export function batchesPerEpoch(options: BatchOptions): number {
  return evaluationBatches(options).length;
}

/**
 * The parts of a batch that go through the model one after the other, where gradients are accumulated: as many as its examples
 * fill, all brought to the same shape.
 *
 * @param size rows of a part.
 */
export function partsOfBatch({ length, examples }: BatchPlan, size: number): readonly BatchPlan[] {
  return Array.from({ length: Math.ceil(examples.length / size) }, (_, part) => ({
    length,
    size,
    examples: examples.slice(part * size, (part + 1) * size),
  }));
}

function cut(order: ArrayLike<number> & Iterable<number>, options: BatchOptions): BatchPlan[] {
  const { lengths, buckets, sizeOf } = options;
  const members: number[][] = buckets.map(() => []);
  for (const example of order) members[bucketOf(lengths[example] ?? 0, buckets)]?.push(example);

  const batches: BatchPlan[] = [];
  let left: number[] = [];
  buckets.forEach((length, bucket) => {
    const size = sizeOf(length);
    const waiting = [...left, ...(members[bucket] ?? [])];
    const full = Math.floor(waiting.length / size);
    for (let index = 0; index < full; index++) {
      batches.push({ length, size, examples: waiting.slice(index * size, (index + 1) * size) });
    }
    left = waiting.slice(full * size);
  });
  // A token budget can give a longer bucket fewer rows than were left over; they then fill several batches above.
  if (left.length > 0) {
    const longest = Math.max(...left.map((example) => lengths[example] ?? 0));
    const length = buckets[bucketOf(longest, buckets)] ?? longest;
    batches.push({ length, size: sizeOf(length), examples: left });
  }
  return batches;
}
