/**
 * Accuracy and balanced accuracy.
 */
import type { ConfusionMatrix } from './confusion-matrix.js';

/** The share of examples whose class was predicted; from 0 to 1. */
export function accuracy(confusion: ConfusionMatrix): number {
  return confusion.total > 0 ? confusion.correct / confusion.total : 0;
}

/**
 * The mean recall of the classes that occur among the true labels; from 0 to 1.
 *
 * Classes without an example are left out, as in scikit-learn's `balanced_accuracy_score`.
 */
export function balancedAccuracy(confusion: ConfusionMatrix): number {
  let sum = 0;
  let present = 0;
  confusion.actual.forEach((support, index) => {
    if (support <= 0) return;
    sum += (confusion.counts[index]?.[index] ?? 0) / support;
    present += 1;
  });
  return present > 0 ? sum / present : 0;
}
