/** Sorting sequences into batches, for forward passes. */
import { UserError } from '../artifacts/user-error.js';

/** Sequences that are run together. */
export interface PredictBatch {
  /** Padded length, in tokens, at least 1. */
  readonly length: number;
  /** Indices of the sequences. */
  readonly members: readonly number[];
}

/** How batches are formed. */
export interface BatchLimits {
  /** The longest sequence that the model takes. */
  readonly maximumLength: number;
  /** Most tokens of a batch, padding included; a single sequence may have more. */
  readonly batchTokens: number;
}

/**
 * Puts sequences into batches, shortest first, so that hardly any padding is computed. A sequence longer than the model
 * takes is a `UserError`.
 */
export function planPredictBatches(lengths: readonly number[], limits: BatchLimits): readonly PredictBatch[] {
  const { maximumLength, batchTokens } = limits;
  checkLengths(lengths, maximumLength);
  const lengthOf = (index: number) => Math.max(1, lengths[index] ?? 0);
  const rising = Array.from(lengths, (_, index) => index).sort((a, b) => lengthOf(a) - lengthOf(b));
  const batches: PredictBatch[] = [];
  let members: number[] = [];
  rising.forEach((index, position) => {
    members.push(index);
    const next = rising[position + 1];
    if (next !== undefined && (members.length + 1) * lengthOf(next) <= batchTokens) return;
    batches.push({ length: lengthOf(index), members });
    members = [];
  });
  return batches;
}

/** Throws a `UserError` that names the first sequence that is longer than the model takes. */
export function checkLengths(lengths: readonly number[], maximumLength: number): void {
  const tooLong = lengths.findIndex((length) => length > maximumLength);
  if (tooLong === -1) return;
  throw new UserError({
    code: 'model/too-long',
    message: `sequence ${tooLong + 1} is longer than the model can take`,
    found: `${lengths[tooLong]} tokens`,
    expected: `at most ${maximumLength}`,
    help: 'Cut texts off when they are tokenized (max_length).',
  });
}
