/** The figures of several runs, and whether their differences could be chance. */
import type { Comparison, PredictionTest } from '../../comparison/compare-runs.js';
import { chooseFigures, leadingFigures } from '../../comparison/figure-choice.js';
import { drawChart } from '../chart.js';
import { figureName, formatCount, formatFigure, formatShare, intervalText } from '../figures.js';
import { html, type Markup } from '../html.js';
import { intervalSpec } from '../interval-chart.js';
import { type Section, section, table } from '../sections/section.js';
import { runBadge, runColor, runLetter } from './run-letters.js';
import { kindOfChange, signedFigure } from './runs.js';

/** Below this p value a difference is called significant. */
const significance = 0.05;

/** Charts of figures; more do not fit a glance. */
const mostCharts = 6;

/** Figures side by side, as charts and as a table. */
export async function figuresSection(comparison: Comparison): Promise<Section | undefined> {
  const { shown } = chooseFigures(comparison.figures, { all: false });
  if (shown.length === 0) return undefined;
  const drawn = shown.filter(({ intervals }) => intervals.some((interval) => interval !== undefined));
  const charts: Markup[] = [];
  for (const [index, { name, values, intervals }] of drawn.slice(0, mostCharts).entries()) {
    const points = values.flatMap((value, run) =>
      value === undefined
        ? []
        : [{ run: runLetter(run), color: runColor(run), value, ...boundsOf(intervals[run]) }],
    );
    charts.push(
      await drawChart(intervalSpec(points, 'run', figureName(name), { domain: 'free', color: 'color' }), {
        id: `figure${index}`,
        label: `${figureName(name)} of every run, with intervals`,
        width: 250,
        height: 26 * points.length + 10,
      }),
    );
  }
  const two = comparison.runs.length === 2;
  return section(
    'figures',
    'Figures',
    charts.length > 0
      ? 'Bars span the interval of each figure by itself; whether runs differ is tested below.'
      : undefined,
    html`${charts.length > 0 && html`<div class="row">${charts}</div>`}
${table(
  ['stage', 'figure', ...comparison.runs.map((_, index) => runBadge(index)), ...(two ? ['change'] : [])],
  shown.map(({ stage, name, values, intervals }) => [
    stage,
    figureName(name),
    ...values.map((value, index) => html`${formatFigure(value)}<br>${intervalText(intervals[index]) ?? ''}`),
    ...(two ? [changeCell(name, values)] : []),
  ]),
  { numeric: [...comparison.runs.map((_, index) => index + 2), ...(two ? [4] : [])] },
)}`,
  );
}

/** Every test of another run against the first. */
export async function testsSection(comparison: Comparison): Promise<Section | undefined> {
  const blocks: Markup[] = [];
  for (const [index, test] of comparison.tests.entries()) {
    blocks.push(await testBlock(test, comparison, `test${index}`));
  }
  if (blocks.length === 0) return undefined;
  return section(
    'tests',
    'Could it be chance?',
    `The same examples, judged by both. Bars are ${formatShare(comparison.confidence)} intervals of the difference (paired bootstrap, ${formatCount(comparison.resamples)} draws); those that do not reach 0 are unlikely to be chance.`,
    blocks,
  );
}

async function testBlock(test: PredictionTest, comparison: Comparison, id: string): Promise<Markup> {
  const title = html`<h3>${runBadge(test.second)} against ${runBadge(test.first)} <span class="from">${test.stage}.${test.port}</span></h3>`;
  if (test.same) return html`${title}<p class="lead">The predictions are the same, byte for byte.</p>`;
  const found = test.comparison;
  if (found === undefined) return html`${title}<p class="lead">They share no labelled example.</p>`;
  const { accuracy, differences } = found;
  const p = test.adjustedPValue ?? accuracy.pValue;
  const holm =
    p === accuracy.pValue
      ? ''
      : `, ${formatP(p)} after Holm's correction for ${comparison.tests.length} tests`;
  const better = accuracy.second > accuracy.first;
  const verdict =
    p < significance
      ? html`<strong class="${better ? 'good' : 'bad'}">${better ? 'better' : 'worse'}, and hardly by chance</strong>`
      : html`<strong>could be chance</strong>`;
  const names = leadingFigures.filter((name) => differences[name] !== undefined);
  const points = names.flatMap((name) => {
    const difference = differences[name];
    if (difference === undefined) return [];
    const { low, high, difference: value, pValue } = difference;
    const kind = kindOfChange(name, value);
    const color = pValue >= significance || kind === '' ? 'var(--muted)' : `var(--${kind})`;
    return [{ name: figureName(name), value, low, high, color }];
  });
  const chart =
    points.length === 0
      ? undefined
      : await drawChart(intervalSpec(points, 'name', 'difference', { domain: 'zero', color: 'color' }), {
          id,
          label: `Differences of the figures of run ${runLetter(test.second)} from run ${runLetter(test.first)}`,
          width: 330,
          height: 28 * points.length + 10,
        });
  const left = found.onlyInFirst + found.onlyInSecond;
  return html`${title}
<p>Accuracy ${formatFigure(accuracy.first)} → ${formatFigure(accuracy.second)} on ${formatCount(found.examples)} examples: ${verdict}.
<span class="from">McNemar's exact test: ${formatCount(accuracy.onlyFirst)} lost, ${formatCount(accuracy.onlySecond)} won, p ${formatP(accuracy.pValue)}${holm}${left > 0 ? `; ${formatCount(left)} examples are only in one of them` : ''}.</span></p>
<div class="columns"><div>${chart}</div><div>${
    names.length > 0 &&
    table(
      ['figure', 'difference', 'interval', 'p'],
      names.map((name) => {
        const one = differences[name];
        return [
          figureName(name),
          one === undefined ? '' : signedFigure(one.difference),
          one === undefined
            ? ''
            : html`<span class="interval">${signedFigure(one.low)} to ${signedFigure(one.high)}</span>`,
          one === undefined ? '' : pCell(one.pValue),
        ];
      }),
      { numeric: [1, 3] },
    )
  }</div></div>`;
}

function changeCell(name: string, [first, second]: readonly (number | undefined)[]): Markup {
  if (first === undefined || second === undefined) return html``;
  const change = second - first;
  return html`<span class="${kindOfChange(name, change)}">${signedFigure(change)}</span>`;
}

function boundsOf(interval: { readonly low: number; readonly high: number } | undefined): {
  readonly low?: number;
  readonly high?: number;
} {
  return interval === undefined ? {} : { low: interval.low, high: interval.high };
}

function pCell(value: number): Markup {
  return value < significance ? html`<b>${formatP(value)}</b>` : html`${formatP(value)}`;
}

function formatP(value: number): string {
  if (value < 1e-4) return '<0.0001';
  return value >= 0.1 ? value.toFixed(2) : value >= 0.01 ? value.toFixed(3) : value.toFixed(4);
}
