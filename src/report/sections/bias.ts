/** How a classifier treats groups: counterfactual swaps, rates per group, gaps. */
import type { JsonRecord } from '../../formats/json.js';
import { drawChart } from '../chart.js';
import { figureName, formatCount, formatFigure, intervalText } from '../figures.js';
import { html, type Markup } from '../html.js';
import { intervalSpec } from '../interval-chart.js';
import { intervalAt, numberAt, recordAt, recordsAt, textAt, textsAt } from '../json-values.js';
import type { ReportMetrics } from '../report-content.js';
import { type Section, section, table } from './section.js';
import { changedWords } from './word-changes.js';

/** The section of all bias audits; nothing when there is none. */
export async function biasSection(all: readonly ReportMetrics[]): Promise<Section | undefined> {
  const audits = all.filter(({ file }) => file.type === 'bias-audit');
  if (audits.length === 0) return undefined;
  const blocks: Markup[] = [];
  for (const [index, audit] of audits.entries()) blocks.push(await auditBlock(audit, `bias${index}`));
  return section(
    'bias',
    'Bias',
    'What predictions do when only the words for a group change, and how rates differ between groups. Bars span bootstrap intervals.',
    blocks,
  );
}

async function auditBlock({ name, file }: ReportMetrics, id: string): Promise<Markup> {
  const { details } = file;
  const examples = numberAt(details, 'examples') ?? 0;
  const labelled = numberAt(details, 'labelled') ?? 0;
  const groups: Markup[] = [];
  const all = recordsAt(details, 'groups');
  const mentioned = all.filter((group) =>
    recordsAt(group, 'comparisons').some((comparison) => recordsAt(comparison, 'groups').length > 0),
  );
  for (const [index, group] of mentioned.entries()) groups.push(await groupBlock(group, `${id}g${index}`));
  const silent = all.filter((group) => !mentioned.includes(group)).map((group) => textAt(group, 'name'));
  return html`<h3>${name}</h3><p class="lead">${formatCount(examples)} texts, ${formatCount(labelled)} of them with a label</p>
${await swapBlock(recordsAt(details, 'counterfactual'), id)}
${groups}${silent.length > 0 && html`<p class="lead">No text mentions a group of: ${silent.join(', ')}.</p>`}`;
}

async function swapBlock(swaps: readonly JsonRecord[], id: string): Promise<Markup | undefined> {
  if (swaps.length === 0) return undefined;
  const rows = swaps.map((swap) => {
    const metrics = recordAt(swap, 'metrics');
    const intervals = recordAt(metrics, 'intervals');
    return { name: textAt(swap, 'name') ?? '', metrics, interval: intervalAt(intervals, 'flip_rate') };
  });
  const points = rows.flatMap(({ name, metrics, interval }) => {
    const value = numberAt(metrics, 'flip_rate');
    return value === undefined ? [] : [{ name, value, ...interval }];
  });
  const chart =
    points.length === 0
      ? undefined
      : await drawChart(intervalSpec(points, 'name', 'share of predictions that flip'), {
          id: `${id}swaps`,
          label: 'Share of predictions that flip, by swapped terms',
          width: 420,
          height: 34 * points.length + 10,
        });
  return html`<h4>Counterfactual swaps</h4>${table(
    ['swapped terms', 'texts', 'variants', 'flip rate', 'mean shift', 'largest shift'],
    rows.map(({ name, metrics, interval }) =>
      metrics === undefined
        ? [name, '0', '0', html`<em>no text contains a term</em>`, '', '']
        : [
            name,
            formatCount(numberAt(metrics, 'examples') ?? 0),
            formatCount(numberAt(metrics, 'variants') ?? 0),
            html`${formatFigure(numberAt(metrics, 'flip_rate'))} ${intervalText(interval) ?? ''}`,
            formatFigure(numberAt(metrics, 'mean_absolute_shift')),
            formatFigure(numberAt(metrics, 'maximum_absolute_shift')),
          ],
    ),
    { numeric: [1, 2, 3, 4, 5] },
  )}${chart}
${swaps.map(swapDetails)}`;
}

/** Directions shown of one list of terms. */
const mostDirections = 12;

function swapDetails(swap: JsonRecord): Markup | undefined {
  const name = textAt(swap, 'name') ?? '';
  const directions = recordsAt(recordAt(swap, 'metrics'), 'directions').slice(0, mostDirections);
  const worst = recordsAt(swap, 'worst');
  if (directions.length === 0 && worst.length === 0) return undefined;
  return html`<details><summary>${name}: directions and the texts that change most</summary>
${
  directions.length > 0 &&
  table(
    ['from', 'to', 'variants', 'flip rate', 'mean shift'],
    directions.map((direction) => [
      textAt(direction, 'from'),
      textAt(direction, 'to'),
      formatCount(numberAt(direction, 'variants') ?? 0),
      formatFigure(numberAt(direction, 'flip_rate')),
      html`${formatFigure(numberAt(direction, 'mean_shift'))} ${intervalText(intervalAt(direction, 'mean_shift_interval')) ?? ''}`,
    ]),
    { numeric: [2, 3, 4] },
  )
}
${worst.map(worstExample)}</details>`;
}

