/**
 * Log loss, the mean cross-entropy of the true classes.
 */
import type { CheckedPredictions, Weights } from './predictions.js';

/**
 * The mean of -ln p(true class), in nats; at least 0.
 *
 * Probabilities are kept away from 0 and 1 by the machine epsilon of float64, so that a class that was given
 * probability 0 costs 36.04 nats instead of infinity, as in scikit-learn's `log_loss`.
 */
export function logLoss(predictions: CheckedPredictions, weights: Weights = predictions.unitWeights): number {
  let sum = 0;
  let total = 0;
  for (let example = 0; example < predictions.size; example++) {
    const weight = weights[example] ?? 0;
    if (weight === 0) continue;
    const label = predictions.labels[example] ?? 0;
    const probability = predictions.probabilities[example * predictions.classes + label] ?? 0;
    sum -= weight * Math.log(Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON));
    total += weight;
  }
  return total > 0 ? sum / total : 0;
}
