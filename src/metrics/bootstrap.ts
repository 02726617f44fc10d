/**
 * Percentile bootstrap confidence intervals.
 */

/** The seeded generator that is handed in: every interval is reproducible. */
export interface RandomSource {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  next(): number;
  /** A whole number from 0 (inclusive) to `below` (exclusive). */
  integer(below: number): number;
}

/** How intervals are estimated. */
export interface BootstrapOptions {
  readonly random: RandomSource;
  /** How often the examples are drawn anew; default 1000. */
  readonly resamples?: number;
  /** The share of resamples that the interval covers, between 0 and 1; default 0.95. */
  readonly confidence?: number;
}

/** A confidence interval. */
export interface ConfidenceInterval {
  readonly low: number;
  readonly high: number;
  /** The resamples in which the statistic was defined; the interval rests on these. */
  readonly resamples: number;
}

/** Statistics by name; null where one is not defined. */
export type Statistics = Readonly<Record<string, number | null>>;

/** Intervals by the name of the statistic; null where too few resamples defined it. */
export type Intervals = Readonly<Record<string, ConfidenceInterval | null>>;

export const DEFAULT_RESAMPLES = 1000;
export const DEFAULT_CONFIDENCE = 0.95;

/** An interval is given only when the statistic was defined in at least this share of the resamples. */
export const MINIMUM_DEFINED_SHARE = 0.5;

/**
 * Percentile bootstrap intervals of several statistics at once.
 *
 * Each resample draws `size` of `size` examples with replacement and hands their counts [size] to `statistics`
 * (the array is reused: do not keep it). A statistic that is null in a resample (an AUROC without positives, say) does
 * not count there. The bounds are the quantiles at (1 - confidence) / 2 and (1 + confidence) / 2, linearly interpolated.
 * Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
 * Throws a RangeError when `size` or `resamples` is below 1 or `confidence` not between 0 and 1.
 */
export function bootstrapIntervals(
  size: number,
  statistics: (weights: Float64Array) => Statistics,
  options: BootstrapOptions,
): Intervals {
  const { random, resamples = DEFAULT_RESAMPLES, confidence = DEFAULT_CONFIDENCE } = options;
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be at least 1, not ${size}`);
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`resamples must be at least 1, not ${resamples}`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`confidence must lie between 0 and 1, not ${confidence}`);
  }

  const samples = new Map<string, number[]>();
  const weights = new Float64Array(size);
  for (let resample = 0; resample < resamples; resample++) {
    weights.fill(0);
    for (let draw = 0; draw < size; draw++) {
      const example = random.integer(size);
      weights[example] = (weights[example] ?? 0) + 1;
    }
    for (const [name, value] of Object.entries(statistics(weights))) {
      const values = samples.get(name) ?? [];
      if (value !== null) values.push(value);
      samples.set(name, values);
    }
  }

  const intervals: Record<string, ConfidenceInterval | null> = {};
  for (const [name, values] of samples) {
    if (values.length < resamples * MINIMUM_DEFINED_SHARE) {
      intervals[name] = null;
      continue;
    }
    const sorted = Float64Array.from(values).sort();
    intervals[name] = {
      low: quantile(sorted, (1 - confidence) / 2),
      high: quantile(sorted, (1 + confidence) / 2),
      resamples: values.length,
    };
  }
  return intervals;
}

/**
 * The quantile of sorted values, linearly interpolated between neighbours (numpy's default, type 7 of Hyndman and Fan).
 *
 * `sorted` ascending with at least one value; `level` from 0 to 1.
 */
export function quantile(sorted: ArrayLike<number>, level: number): number {
  const position = (sorted.length - 1) * level;
  const below = Math.floor(position);
  const lower = sorted[below];
  if (lower === undefined)
    throw new RangeError('a quantile needs at least one value and a level from 0 to 1');
  const upper = sorted[below + 1] ?? lower;
  return lower + (upper - lower) * (position - below);
}
