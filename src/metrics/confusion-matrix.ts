/**
 * The confusion matrix, from which all metrics of decisions are computed.
 */
import type { CheckedPredictions, Weights } from './predictions.js';

/** How often each true class was predicted as each class. */
export interface ConfusionMatrix {
  /** The number of classes. */
  readonly classes: number;
  /** [classes][classes]: rows are true classes, columns predicted ones (as in scikit-learn). */
  readonly counts: readonly (readonly number[])[];
  /** [classes] row sums: how many examples truly belong to each class. */
  readonly actual: readonly number[];
  /** [classes] column sums: how many examples were predicted as each class. */
  readonly predicted: readonly number[];
  /** The sum of the diagonal. */
  readonly correct: number;
  /** The sum of all cells. */
  readonly total: number;
}

/** Counts (or with weights: sums the weights of) every pair of true and predicted class. */
export function confusionMatrix(
  predictions: CheckedPredictions,
  weights: Weights = predictions.unitWeights,
): ConfusionMatrix {
  const { classes, size } = predictions;
  const flat = new Float64Array(classes * classes);
  for (let example = 0; example < size; example++) {
    const cell = (predictions.labels[example] ?? 0) * classes + (predictions.predicted[example] ?? 0);
    flat[cell] = (flat[cell] ?? 0) + (weights[example] ?? 0);
  }
  return confusionMatrixOf(
    Array.from({ length: classes }, (_, row) =>
      Array.from(flat.subarray(row * classes, (row + 1) * classes)),
    ),
  );
}

/** A confusion matrix from its cells, rows being true classes; the rows must be as long as there are rows. */
export function confusionMatrixOf(counts: readonly (readonly number[])[]): ConfusionMatrix {
  const classes = counts.length;
  const actual = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const predicted = Array.from({ length: classes }, (_, column) =>
    counts.reduce((sum, row) => sum + (row[column] ?? 0), 0),
  );
  return {
    classes,
    counts,
    actual,
    predicted,
    correct: counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0),
    total: actual.reduce((sum, count) => sum + count, 0),
  };
}
