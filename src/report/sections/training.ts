/** How training went: losses and learning rates by step. */
import type { CurveRow } from '../../training/curve.js';
import { drawChart } from '../chart.js';
import { figureName, formatCount, formatFigure } from '../figures.js';
import { html, type Markup } from '../html.js';
import type { ReportCurve } from '../report-content.js';
import { columns, type Section, section } from './section.js';

/** More points than this only make the page larger: neighbours are averaged. */
const mostPoints = 300;

/** The section of all curves; nothing when there is none. */
export async function trainingSection(curves: readonly ReportCurve[]): Promise<Section | undefined> {
  const filled = curves.filter(({ rows }) => rows.length > 0);
  if (filled.length === 0) return undefined;
  const blocks: Markup[] = [];
  for (const [index, curve] of filled.entries()) blocks.push(await curveBlock(curve, `curve${index}`));
  return section('training', 'Training', undefined, blocks);
}

async function curveBlock({ name, rows }: ReportCurve, id: string): Promise<Markup> {
  const last = rows.at(-1);
  const losses = [
    ...series(rows, 'training loss', (row) => row.loss),
    ...series(rows, 'penalty', (row) => row.penalty),
    ...series(rows, 'validation loss', (row) => row.validation?.loss),
  ];
  const rates = series(rows, 'learning rate', (row) => row.learning_rate);
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.validation ?? {})))].filter(
    (figure) => figure !== 'loss' && rows.every((row) => isShare(row.validation?.[figure])),
  );
  const validation = figures.flatMap((figure) =>
    series(rows, figureName(figure), (row) => row.validation?.[figure]),
  );
  const summary = [
    last === undefined ? '' : `${formatCount(last.step)} steps, ${formatFigure(last.epoch)} epochs`,
    last?.loss === undefined ? '' : `last training loss ${formatFigure(last.loss)}`,
  ].filter((part) => part !== '');
  const charts = [
    losses.length > 0 && (await lineChart(losses, 'loss', `${id}a`, `Losses of ${name} by step`)),
    validation.length > 0 &&
      (await lineChart(validation, 'validation figures', `${id}b`, `Validation figures of ${name} by step`)),
    validation.length === 0 &&
      rates.length > 0 &&
      (await lineChart(rates, 'learning rate', `${id}c`, `Learning rate of ${name} by step`)),
  ];
  return html`<h3>${name}</h3><p class="lead">${summary.join('; ')}</p>${columns(...charts)}`;
}

/** A value of a series at a step. */
export interface Point {
  readonly step: number;
  readonly value: number;
  readonly series: string;
}

/** A series of a curve, averaged down to as many points as a chart can show. */
export function series(
  rows: readonly CurveRow[],
  name: string,
  value: (row: CurveRow) => number | undefined,
  most = mostPoints,
): readonly Point[] {
  const points = rows.flatMap((row) => {
    const figure = value(row);
    return figure === undefined ? [] : [{ step: row.step, value: figure, series: name }];
  });
  const chunk = Math.ceil(points.length / most);
  if (chunk <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / chunk) }, (_, index) => {
    const part = points.slice(index * chunk, (index + 1) * chunk);
    const mean = part.reduce((sum, point) => sum + point.value, 0) / part.length;
    return { step: part.at(-1)?.step ?? 0, value: mean, series: name };
  });
}

function isShare(value: number | undefined): boolean {
  return value === undefined || (value >= -1 && value <= 1);
}

/** Lines by step, one per series. */
export function lineChart(
  points: readonly Point[],
  title: string,
  id: string,
  label: string,
): Promise<Markup> {
  const names = [...new Set(points.map((point) => point.series))];
  // A series with few points (validation after each epoch) shows them; a long one is a line.
  const dotted = names.filter((name) => points.filter((point) => point.series === name).length <= 30);
  const color = {
    field: 'series',
    type: 'nominal',
    scale: { domain: names },
    ...(names.length === 1 && { legend: null }),
  };
  const encoding = {
    x: { field: 'step', type: 'quantitative', axis: { title: 'step', grid: false, tickMinStep: 1 } },
    y: {
      field: 'value',
      type: 'quantitative',
      axis: { title, tickCount: 5 },
      scale: { zero: false, nice: true },
    },
    color,
  };
  return drawChart(
    {
      data: { values: points },
      layer: [
        { mark: { type: 'line', strokeWidth: 2, interpolate: 'monotone' }, encoding },
        {
          transform: [{ filter: { field: 'series', oneOf: dotted } }],
          mark: { type: 'circle', size: 36, opacity: 1 },
          encoding,
        },
      ],
    },
    { id, label },
  );
}
