/**
 * The paired bootstrap: how much two systems differ on the same examples, and whether that could be chance.
 */
import {
  type BootstrapOptions,
  bootstrapIntervals,
  DEFAULT_RESAMPLES,
  type Statistics,
} from './bootstrap.js';

/** How the second system differs from the first in one statistic. */
export interface PairedDifference {
  /** Second less first, on all examples. */
  readonly difference: number;
  /** The percentile interval of the difference. */
  readonly low: number;
  readonly high: number;
  /** Two-sided; at least 2 / (resamples + 1), since a bootstrap can tell nothing smaller. */
  readonly pValue: number;
  /** The resamples in which the statistic was defined for both. */
  readonly resamples: number;
}

/**
 * Differences of statistics between two systems, by the statistic's name; those that are not defined are left out.
 *
 * Every resample draws `size` of `size` examples with replacement, the same for both systems; `statistics` is given how
 * often each was drawn [size] (the array is reused) and computes both. The p value is twice the smaller share of
 * resamples in which the difference is not above, or not below, 0, with one added to both counts so that it is never 0.
 * Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), sections 13.3 and 15.4 (the p value from the
 * achieved significance level of the percentile interval); Koehn, Statistical Significance Tests for Machine Translation
 * Evaluation, EMNLP 2004 (the same draw for both systems). Throws what `bootstrapIntervals` throws.
 */
export function pairedBootstrap(
  size: number,
  statistics: (weights: Float64Array) => readonly [first: Statistics, second: Statistics],
  options: BootstrapOptions,
): Readonly<Record<string, PairedDifference>> {
  const observed = differences(...statistics(new Float64Array(size).fill(1)));
  const notAbove = new Map<string, number>();
  const notBelow = new Map<string, number>();
  const count = (counts: Map<string, number>, name: string): void =>
    void counts.set(name, (counts.get(name) ?? 0) + 1);
  const intervals = bootstrapIntervals(
    size,
    (weights) => {
      const found = differences(...statistics(weights));
      for (const [name, difference] of Object.entries(found)) {
        if (difference === null) continue;
        if (difference <= 0) count(notAbove, name);
        if (difference >= 0) count(notBelow, name);
      }
      return found;
    },
    { resamples: DEFAULT_RESAMPLES, ...options },
  );
  return Object.fromEntries(
    Object.entries(observed).flatMap(([name, difference]) => {
      const interval = intervals[name];
      if (difference === null || !interval) return [];
      const extreme = Math.min(notAbove.get(name) ?? 0, notBelow.get(name) ?? 0);
      const pValue = Math.min(1, (2 * (extreme + 1)) / (interval.resamples + 1));
      return [[name, { difference, ...interval, pValue }]];
    }),
  );
}

function differences(first: Statistics, second: Statistics): Statistics {
  return Object.fromEntries(
    Object.entries(first).map(([name, value]) => {
      const other = second[name] ?? null;
      return [name, value === null || other === null ? null : other - value];
    }),
  );
}
