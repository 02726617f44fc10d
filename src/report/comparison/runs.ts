/** The runs themselves, and what was done differently. */
import type { Comparison } from '../../comparison/compare-runs.js';
import { chooseFigures, isBetterWhenSmaller, leadingFigures } from '../../comparison/figure-choice.js';
import { figureName, formatFigure, formatSettingNumber, intervalText } from '../figures.js';
import { type HtmlValue, html, type Markup } from '../html.js';
import { type Section, section, table } from '../sections/section.js';
import { runBadge } from './run-letters.js';

/** Differing settings named on a card; the table below has them all. */
const mostNamed = 2;

/** A card per run with the figure that counts, and what the run did differently. */
export function runCards({ runs, figures, differences }: Comparison, wanted?: string): Markup | undefined {
  const { shown } = chooseFigures(figures, { all: false });
  const inAll = shown.filter(({ values }) => values.every((value) => value !== undefined));
  const leading = leadingFigures.flatMap((name) => inAll.find((figure) => figure.name === name) ?? []);
  const figure =
    figures.find(({ stage, name }) => `${stage}.${name}` === wanted) ?? leading[0] ?? inAll[0] ?? shown[0];
  if (figure === undefined) return undefined;
  const [first] = figure.values;
  const named = differences.filter(({ what }) => what === 'setting').slice(0, mostNamed);
  return html`<div class="cards">${runs.map((run, index) => {
    const value = figure.values[index];
    const change = index === 0 || first === undefined || value === undefined ? undefined : value - first;
    return html`<div class="card"><div class="label">${runBadge(index)} ${figureName(figure.name)}</div>
<div class="value">${formatFigure(value)}${change !== undefined && html` <small class="${kindOfChange(figure.name, change)}">${signedFigure(change)}</small>`}</div>
<div class="note">${intervalText(figure.intervals[index]) ?? ''}</div>
<div class="note">${run.label}${named.map(({ name, values }) => html`<br>${name} ${settingCell(values[index])}`)}</div></div>\n`;
  })}</div>`;
}

/** Whether a figure's change is `good` or `bad`, as a class. */
export function kindOfChange(name: string, change: number): 'good' | 'bad' | '' {
  if (change === 0) return '';
  return change > 0 !== isBetterWhenSmaller(name) ? 'good' : 'bad';
}

/** Which runs they are. */
export function runsSection({ runs }: Comparison): Section {
  return section(
    'runs',
    'Runs',
    runs.length > 1 ? 'The others are measured by the first.' : undefined,
    table(
      ['', 'run', 'recipe', 'started', 'outcome'],
      runs.map((run, index) => [
        runBadge(index),
        run.label === run.id ? run.id : html`${run.label} <small>${run.id}</small>`,
        run.name + (run.profile === undefined ? '' : ` (profile ${run.profile})`),
        run.startedAt !== undefined &&
          html`<span class="when">${run.startedAt.slice(0, 16).replace('T', ' ')} UTC</span>`,
        run.outcome,
      ]),
    ),
  );
}

/** Settings, wiring and the like that are not the same in all runs. */
export function differencesSection({ runs, differences }: Comparison): Section {
  const rows = differences.map(({ stage, what, name, values }): readonly HtmlValue[] => [
    html`<b>${stage}</b>`,
    what === 'stage' ? '' : what === 'input' ? `in: ${name}` : name,
    ...values.map((value) => settingCell(value)),
  ]);
  return section(
    'differences',
    'What was done differently',
    undefined,
    rows.length === 0
      ? html`<p class="lead">Nothing: all settings, inputs and files are the same.</p>`
      : table(['stage', 'setting', ...runs.map((_, index) => runBadge(index))], rows),
  );
}

/** '+0.012', with a real minus. */
export function signedFigure(difference: number): string {
  return `${difference > 0 ? '+' : ''}${formatFigure(difference)}`;
}

function settingCell(value: unknown): Markup {
  if (value === undefined) return html`<span class="from">unset</span>`;
  if (typeof value === 'number') return html`<code>${formatSettingNumber(value)}</code>`;
  return html`<code>${typeof value === 'string' ? value : JSON.stringify(value)}</code>`;
}
