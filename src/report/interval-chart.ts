/** Dots with intervals, one row per category. */
import type { ChartSpec } from './chart.js';

/** A value with its interval, where one is known. */
export interface IntervalPoint {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** How the rows are drawn. */
export interface IntervalOptions {
  /**
   * `share`: from 0, no further than 1; `free`: what the points take; `zero`: a line at 0 that the points lie around.
   */
  readonly domain?: 'share' | 'free' | 'zero';
  /** The field of the points that holds their colour; all have the first colour without it. */
  readonly color?: string;
}

/** The least that a domain of shares spans, so that nothing does not look like much. */
const smallestShare = 0.05;

/** A chart of `points` with their `category` (a field) on the vertical axis. */
export function intervalSpec(
  points: readonly (IntervalPoint & Readonly<Record<string, unknown>>)[],
  category: string,
  title: string,
  options: IntervalOptions = {},
): ChartSpec {
  const { domain = 'share', color } = options;
  const largest = Math.max(smallestShare, ...points.map((point) => point.high ?? point.value));
  const scale =
    domain === 'share'
      ? { domain: [0, Math.min(1, largest * 1.05)], nice: true }
      : { zero: domain === 'zero', nice: true };
  const y = {
    field: category,
    type: 'nominal',
    sort: null,
    axis: {
      title: null,
      ticks: false,
      domain: false,
      labelPadding: 10,
      labelLimit: 260,
      labelColor: 'var(--ink)',
    },
  };
  const x = { type: 'quantitative', scale, axis: { title, tickCount: 4 } };
  const colored =
    color === undefined
      ? { color: { value: 'var(--c1)' } }
      : { color: { field: color, type: 'nominal', scale: null } };
  return {
    data: { values: points },
    layer: [
      ...(domain === 'zero'
        ? [
            {
              data: { values: [{ at: 0 }] },
              mark: { type: 'rule', strokeWidth: 1.2 },
              encoding: { x: { field: 'at', ...x } },
            },
          ]
        : []),
      {
        transform: [{ filter: 'isValid(datum.low)' }],
        mark: { type: 'rule', strokeWidth: 5, opacity: 0.3, strokeCap: 'round' },
        encoding: { y, x: { field: 'low', ...x }, x2: { field: 'high' }, ...colored },
      },
      {
        mark: { type: 'circle', size: 70, opacity: 1 },
        encoding: { y, x: { field: 'value', ...x }, ...colored },
      },
    ],
  };
}
