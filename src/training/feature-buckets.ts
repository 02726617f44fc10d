/** Sorting sequences into few padded lengths, for the features of a frozen prefix. */
import { checkLengths } from '../models/predict-batches.js';

/** Sequences that are padded to one length and run in batches of one size. */
export interface Bucket {
  /** Padded length, in tokens. */
  readonly length: number;
  /** Sequences in a batch. */
  readonly size: number;
  /** Indices of the sequences, rising. */
  readonly members: readonly number[];
}

/** How buckets are chosen. */
export interface BucketLimits {
  /** The longest sequence that the model takes. */
  readonly maximumLength: number;
  /** Most tokens of a batch, padding included; a single sequence may have more. */
  readonly batchTokens: number;
  /** Weights that multiply every token. */
  readonly denseWeights: number;
  /** Padded lengths are multiples of this or the model's longest; default 16. */
  readonly multiple?: number;
}

/** Keeps the number of shapes small where sequences are few. */
const defaultMultiple = 16;

/** A forward pass takes two operations a weight and token; compiling for one more length costs as much as so many. */
const compileOperations = 2e10;

/**
 * Puts sequences into buckets, shortest first.
 *
 * Beginning with one bucket for all, a shorter length is added as long as the padding that it saves is worth the
 * compilation. A sequence longer than the model takes is a `UserError`.
 */
export function planBuckets(lengths: readonly number[], limits: BucketLimits): readonly Bucket[] {
  const { maximumLength, batchTokens, denseWeights, multiple = defaultMultiple } = limits;
  const members = new Map<number, number[]>();
  checkLengths(lengths, maximumLength);
  lengths.forEach((length, index) => {
    const padded = Math.min(Math.max(1, Math.ceil(length / multiple)) * multiple, maximumLength);
    const own = members.get(padded);
    if (own === undefined) members.set(padded, [index]);
    else own.push(index);
  });
  const worthwhile = compileOperations / (2 * Math.max(1, denseWeights));
  const rising = [...members.keys()].sort((a, b) => a - b);
  const buckets: Bucket[] = [];
  let pending: number[] = [];
  rising.forEach((length, index) => {
    pending.push(...(members.get(length) ?? []));
    const longer = rising[index + 1];
    if (longer !== undefined && pending.length * (longer - length) < worthwhile) return;
    const size = Math.max(1, Math.min(Math.floor(batchTokens / length), pending.length));
    buckets.push({ length, size, members: pending.sort((a, b) => a - b) });
    pending = [];
  });
  return buckets;
}
