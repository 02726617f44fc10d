/**
 * Rates of groups and the gaps between them: demographic parity, equalized odds, and the spread of accuracy and AUROC.
 */
/**
 * The numbers of one group.
 *
 * Rates are from 0 to 1 and null where the group has no example to compute them from.
 */
export type GroupRates = {
  /** The share predicted as positive. */
  readonly selectionRate: number | null;
  /** The share of true positives that are predicted as positive (recall). */
  readonly truePositiveRate: number | null;
  /** The share of true negatives that are predicted as positive. */
  readonly falsePositiveRate: number | null;
  /** The share whose class (of all classes) is predicted. */
  readonly accuracy: number | null;
  /** Area under the ROC curve within the group. */
  readonly auroc: number | null;
  /** Area for the group's negatives against all other positives: low where the group is wrongly flagged (BPSN). */
  readonly backgroundPositiveAuroc: number | null;
  /** Area for the group's positives against all other negatives: low where the group is wrongly missed (BNSP). */
  readonly backgroundNegativeAuroc: number | null;
};

/** The name of a rate. */
export type RateName = keyof GroupRates;

/**
 * Differences (largest minus smallest, 0 is equal) and ratios (smallest by largest, 1 is equal); all from 0 to 1.
 *
 * Null where fewer than two groups have the rate, and for a ratio when every group's rate is 0.
 */
export type GroupGaps = {
  /** Of the selection rates. */
  readonly demographicParityDifference: number | null;
  readonly demographicParityRatio: number | null;
  /** The larger one of the differences of true positive and of false positive rates. */
  readonly equalizedOddsDifference: number | null;
  /** The smaller one of the two ratios; one that is null does not count. */
  readonly equalizedOddsRatio: number | null;
  readonly truePositiveRateDifference: number | null;
  readonly falsePositiveRateDifference: number | null;
  readonly accuracyDifference: number | null;
  readonly aurocDifference: number | null;
};

/**
 * The gaps between groups.
 *
 * Sources: Agarwal et al., A Reductions Approach to Fair Classification (2018), definitions 1 and 2, as measured by
 * Fairlearn's `demographic_parity_*` and `equalized_odds_*` with `agg='worst_case'` (which give NaN where this is null).
 */
export function gapsBetween(groups: readonly GroupRates[]): GroupGaps {
  const extremes = (rate: RateName) => {
    const values = groups.flatMap((group) => group[rate] ?? []);
    return values.length < 2 ? null : { low: Math.min(...values), high: Math.max(...values) };
  };
  const difference = (rate: RateName) => {
    const range = extremes(rate);
    return range && range.high - range.low;
  };
  const ratio = (rate: RateName) => {
    const range = extremes(rate);
    return range && range.high > 0 ? range.low / range.high : null;
  };
  const odds = ['truePositiveRate', 'falsePositiveRate'] as const;
  const oddsDifferences = odds.flatMap((rate) => difference(rate) ?? []);
  const oddsRatios = odds.flatMap((rate) => ratio(rate) ?? []);
  return {
    demographicParityDifference: difference('selectionRate'),
    demographicParityRatio: ratio('selectionRate'),
    equalizedOddsDifference: oddsDifferences.length > 0 ? Math.max(...oddsDifferences) : null,
    equalizedOddsRatio: oddsRatios.length > 0 ? Math.min(...oddsRatios) : null,
    truePositiveRateDifference: difference('truePositiveRate'),
    falsePositiveRateDifference: difference('falsePositiveRate'),
    accuracyDifference: difference('accuracy'),
    aurocDifference: difference('auroc'),
  };
}
