/** What runs cost: time, tokens. */
import type { Comparison } from '../../comparison/compare-runs.js';
import { drawChart } from '../chart.js';
import { formatCount } from '../figures.js';
import { html } from '../html.js';
import { type Section, section, table } from '../sections/section.js';
import { runBadge, runLetter } from './run-letters.js';

/** The section. */
export async function costsSection({ runs, costs }: Comparison): Promise<Section> {
  const seconds = costs.flatMap(({ computeMs, savedMs }, run) => [
    { run: runLetter(run), part: 'computed', seconds: (computeMs - savedMs) / 1000 },
    { run: runLetter(run), part: 'from the store', seconds: savedMs / 1000 },
  ]);
  const chart = await drawChart(
    {
      data: { values: seconds },
      mark: { type: 'bar', height: 16, cornerRadius: 2 },
      encoding: {
        y: {
          field: 'run',
          type: 'nominal',
          sort: null,
          axis: { title: null, ticks: false, domain: false, labelPadding: 10, labelColor: 'var(--ink)' },
        },
        x: { field: 'seconds', type: 'quantitative', axis: { title: 'seconds', tickCount: 5 } },
        color: {
          field: 'part',
          type: 'nominal',
          sort: null,
          scale: { domain: ['computed', 'from the store'], range: ['var(--c1)', 'var(--line)'] },
        },
      },
    },
    { id: 'costs', label: 'Seconds of every run, computed and from the store', height: 30 * runs.length },
  );
  const names = [...new Set(costs.flatMap(({ tokens }) => Object.keys(tokens)))];
  const rows = [
    ['computing all of it', ...costs.map(({ computeMs }) => duration(computeMs))],
    ['of that from the store', ...costs.map(({ savedMs }) => duration(savedMs))],
    [
      'the run itself',
      ...costs.map(({ durationMs }) => (durationMs === undefined ? '–' : duration(durationMs))),
    ],
    ...names.map((name) => [
      name.replace(/\.tokens$/, ': tokens'),
      ...costs.map(({ tokens }) => (tokens[name] === undefined ? '–' : formatCount(tokens[name]))),
    ]),
  ];
  return section(
    'cost',
    'Cost',
    'Time as it was when each result was made, whether in this run or before.',
    html`<div class="columns"><div>${chart}</div><div>${table(['', ...runs.map((_, index) => runBadge(index))], rows, { numeric: runs.map((_, index) => index + 1) })}</div></div>`,
  );
}

/** '2 min 24 s', '12.3 s'. */
function duration(milliseconds: number): string {
  if (milliseconds === 0) return '0 s';
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
