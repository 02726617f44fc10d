/** What fine-tuning cost of the earlier task: before and after, and over the strengths of the penalty. */
import { drawChart } from '../chart.js';
import { figureName, formatFigure } from '../figures.js';
import { penaltyStrength, taskFigure } from '../forgetting-points.js';
import { html, type Markup } from '../html.js';
import type { ReportContent, ReportMetrics } from '../report-content.js';
import { type Section, section, table } from './section.js';

/** The section of all forgetting measurements; nothing when there is none. */
export async function forgettingSection(content: ReportContent): Promise<Section | undefined> {
  const measured = content.metrics.filter(({ file }) => file.type === 'forgetting');
  if (measured.length === 0) return undefined;
  return section(
    'forgetting',
    'Forgetting',
    'The earlier task before and after fine-tuning on the new one.',
    html`${beforeAndAfter(measured)}${await strengthChart(content, measured)}`,
  );
}

/** Figures with `_before` and `_after`, one row each, and their change. */
function beforeAndAfter(measured: readonly ReportMetrics[]): Markup {
  const rows = measured.flatMap(({ name, file }) =>
    Object.keys(file.metrics).flatMap((after) => {
      const figure = /^(.+)_after$/.exec(after)?.[1];
      const new_ = file.metrics[after];
      const old = figure === undefined ? undefined : file.metrics[`${figure}_before`];
      if (figure === undefined || typeof new_ !== 'number' || typeof old !== 'number') return [];
      return [[name, figureName(figure), formatFigure(old), formatFigure(new_), signed(new_ - old)]];
    }),
  );
  const summaries = measured.flatMap(({ name, file }) =>
    Object.entries(file.metrics)
      .filter(([figure]) => figure !== 'forgetting' && !/_(before|after|change)$/.test(figure))
      .map(([figure, value]) => [name, figureName(figure), formatFigure(value)]),
  );
  return html`${rows.length > 0 && table(['measured by', 'figure', 'before', 'after', 'change'], rows, { numeric: [2, 3, 4] })}
${summaries.length > 0 && table(['measured by', 'figure', 'value'], summaries, { numeric: [2] })}`;
}

/** Forgetting and the new task's figure over the strength of the penalty, where several were measured. */
async function strengthChart(
  content: ReportContent,
  measured: readonly ReportMetrics[],
): Promise<Markup | undefined> {
  const points = measured.flatMap((one) => {
    const strength = penaltyStrength(one, content.stages);
    const forgetting = one.file.metrics.forgetting;
    if (strength === undefined || typeof forgetting !== 'number') return [];
    return [{ strength, forgetting, task: taskFigure(one, content) }];
  });
  if (new Set(points.map(({ strength }) => strength)).size < 2) return undefined;
  const taskName = points.find(({ task }) => task !== undefined)?.task?.name;
  const long = points.flatMap(({ strength, forgetting, task }) => [
    { strength, value: forgetting, series: 'forgetting' },
    ...(task === undefined
      ? []
      : [{ strength, value: task.value, series: `${figureName(task.name)}, new task` }]),
  ]);
  const names = [...new Set(long.map(({ series }) => series))];
  // Strengths differ by orders of magnitude and plain fine-tuning has none: a logarithm that knows zero.
  const smallest = Math.min(...points.flatMap(({ strength }) => (strength > 0 ? [strength] : [])));
  const x = {
    field: 'strength',
    type: 'quantitative',
    scale: { type: 'symlog', constant: smallest },
    axis: {
      title: 'strength of the penalty',
      grid: false,
      values: [...new Set(long.map((p) => p.strength))],
    },
  };
  const chart = async (series: string, color: string, id: string): Promise<Markup> =>
    drawChart(
      {
        data: { values: long.filter((point) => point.series === series) },
        layer: [
          {
            mark: { type: 'line', strokeWidth: 2, color },
            encoding: {
              x,
              y: {
                field: 'value',
                aggregate: 'mean',
                type: 'quantitative',
                scale: { zero: false },
                axis: { title: series, tickCount: 5 },
              },
            },
          },
          {
            mark: { type: 'circle', size: 55, opacity: 0.9, color },
            encoding: { x, y: { field: 'value', type: 'quantitative', scale: { zero: false } } },
          },
        ],
      },
      { id, label: `${series} by strength of the penalty`, width: 380, height: 200 },
    );
  return html`<h4>By strength of the penalty</h4><p class="lead">At 0 there is no penalty. Forgetting is the rise of the earlier task's loss${taskName === undefined ? '' : `; beside it what the penalty costs the new task`}. Lines join means.</p>
<div class="row">${await Promise.all(names.map((series, index) => chart(series, `var(--c${index + 1})`, `strength${index}`)))}</div>`;
}

function signed(difference: number): string {
  return `${difference > 0 ? '+' : ''}${formatFigure(difference)}`;
}
