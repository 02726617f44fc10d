/**
 * Average precision: the area under the precision-recall curve, without interpolation.
 */
import { meanOfDefined } from './auroc.js';
import type { CheckedPredictions, Weights } from './predictions.js';
import { forEachRun, type Ranking } from './ranking.js';

/** Average precision of one class against the rest; all from 0 to 1. */
export interface AveragePrecision {
  /** Only with two classes: the value for the positive class, else null. */
  readonly binary: number | null;
  /** Per class, one against the rest; null where the class is absent. */
  readonly perClass: readonly (number | null)[];
  /** The mean over the classes that have a value; null when none has. */
  readonly macro: number | null;
  /** The mean weighted by the number of examples of each class. */
  readonly weighted: number | null;
}

/**
 * Average precision of every class against the rest, and for two classes of the positive one.
 *
 * AP = sum over distinct thresholds of (R_n - R_(n-1)) * P_n, the definition of scikit-learn's
 * `average_precision_score`. A class without an example has no recall: null here, 0 with a warning there.
 */
export function averagePrecision(
  predictions: CheckedPredictions,
  weights: Weights = predictions.unitWeights,
  positiveClass = 1,
): AveragePrecision {
  const perClass: (number | null)[] = [];
  const supports: number[] = [];
  for (let classIndex = 0; classIndex < predictions.classes; classIndex++) {
    const membership = predictions.membership(classIndex);
    perClass.push(rankingAveragePrecision(predictions.ranking(classIndex), membership, weights));
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

/** Average precision of one ranking; `isPositive` [size] holds 1 for positives. Null without positives. */
export function rankingAveragePrecision(
  ranking: Ranking,
  isPositive: Uint8Array,
  weights: Weights,
): number | null {
  let truePositives = 0;
  let selected = 0;
  let sum = 0;
  forEachRun(ranking, isPositive, weights, (positiveWeight, negativeWeight) => {
    truePositives += positiveWeight;
    selected += positiveWeight + negativeWeight;
    if (positiveWeight > 0) sum += positiveWeight * (truePositives / selected);
  });
  return truePositives > 0 ? sum / truePositives : null;
}