function worstExample(example: JsonRecord): Markup {
  const flipped = example.flipped === true;
  const words = changedWords(textAt(example, 'text') ?? '', textAt(example, 'changed_text') ?? '');
  const pair =
    textAt(example, 'text_pair') === undefined
      ? undefined
      : changedWords(textAt(example, 'text_pair') ?? '', textAt(example, 'changed_text_pair') ?? '');
  return html`<blockquote class="example"><p>${words}</p>${pair && html`<p>${pair}</p>`}
<footer>${textAt(example, 'predicted')} → ${textAt(example, 'changed_predicted')}${flipped ? html` <strong class="bad">flipped</strong>` : ''}, shift ${formatFigure(numberAt(example, 'shift'))}</footer></blockquote>\n`;
}

/** Rates of groups that are drawn, with what they are called. */
const rates: Readonly<Record<string, string>> = {
  selection_rate: 'selection rate',
  true_positive_rate: 'true positive rate',
  false_positive_rate: 'false positive rate',
};

async function groupBlock(group: JsonRecord, id: string): Promise<Markup> {
  const name = textAt(group, 'name') ?? '';
  const source = textAt(group, 'source') === 'column' ? 'column' : 'terms found in the text';
  const blocks: Markup[] = [];
  for (const [index, comparison] of recordsAt(group, 'comparisons').entries()) {
    blocks.push(await comparisonBlock(comparison, `${id}c${index}`));
  }
  return html`<h4>${name} <span class="from">${source}</span></h4>${blocks}`;
}

async function comparisonBlock(comparison: JsonRecord, id: string): Promise<Markup> {
  const positive = textAt(comparison, 'positive_label') ?? '';
  const groups = recordsAt(comparison, 'groups');
  const judged = groups.filter((group) => textsAt(group, 'too_small').length === 0);
  const points = judged.flatMap((group) =>
    Object.entries(rates).flatMap(([rate, title]) => {
      const value = numberAt(group, rate);
      return value === undefined
        ? []
        : [
            {
              group: textAt(group, 'group') ?? '',
              rate: title,
              value,
              ...intervalAt(recordAt(group, 'intervals'), rate),
            },
          ];
    }),
  );
  const charts: Markup[] = [];
  for (const [index, title] of Object.values(rates).entries()) {
    const some = points.filter((point) => point.rate === title);
    if (some.length === 0) continue;
    charts.push(
      await drawChart(intervalSpec(some, 'group', title), {
        id: `${id}r${index}`,
        label: `${title} by group`,
        width: 200,
        height: 26 * some.length + 10,
      }),
    );
  }
  return html`<p class="lead">Positive label: ${positive}</p>
${charts.length > 0 ? html`<div class="row">${charts}</div>` : ''}
${groupTable(groups)}${gapTable(comparison)}`;
}

function groupTable(groups: readonly JsonRecord[]): Markup {
  if (groups.length === 0) return html`<p class="lead">No text mentions a group.</p>`;
  return table(
    ['group', 'examples', 'positives', 'selection', 'TPR', 'FPR', 'accuracy', 'AUROC', ''],
    groups.map((group) => {
      const reasons = textsAt(group, 'too_small');
      return [
        textAt(group, 'group'),
        formatCount(numberAt(group, 'count') ?? 0),
        formatCount(numberAt(group, 'positives') ?? 0),
        ...['selection_rate', 'true_positive_rate', 'false_positive_rate', 'accuracy', 'auroc'].map((rate) =>
          formatFigure(numberAt(group, rate)),
        ),
        reasons.length > 0
          ? html`<span class="too-small">too small to judge</span> <small>${reasons.join('; ')}</small>`
          : '',
      ];
    }),
    { numeric: [1, 2, 3, 4, 5, 6, 7] },
  );
}

function gapTable(comparison: JsonRecord): Markup | undefined {
  const gaps = recordAt(comparison, 'gaps');
  const intervals = recordAt(comparison, 'gap_intervals');
  const compared = textsAt(comparison, 'compared');
  const names = Object.keys(gaps ?? {}).filter((name) => numberAt(gaps, name) !== undefined);
  if (compared.length < 2 || names.length === 0) {
    return html`<p class="lead">Fewer than two groups are large enough: there is no gap to judge.</p>`;
  }
  return html`<details open><summary>Gaps between ${compared.length} groups</summary>${table(
    ['gap', 'value', 'interval'],
    names.map((name) => [
      figureName(name),
      formatFigure(numberAt(gaps, name)),
      intervalText(intervalAt(intervals, name)) ?? '',
    ]),
    { numeric: [1] },
  )}</details>`;
}
