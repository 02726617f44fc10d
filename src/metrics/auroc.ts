/**
 * The area under the receiver operating characteristic.
 */
import type { CheckedPredictions, Weights } from './predictions.js';
import { forEachRun, type Ranking } from './ranking.js';

/** Areas under the curve of one class against the rest; all from 0 to 1. */
export interface Auroc {
  /** Only with two classes: the area for the positive class, else null. */
  readonly binary: number | null;
  /** Per class, one against the rest; null where the class, or every other class, is absent. */
  readonly perClass: readonly (number | null)[];
  /** The mean over the classes that have a value; null when none has. */
  readonly macro: number | null;
  /** The mean weighted by the number of examples of each class, over the classes that have a value. */
  readonly weighted: number | null;
}

/**
 * AUROC of every class against the rest, their macro and weighted means, and for two classes the usual binary one.
 *
 * Equal scores count half, as by the trapezoidal rule (and as in scikit-learn). A class without an example, or without
 * a counterexample, has no ROC curve: its value is null and it is left out of both means. scikit-learn gives NaN for
 * it, and for the means that contain it. Source: Fawcett, An introduction to ROC analysis (2006), algorithm 2 and section 8.
 */
export function auroc(
  predictions: CheckedPredictions,
  weights: Weights = predictions.unitWeights,
  positiveClass = 1,
): Auroc {
  const perClass: (number | null)[] = [];
  const supports: number[] = [];
  for (let classIndex = 0; classIndex < predictions.classes; classIndex++) {
    const membership = predictions.membership(classIndex);
    perClass.push(rankingAuroc(predictions.ranking(classIndex), membership, weights));
    let support = 0;
    for (let i = 0; i < membership.length; i++) if (membership[i] === 1) support += weights[i] ?? 0;
    supports.push(support);
  }
  return {
    binary: predictions.classes === 2 ? (perClass[positiveClass] ?? null) : null,
    perClass,
    macro: meanOfDefined(perClass),
    weighted: meanOfDefined(perClass, supports),
  };
}

/**
 * The probability that a random positive example has a higher score than a random negative one, equal scores
 * counting half; null without positives or without negatives.
 *
 * `isPositive` [size] holds 1 for positives; `ranking` may cover a part of the examples only.
 */
export function rankingAuroc(ranking: Ranking, isPositive: Uint8Array, weights: Weights): number | null {
  let positives = 0;
  let negatives = 0;
  let area = 0;
  forEachRun(ranking, isPositive, weights, (positiveWeight, negativeWeight) => {
    area += negativeWeight * (positives + positiveWeight / 2);
    positives += positiveWeight;
    negatives += negativeWeight;
  });
  return positives > 0 && negatives > 0 ? area / (positives * negatives) : null;
}

/** The weighted mean of the values that are not null; null when none is or all their weights are 0. */
export function meanOfDefined(
  values: readonly (number | null)[],
  weights?: readonly number[],
): number | null {
  let sum = 0;
  let total = 0;
  values.forEach((value, index) => {
    const weight = weights ? (weights[index] ?? 0) : 1;
    if (value === null) return;
    sum += weight * value;
    total += weight;
  });
  return total > 0 ? sum / total : null;
}
