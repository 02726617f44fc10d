/**
 * What the bias-audit stage writes.
 */
import { definedMetrics, type MetricsContent } from '../../artifacts/metrics.js';
import { auditFigures } from '../../fairness/audit-figures.js';
import type { BiasAudit } from '../../fairness/bias-audit.js';
import type { StageResult } from '../../plugin/define-stage.js';

/**
 * Lays an audit out.
 *
 * `details` of metrics.json: `examples`, `labelled`, `counterfactual` [{ name, metrics: { examples, variants, flip_rate,
 * mean_absolute_shift, maximum_absolute_shift, intervals, directions }, worst }] (metrics null where no text contains a
 * term), `groups` [{ name, source, comparisons: [{ positive_label, groups, compared, left_out, gaps, gap_intervals }] }].
 */
export function reportAudit(audit: BiasAudit): {
  readonly content: MetricsContent;
  readonly result: StageResult;
} {
  const { metrics, intervals } = auditFigures(audit);
  return {
    content: { type: 'bias-audit', metrics, intervals, details: audit },
    result: { metrics: definedMetrics(metrics), summary: summaryOf(audit), table: tableOf(audit) },
  };
}

/**
 * What a user should know even when all went well: what could not be judged. Groups that are too small are counted in one
 * warning; `details` and the report name them.
 */
export function auditWarnings(audit: BiasAudit): readonly string[] {
  const warnings = audit.counterfactual.flatMap(({ name, metrics }) =>
    metrics === null ? [`no text contains a term of '${name}': nothing is known about these swaps`] : [],
  );
  const tooSmall: string[] = [];
  const incomparable: string[] = [];
  for (const { name, source, comparisons } of audit.groups) {
    const [first] = comparisons;
    if (first === undefined) continue;
    const what = source === 'column' ? `column '${name}'` : `term list '${name}'`;
    if (first.groups.length === 0) warnings.push(`${what}: no text mentions a group`);
    // The classes that are positive in turn differ in which groups are too small; each group is named once.
    const leftOut = new Set(comparisons.flatMap((comparison) => comparison.leftOut));
    if (leftOut.size > 0) tooSmall.push(`${leftOut.size} of ${first.groups.length} of ${what}`);
    if (comparisons.every(({ compared }) => compared.length < 2)) incomparable.push(what);
  }
  const unjudged = [
    ...(tooSmall.length > 0 ? [`groups too small to judge: ${tooSmall.join(', ')}`] : []),
    ...(incomparable.length > 0
      ? [`fewer than two groups to compare, so no gap to measure: ${incomparable.join(', ')}`]
      : []),
  ];
  return unjudged.length > 0 ? [...warnings, unjudged.join('; ')] : warnings;
}

function summaryOf(audit: BiasAudit): string {
  const flips = audit.counterfactual.flatMap(({ name, metrics }) =>
    metrics === null ? [] : [`${name} ${percent(metrics.flipRate)}`],
  );
  const texts = `${audit.examples.toLocaleString('en-US')} texts`;
  return flips.length > 0 ? `${texts}; predictions that flip: ${flips.join(', ')}` : texts;
}

function tableOf(audit: BiasAudit): readonly (readonly (string | number)[])[] {
  const swaps = audit.counterfactual.flatMap(({ name, metrics }) =>
    metrics === null
      ? []
      : [
          [
            `swap ${name}`,
            `${metrics.variants} variants`,
            `flip rate ${percent(metrics.flipRate)}`,
            `mean shift ${metrics.meanAbsoluteShift.toFixed(4)}`,
          ],
        ],
  );
  const groups = audit.groups.flatMap(({ name, comparisons }) =>
    comparisons.map(({ positiveLabel, compared, groups: all, gaps }) => [
      `${name} -> ${positiveLabel}`,
      `${compared.length} of ${all.length} groups`,
      `parity difference ${figure(gaps.demographicParityDifference)}`,
      `odds difference ${figure(gaps.equalizedOddsDifference)}`,
    ]),
  );
  return [['what', 'from', 'first figure', 'second figure'], ...swaps, ...groups];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function figure(value: number | null): string {
  return value === null ? 'not known' : value.toFixed(4);
}
