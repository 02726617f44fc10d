/** What a classifier is worth: figures with intervals, per label, confusion, reliability. */
import { drawChart } from '../chart.js';
import { figureName, formatCount, formatFigure, formatShare, intervalText } from '../figures.js';
import { html, type Markup } from '../html.js';
import { matrixAt, numberAt, recordAt, recordsAt, textAt, textsAt } from '../json-values.js';
import type { ReportMetrics } from '../report-content.js';
import { columns, type Section, section, table } from './section.js';

/** Types of metrics that have sections of their own. */
const elsewhere: readonly string[] = ['bias-audit', 'forgetting'];

/** Figures that are always visible; the others unfold. */
const firstFigures: readonly string[] = [
  'accuracy',
  'balanced_accuracy',
  'macro_f1',
  'mcc',
  'auroc',
  'average_precision',
  'log_loss',
  'expected_calibration_error',
  'loss',
  'perplexity',
];

/** Beyond this many labels a matrix can no longer be read. */
const mostMatrixLabels = 30;

/** The section with all metrics that have none of their own; nothing when there are none. */
export async function qualitySection(all: readonly ReportMetrics[]): Promise<Section | undefined> {
  const metrics = all.filter(({ file }) => !elsewhere.includes(file.type));
  if (metrics.length === 0) return undefined;
  const blocks: Markup[] = [];
  for (const [index, one] of metrics.entries()) blocks.push(await qualityBlock(one, index));
  if (metrics.length === 1) {
    return section('quality', 'Quality', undefined, html`<h3>${metrics[0]?.name}</h3>${blocks}`);
  }
  const folded = metrics.map(
    ({ name }, index) =>
      html`<details class="block"${index === 0 && html` open`}><summary>${name}</summary>${blocks[index]}</details>\n`,
  );
  return section('quality', 'Quality', undefined, html`${comparison(metrics)}${folded}`);
}

/** Figures that several measurements share, side by side. */
function comparison(metrics: readonly ReportMetrics[]): Markup {
  const shared = firstFigures.filter(
    (figure) => metrics.filter(({ file }) => typeof file.metrics[figure] === 'number').length > 1,
  );
  return table(
    ['', ...shared.map(figureName)],
    metrics.map(({ name, file }) => [
      name,
      ...shared.map(
        (figure) => html`${formatFigure(file.metrics[figure])}<br>${intervalText(file.intervals[figure])}`,
      ),
    ]),
    { numeric: shared.map((_, index) => index + 1) },
  );
}

async function qualityBlock({ file }: ReportMetrics, index: number): Promise<Markup> {
  const { details } = file;
  const examples = numberAt(details, 'examples');
  const positive = textAt(details, 'positive_label');
  const confidence = numberAt(recordAt(details, 'bootstrap'), 'confidence');
  const lead = [
    examples === undefined ? undefined : `${formatCount(examples)} examples`,
    positive === undefined ? undefined : `positive label ${positive}`,
    confidence === undefined ? undefined : `${formatShare(confidence)} bootstrap intervals`,
  ].filter((part) => part !== undefined);
  const visible = Object.keys(file.metrics).filter((metric) => firstFigures.includes(metric));
  const shown = visible.length > 0 ? visible : Object.keys(file.metrics);
  const rest = Object.keys(file.metrics).filter((metric) => !shown.includes(metric));
  return html`${lead.length > 0 ? html`<p class="lead">${lead.join(', ')}</p>` : ''}
${columns(
  html`${figureTable(file, shown)}${rest.length > 0 ? html`<details><summary>${rest.length} more figures</summary>${figureTable(file, rest)}</details>` : ''}`,
  confusion(details),
)}
${columns(perLabel(details), await reliability(details, `reliability${index}`))}`;
}

/** Figures with their intervals, the value also as a bar where it is a share. */
export function figureTable(file: ReportMetrics['file'], names: readonly string[]): Markup {
  const anyInterval = names.some((name) => file.intervals[name]);
  return table(
    ['figure', 'value', ...(anyInterval ? ['interval'] : [])],
    names.map((name) => [
      figureName(name),
      formatFigure(file.metrics[name]),
      ...(anyInterval ? [intervalText(file.intervals[name]) ?? ''] : []),
    ]),
    { numeric: [1] },
  );
}

