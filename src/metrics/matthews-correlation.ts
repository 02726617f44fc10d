/**
 * Matthews' correlation coefficient for two or more classes.
 */
import type { ConfusionMatrix } from './confusion-matrix.js';

/**
 * The correlation between true and predicted classes; from -1 to 1, 0 for guessing.
 *
 * 0 when either side has one class only (where the formula divides by zero), as in scikit-learn.
 * Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient (2004), equation 8.
 */
export function matthewsCorrelation(confusion: ConfusionMatrix): number {
  const { total, correct, actual, predicted } = confusion;
  let agreement = 0;
  let actualSquares = 0;
  let predictedSquares = 0;
  for (let index = 0; index < confusion.classes; index++) {
    const actualCount = actual[index] ?? 0;
    const predictedCount = predicted[index] ?? 0;
    agreement += actualCount * predictedCount;
    actualSquares += actualCount * actualCount;
    predictedSquares += predictedCount * predictedCount;
  }
  const product = (total * total - actualSquares) * (total * total - predictedSquares);
  return product > 0 ? (correct * total - agreement) / Math.sqrt(product) : 0;
}
