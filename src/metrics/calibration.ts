/**
 * Calibration: whether the probabilities mean what they say.
 */
import type { CheckedPredictions, Weights } from './predictions.js';

/** The examples whose confidence lies in one interval. */
export interface ReliabilityBin {
  /** The interval (lower, upper]; the first one also contains 0. */
  readonly lower: number;
  readonly upper: number;
  /** How many examples fall into it. */
  readonly count: number;
  /** Their mean confidence; null when there are none. */
  readonly meanConfidence: number | null;
  /** The share of them that is right; null when there are none. */
  readonly accuracy: number | null;
}

/** How far confidence and accuracy are apart. */
export interface Calibration {
  /** Mean |accuracy - confidence| over the bins, weighted by their counts; from 0 to 1. */
  readonly expectedCalibrationError: number;
  /** The largest |accuracy - confidence| of a bin that has examples; from 0 to 1. */
  readonly maximumCalibrationError: number;
  /** Mean squared error of the probabilities: with two classes from 0 to 1, with more summed over classes, 0 to 2. */
  readonly brierScore: number;
  /** The reliability table, one row for each bin, lowest confidence first. */
  readonly reliability: readonly ReliabilityBin[];
}

/** The number of bins of Guo et al. (2017). */
export const DEFAULT_CALIBRATION_BINS = 15;

/**
 * Expected and maximum calibration error and the reliability table over equal-width bins of confidence (the
 * probability of the predicted class), and the Brier score.
 *
 * Bin m of M is ((m-1)/M, m/M]. Sources: Guo et al., On Calibration of Modern Neural Networks (2017), equations 3 and 5;
 * Brier, Verification of forecasts expressed in terms of probability (1950), halved for two classes so that it is the
 * squared error of the positive class's probability (scikit-learn's `brier_score_loss`, `scale_by_half='auto'`).
 * Throws a RangeError when `bins` is not a positive whole number.
 */
export function calibration(
  predictions: CheckedPredictions,
  weights: Weights = predictions.unitWeights,
  bins: number = DEFAULT_CALIBRATION_BINS,
): Calibration {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`bins must be a whole number of at least 1, not ${bins}`);
  }
  const counts = new Float64Array(bins);
  const confidences = new Float64Array(bins);
  const corrects = new Float64Array(bins);
  let total = 0;
  let squaredError = 0;
  for (let example = 0; example < predictions.size; example++) {
    const weight = weights[example] ?? 0;
    if (weight === 0) continue;
    const confidence = predictions.confidence[example] ?? 0;
    const bin = binOf(confidence, bins);
    counts[bin] = (counts[bin] ?? 0) + weight;
    confidences[bin] = (confidences[bin] ?? 0) + weight * confidence;
    if (predictions.labels[example] === predictions.predicted[example]) {
      corrects[bin] = (corrects[bin] ?? 0) + weight;
    }
    total += weight;
    squaredError += weight * rowSquaredError(predictions, example);
  }

  let expected = 0;
  let maximum = 0;
  const reliability = Array.from({ length: bins }, (_, bin): ReliabilityBin => {
    const count = counts[bin] ?? 0;
    const range = { lower: bin / bins, upper: (bin + 1) / bins, count };
    if (count === 0) return { ...range, meanConfidence: null, accuracy: null };
    const meanConfidence = (confidences[bin] ?? 0) / count;
    const accuracy = (corrects[bin] ?? 0) / count;
    const gap = Math.abs(accuracy - meanConfidence);
    expected += (count / total) * gap;
    maximum = Math.max(maximum, gap);
    return { ...range, meanConfidence, accuracy };
  });
  return {
    expectedCalibrationError: expected,
    maximumCalibrationError: maximum,
    brierScore: total > 0 ? squaredError / total / (predictions.classes === 2 ? 2 : 1) : 0,
    reliability,
  };
}

function binOf(confidence: number, bins: number): number {
  let bin = Math.min(Math.max(Math.ceil(confidence * bins) - 1, 0), bins - 1);
  // The product above is rounded; the edges are not products, so correct by one bin where they disagree.
  if (bin > 0 && confidence <= bin / bins) bin -= 1;
  else if (bin < bins - 1 && confidence > (bin + 1) / bins) bin += 1;
  return bin;
}

function rowSquaredError(predictions: CheckedPredictions, example: number): number {
  let sum = 0;
  for (let classIndex = 0; classIndex < predictions.classes; classIndex++) {
    const target = predictions.labels[example] === classIndex ? 1 : 0;
    const difference = (predictions.probabilities[example * predictions.classes + classIndex] ?? 0) - target;
    sum += difference * difference;
  }
  return sum;
}
