/**
 * Precision, recall and F1: per class and averaged.
 */
import type { ConfusionMatrix } from './confusion-matrix.js';

/** Precision, recall and their harmonic mean; each from 0 to 1. */
export interface PrecisionRecallF1 {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** The values of one class, with the counts that they rest on. */
export interface ClassPrecisionRecallF1 extends PrecisionRecallF1 {
  /** How many examples truly belong to the class. */
  readonly support: number;
  /** How many examples were predicted as the class. */
  readonly predicted: number;
}

/** Precision, recall and F1 per class and averaged in the three usual ways. */
export interface AveragedPrecisionRecallF1 {
  readonly perClass: readonly ClassPrecisionRecallF1[];
  /** The plain mean over the classes that occur among the true or the predicted labels. */
  readonly macro: PrecisionRecallF1;
  /** From the sums over all classes; with one label per example all three equal accuracy. */
  readonly micro: PrecisionRecallF1;
  /** The mean weighted by support. */
  readonly weighted: PrecisionRecallF1;
}

/**
 * Precision, recall and F1 from a confusion matrix.
 *
 * Zero division is 0: the precision of a class that was never predicted, the recall of one that never occurs, and F1
 * when both are 0. A class that neither occurs nor is predicted does not enter the macro mean; one that is predicted
 * without occurring enters it with zeros. Both as in scikit-learn's `precision_recall_fscore_support` with its
 * default `labels` and `zero_division=0`.
 */
export function precisionRecallF1(confusion: ConfusionMatrix): AveragedPrecisionRecallF1 {
  const perClass = confusion.actual.map((support, index) => {
    const predicted = confusion.predicted[index] ?? 0;
    return { ...ratios(confusion.counts[index]?.[index] ?? 0, predicted, support), support, predicted };
  });
  const occurring = perClass.filter(({ support, predicted }) => support > 0 || predicted > 0);
  return {
    perClass,
    macro: mean(occurring, () => 1),
    micro: ratios(confusion.correct, confusion.total, confusion.total),
    weighted: mean(occurring, ({ support }) => support),
  };
}

function ratios(truePositives: number, predicted: number, actual: number): PrecisionRecallF1 {
  const sum = predicted + actual;
  return {
    precision: predicted > 0 ? truePositives / predicted : 0,
    recall: actual > 0 ? truePositives / actual : 0,
    f1: sum > 0 ? (2 * truePositives) / sum : 0,
  };
}

function mean(
  values: readonly ClassPrecisionRecallF1[],
  weightOf: (value: ClassPrecisionRecallF1) => number,
): PrecisionRecallF1 {
  let total = 0;
  let precision = 0;
  let recall = 0;
  let f1 = 0;
  for (const value of values) {
    const weight = weightOf(value);
    total += weight;
    precision += weight * value.precision;
    recall += weight * value.recall;
    f1 += weight * value.f1;
  }
  const divisor = total > 0 ? total : 1;
  return { precision: precision / divisor, recall: recall / divisor, f1: f1 / divisor };
}
