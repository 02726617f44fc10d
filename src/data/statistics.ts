/** Figures about lengths. */

/** Count, mean and quantiles of a list of whole numbers. */
export interface LengthSummary {
  readonly [name: string]: number;
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Summarizes lengths; sorts them in place. Quantiles are nearest ranks. All figures of an empty list are 0. */
export function lengthSummary(lengths: Int32Array): LengthSummary {
  lengths.sort();
  const quantile = (share: number): number =>
    lengths[Math.max(0, Math.ceil(share * lengths.length) - 1)] ?? 0;
  let sum = 0;
  for (const length of lengths) sum += length;
  const mean = lengths.length === 0 ? 0 : Math.round((sum / lengths.length) * 100) / 100;
  return {
    mean,
    median: quantile(0.5),
    p90: quantile(0.9),
    p95: quantile(0.95),
    p99: quantile(0.99),
    max: quantile(1),
  };
}
