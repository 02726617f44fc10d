/** Whether an exported model gives the logits of the trained one. */
import { UserError } from '../../artifacts/user-error.js';

/** Largest difference of logits between a trained model and its export with float32 weights. */
export const float32Tolerance = 1e-4;

/**
 * With float16 weights: so much of (1 + the largest logit). Rounding changes each weight by at most 2^-11 of it (0.05 %),
 * and errors of layers add up; a difference beyond 1 % means that the model does not bear it.
 */
export const float16Tolerance = 0.01;

/** The largest absolute difference. NaN when one of the numbers is NaN. */
export function largestDifference(one: readonly Float32Array[], other: readonly Float32Array[]): number {
  if (one.length !== other.length) return Number.NaN;
  let largest = 0;
  for (const [index, logits] of one.entries()) {
    const others = other[index];
    if (others?.length !== logits.length) return Number.NaN;
    for (let item = 0; item < logits.length; item++) {
      largest = Math.max(largest, Math.abs((logits[item] ?? Number.NaN) - (others[item] ?? Number.NaN)));
    }
  }
  return largest;
}

/** The largest absolute value; a model that gives infinite or undefined logits is a `UserError`. */
export function largestLogit(logits: readonly Float32Array[]): number {
  let largest = 0;
  for (const values of logits) for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (Number.isFinite(largest)) return largest;
  throw new UserError({
    code: 'export/not-finite',
    message: 'the model cannot be exported: some of its logits are infinite or not numbers',
    help: 'Its training diverged; train it again with a smaller learning rate.',
  });
}
