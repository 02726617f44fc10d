/** The trials of a sweep: how the search went, and what each parameter did. */
import type { ComparedSweep, ComparedTrial } from '../../comparison/compared-sweep.js';
import { type ChartSpec, drawChart } from '../chart.js';
import { figureName, formatFigure, formatSettingNumber } from '../figures.js';
import { html, type Markup } from '../html.js';
import { type Section, section, table } from '../sections/section.js';

/** Rows of the table that are always visible. */
const firstRows = 12;

/** The section of all trials. */
export async function trialsSection(sweep: ComparedSweep): Promise<Section> {
  const { goal, trials, dimensions } = sweep;
  const figure = figureName(goal.metric);
  const charts = [
    await drawChart(progressSpec(sweep), {
      id: 'progress',
      label: `${figure} of every trial, and the best so far`,
      width: 380,
      height: 210,
    }),
  ];
  for (const [index, dimension] of dimensions.entries()) {
    charts.push(
      await drawChart(dimensionSpec(sweep, dimension), {
        id: `dimension${index}`,
        label: `${figure} by ${dimension.name}`,
        width: 380,
        height: 210,
      }),
    );
  }
  const states = [...new Set(trials.map(({ state }) => state))]
    .map((state) => `${trials.filter((trial) => trial.state === state).length} ${state}`)
    .join(', ');
  return section(
    'trials',
    'Trials',
    `${trials.length} trials (${states}), ${sweep.method === 'tpe' ? 'TPE' : sweep.method} search for the ${goal.mode === 'max' ? 'largest' : 'smallest'} ${figure} of ${goal.stage}. The best is marked.`,
    html`<div class="row">${charts}</div>${trialTable(sweep)}`,
  );
}

/** Trials, the best first; those without a value last. */
export function bestFirst({ goal, trials }: ComparedSweep): readonly ComparedTrial[] {
  const sign = goal.mode === 'max' ? -1 : 1;
  const order = ({ value }: ComparedTrial): number =>
    value === undefined ? Number.POSITIVE_INFINITY : sign * value;
  return trials.toSorted((a, b) => order(a) - order(b) || a.number - b.number);
}

function progressSpec(sweep: ComparedSweep): ChartSpec {
  const { goal, trials } = sweep;
  const better = goal.mode === 'max' ? Math.max : Math.min;
  let best: number | undefined;
  const points = trials.flatMap(({ number, value, state }) => {
    if (value === undefined) return [];
    // A stopped trial was measured with a smaller budget: it is no best one.
    if (state !== 'stopped') best = best === undefined ? value : better(best, value);
    return [{ number, value, kind: kindOf(sweep, number, state), ...(best === undefined ? {} : { best }) }];
  });
  const x = {
    field: 'number',
    type: 'quantitative',
    axis: { title: 'trial', grid: false, tickMinStep: 1 },
    scale: { zero: false, nice: false, padding: 10 },
  };
  const y = {
    type: 'quantitative',
    scale: { zero: false, nice: true },
    axis: { title: figureName(goal.metric), tickCount: 5 },
  };
  return {
    data: { values: points },
    layer: [
      {
        transform: [{ filter: 'isValid(datum.best)' }],
        mark: { type: 'line', interpolate: 'step-after', color: 'var(--muted)', strokeWidth: 1.5 },
        encoding: { x, y: { field: 'best', ...y } },
      },
      { mark: dotMark, encoding: { x, y: { field: 'value', ...y }, ...kindEncoding } },
    ],
  };
}

function dimensionSpec(sweep: ComparedSweep, { name, log }: ComparedSweep['dimensions'][number]): ChartSpec {
  const points = sweep.trials.flatMap(({ number, params, value, state }) =>
    value === undefined ? [] : [{ at: plain(params[name]), value, kind: kindOf(sweep, number, state) }],
  );
  const numeric = points.every(({ at }) => typeof at === 'number');
  const few = new Set(points.map(({ at }) => at)).size <= 8;
  const x =
    numeric && !(few && !log)
      ? {
          field: 'at',
          type: 'quantitative',
          scale: { type: log ? 'log' : 'linear', ...(!log && { zero: false }), nice: false, padding: 10 },
          axis: { title: name, grid: false, tickCount: 4, format: '~g' },
        }
      : { field: 'at', type: 'ordinal', axis: { title: name, labelAngle: 0 } };
  return {
    data: { values: points },
    mark: dotMark,
    encoding: {
      x,
      y: {
        field: 'value',
        type: 'quantitative',
        scale: { zero: false, nice: true },
        axis: { title: figureName(sweep.goal.metric), tickCount: 5 },
      },
      ...kindEncoding,
    },
  };
}

const dotMark = { type: 'circle', size: 70, opacity: 0.95 };

const kinds = ['best', 'done', 'stopped early'] as const;

const kindEncoding = {
  color: {
    field: 'kind',
    type: 'nominal',
    scale: { domain: kinds, range: ['var(--c2)', 'var(--c1)', 'var(--muted)'] },
  },
};

function kindOf({ best }: ComparedSweep, number: number, state: string): (typeof kinds)[number] {
  if (number === best) return 'best';
  return state === 'stopped' ? 'stopped early' : 'done';
}

function trialTable(sweep: ComparedSweep): Markup {
  const { goal, dimensions, budget, best } = sweep;
  const head = [
    'trial',
    ...dimensions.map(({ name }) => name),
    ...(budget === undefined ? [] : [budget]),
    figureName(goal.metric),
    'state',
  ];
  const rows = bestFirst(sweep).map((trial) => [
    trial.number === best ? html`<b class="badge run2">${trial.number}</b>` : String(trial.number),
    ...dimensions.map(({ name }) => html`<code>${shownValue(trial.params[name])}</code>`),
    ...(budget === undefined ? [] : [String(trial.runs.at(-1)?.budget ?? '')]),
    formatFigure(trial.value),
    trial.state,
  ]);
  const options = { numeric: [head.length - 2] };
  const rest = rows.slice(firstRows);
  return html`${table(head, rows.slice(0, firstRows), options)}${rest.length > 0 && html`<details><summary>${rest.length} more trials</summary>${table(head, rest, options)}</details>`}`;
}

/** Digits of a drawn number that matter to people. */
const shownDigits = 4;

function shownValue(value: unknown): string {
  return typeof value === 'number' ? formatSettingNumber(value, shownDigits) : String(plain(value));
}

/** A value of a dimension that a chart and a table can show. */
function plain(value: unknown): string | number {
  if (typeof value === 'number' || typeof value === 'string') return value;
  return value === undefined ? 'unset' : JSON.stringify(value);
}