function confusion(details: ReportMetrics['file']['details']): Markup | undefined {
  const counts = matrixAt(details, 'confusion_matrix');
  const labels = textsAt(details, 'labels');
  if (counts === undefined || labels.length !== counts.length) return undefined;
  if (labels.length > mostMatrixLabels) return mostConfused(counts, labels);
  return html`<h4>Confusion</h4><p class="lead">Rows are true labels, columns predicted ones; shades are shares of a row.</p>
<div class="scroll"><table class="confusion"><thead><tr><th></th>${labels.map((label) => html`<th scope="col"><span>${label}</span></th>`)}</tr></thead>
<tbody>${counts.map((row, actual) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return html`<tr><th scope="row">${labels[actual]}</th>${row.map((count, predicted) => {
      const share = total === 0 ? 0 : count / total;
      const kind = actual === predicted ? 'right' : 'wrong';
      return html`<td class="${kind} heat${Math.round(share * 10)}">${formatCount(count)}<small>${total === 0 ? '' : formatShare(share)}</small></td>`;
    })}</tr>\n`;
  })}</tbody></table></div>`;
}

/** Rows of the list that stands for a matrix that is too large. */
const confusedPairs = 15;

function mostConfused(counts: readonly (readonly number[])[], labels: readonly string[]): Markup {
  const pairs = counts
    .flatMap((row, actual) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      return row.map((count, predicted) => ({
        actual,
        predicted,
        count,
        share: total === 0 ? 0 : count / total,
      }));
    })
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort((a, b) => b.count - a.count || a.actual - b.actual || a.predicted - b.predicted)
    .slice(0, confusedPairs);
  return html`<h4>Most confused labels</h4>${table(
    ['true', 'predicted', 'examples', 'share of true'],
    pairs.map(({ actual, predicted, count, share }) => [
      labels[actual],
      labels[predicted],
      formatCount(count),
      formatShare(share),
    ]),
    { numeric: [2, 3] },
  )}`;
}

function perLabel(details: ReportMetrics['file']['details']): Markup | undefined {
  const rows = recordsAt(details, 'per_label');
  if (rows.length === 0) return undefined;
  const figures = ['precision', 'recall', 'f1', 'auroc', 'support'];
  return html`<h4>Per label</h4>${table(
    ['label', ...figures.map(figureName)],
    rows.map((row) => [
      textAt(row, 'label'),
      ...figures.map((figure) => formatFigure(numberAt(row, figure))),
    ]),
    { numeric: [1, 2, 3, 4, 5] },
  )}`;
}

async function reliability(
  details: ReportMetrics['file']['details'],
  id: string,
): Promise<Markup | undefined> {
  const bins = recordsAt(details, 'reliability').flatMap((bin) => {
    const confidence = numberAt(bin, 'mean_confidence');
    const accuracy = numberAt(bin, 'accuracy');
    const count = numberAt(bin, 'count');
    return confidence === undefined || accuracy === undefined || !count
      ? []
      : [{ confidence, accuracy, count }];
  });
  if (bins.length === 0) return undefined;
  const axis = (title: string): unknown => ({ title, format: '.1f', values: [0, 0.2, 0.4, 0.6, 0.8, 1] });
  const scale = { domain: [0, 1] };
  const chart = await drawChart(
    {
      layer: [
        {
          data: { values: [{ at: 0 }, { at: 1 }] },
          mark: { type: 'line', strokeDash: [4, 4], color: 'var(--muted)', strokeWidth: 1 },
          encoding: {
            x: { field: 'at', type: 'quantitative', scale, axis: axis('confidence') },
            y: { field: 'at', type: 'quantitative', scale, axis: axis('share that is right') },
          },
        },
        {
          data: { values: bins },
          mark: { type: 'rule', color: 'var(--c2)', strokeWidth: 2, opacity: 0.6 },
          encoding: {
            x: { field: 'confidence', type: 'quantitative' },
            y: { field: 'accuracy', type: 'quantitative' },
            y2: { field: 'confidence' },
          },
        },
        {
          data: { values: bins },
          mark: { type: 'circle', color: 'var(--c1)', opacity: 1 },
          encoding: {
            x: { field: 'confidence', type: 'quantitative' },
            y: { field: 'accuracy', type: 'quantitative' },
            size: {
              field: 'count',
              type: 'quantitative',
              scale: { range: [24, 500], zero: true },
              legend: null,
            },
          },
        },
      ],
    },
    {
      id,
      label: 'Reliability diagram: the share of right predictions by confidence',
      width: 330,
      height: 260,
    },
  );
  return html`<h4>Reliability</h4><p class="lead">On the dashed line confidence is what it says; larger dots hold more examples.</p>${chart}`;
}
