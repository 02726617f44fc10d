/**
 * The single numbers of a bias audit, under the names that recipes use.
 */
import type { ConfidenceInterval } from '../metrics/bootstrap.js';
import type { BiasAudit } from './bias-audit.js';
import type { GroupGaps } from './group-gaps.js';

/** Figures by snake_case name, null where one is not defined, and the intervals of some of them. */
export interface AuditFigures {
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly intervals: Readonly<Record<string, ConfidenceInterval | null>>;
}

/**
 * The single numbers of an audit.
 *
 * - `maximum_flip_rate`, `maximum_demographic_parity_difference`, `maximum_equalized_odds_difference`: the worst of all
 * - for each swap group `NAME_flip_rate`, `NAME_mean_absolute_shift`, `NAME_maximum_absolute_shift`
 * - for each column or term list its gaps: `NAME_demographic_parity_difference`, `NAME_equalized_odds_ratio`, ...; where
 *   several classes were taken as positive one after the other, the worst of them, and then without an interval
 */
export function auditFigures(audit: BiasAudit): AuditFigures {
  const metrics: Record<string, number | null> = {
    maximum_flip_rate: greatest(audit.counterfactual.map((swaps) => swaps.metrics?.flipRate ?? null)),
    maximum_demographic_parity_difference: worstGap(audit, 'demographicParityDifference'),
    maximum_equalized_odds_difference: worstGap(audit, 'equalizedOddsDifference'),
  };
  const intervals: Record<string, ConfidenceInterval | null> = {};
  for (const { name, metrics: swaps } of audit.counterfactual) {
    const prefix = snakeCase(name);
    metrics[`${prefix}_flip_rate`] = swaps?.flipRate ?? null;
    metrics[`${prefix}_mean_absolute_shift`] = swaps?.meanAbsoluteShift ?? null;
    metrics[`${prefix}_maximum_absolute_shift`] = swaps?.maximumAbsoluteShift ?? null;
    if (swaps === null) continue;
    intervals[`${prefix}_flip_rate`] = swaps.intervals.flipRate;
    intervals[`${prefix}_mean_absolute_shift`] = swaps.intervals.meanAbsoluteShift;
  }
  for (const { name, comparisons } of audit.groups) {
    for (const gap of GAPS) {
      const figure = `${snakeCase(name)}_${snakeCase(gap)}`;
      const values = comparisons.map(({ gaps }) => gaps[gap]);
      metrics[figure] = gap.endsWith('Ratio') ? least(values) : greatest(values);
      const [only, ...others] = comparisons;
      const interval = others.length === 0 ? only?.gapIntervals[gap] : undefined;
      if (interval) intervals[figure] = interval;
    }
  }
  return { metrics, intervals };
}

const GAPS: readonly (keyof GroupGaps)[] = [
  'demographicParityDifference',
  'demographicParityRatio',
  'equalizedOddsDifference',
  'equalizedOddsRatio',
  'truePositiveRateDifference',
  'falsePositiveRateDifference',
  'accuracyDifference',
  'aurocDifference',
];

function worstGap(audit: BiasAudit, gap: keyof GroupGaps): number | null {
  return greatest(audit.groups.flatMap(({ comparisons }) => comparisons.map(({ gaps }) => gaps[gap])));
}

function greatest(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length > 0 ? Math.max(...defined) : null;
}

function least(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length > 0 ? Math.min(...defined) : null;
}

function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_');
}
