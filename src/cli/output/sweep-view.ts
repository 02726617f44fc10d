/** A sweep on the terminal: a line for every trial, a table of all of them, and how to run the best. */
import { relative } from 'node:path';
import { shortPath } from '../../diagnostics/short-path.js';
import { isObject } from '../../engine/foreign-data.js';
import type { SweepEvent } from '../../engine/run-sweep.js';
import type { SweepRecord, TrialRecord } from '../../engine/sweep-record.js';
import type { Json, JsonObject } from '../../plugin/stage-info.js';
import { countOf, formatDuration, formatNumber } from './format-value.js';
import { formatStart } from './run-list.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** One event in a line. */
export function sweepLine(event: SweepEvent, { colors }: Terminal): string {
  switch (event.event) {
    case 'sweep-started': {
      const trials = event.trials === undefined ? 'all of a grid' : countOf(event.trials, 'trial');
      return `${colors.bold(oneLine(event.sweep.name))}: ${aimOf(event.sweep)}, ${trials} ${colors.dim(`(sweep ${event.sweep.id})`)}`;
    }
    case 'trial-started': {
      const budget = event.budget === undefined ? '' : `, budget ${formatNumber(event.budget)}`;
      return `trial ${event.trial}: ${paramsLine(event.params)}${budget}`;
    }
    case 'trial-finished': {
      const { number, state, runs } = event.trial;
      const last = runs.at(-1);
      if (state === 'failed') {
        const { stage, message } = last?.failure ?? { message: 'it failed' };
        return `trial ${number} ${colors.red('failed')}: ${stage === undefined ? '' : `${oneLine(stage)}: `}${oneLine(message)}`;
      }
      if (state === 'cancelled') return `trial ${number} ${colors.yellow('cancelled')}`;
      const value = last?.value === undefined ? '' : formatNumber(last.value);
      const cached = last?.run === undefined ? ', cached' : '';
      const best = event.best === number ? ` ${colors.green('best so far')}` : '';
      return `trial ${number}: ${colors.bold(value)}${colors.dim(cached)}${best}`;
    }
    case 'sweep-finished':
      return '';
  }
}

/** A sweep of the store: what it looks for and how far it came, its trials, the best one. */
export function sweepView(sweep: SweepRecord, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const state = sweep.outcome === 'done' ? '' : `, ${sweep.outcome}`;
  return [
    `${colors.bold(oneLine(sweep.name))}: ${aimOf(sweep)}, ${countOf(sweep.trials.length, 'trial')}${state}`,
    sourceLine(sweep, terminal),
    '',
    ...formatSweep(sweep, terminal),
  ];
}

/** One trial of a sweep: what it tried, what came of it with every budget, and how to run the recipe with its values. */
export function trialView(sweep: SweepRecord, trial: TrialRecord, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const value =
    trial.value === undefined ? '' : `, ${oneLine(sweep.goal.metric)} ${formatNumber(trial.value)}`;
  const rows = trial.runs.flatMap(({ budget, metrics, run = 'cached' }) => {
    const lead = budget === undefined ? [] : [`budget ${formatNumber(budget)}`];
    const figures = Object.entries(metrics).map(([stage, all]) => [
      ...lead,
      oneLine(run),
      oneLine(stage),
      Object.entries(all)
        .map(([name, figure]) => `${oneLine(name)} ${formatNumber(figure)}`)
        .join(', '),
    ]);
    return figures.filter((row) => row.at(-1) !== '');
  });
  return [
    `${colors.bold(`trial ${trial.number} of ${oneLine(sweep.name)}`)}  ${stateOf(trial)}${value}`,
    sourceLine(sweep, terminal),
    paramsLine(trial.params),
    ...(rows.length === 0 ? [] : ['', ...formatTable(rows, { width: terminal.columns })]),
    '',
    commandOf(sweep, trial, terminal),
  ];
}

/** The table of the trials, the best one, and the command that runs the recipe with its values. */
export function formatSweep(record: SweepRecord, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const { goal, trials, stopping } = record;
  const names = Object.keys(record.space);
  const header = [
    'trial',
    ...names,
    ...(stopping === undefined ? [] : [stopping.param]),
    goal.metric,
    'time',
    'state',
  ];
  const rows = trials.map((trial) => [
    String(trial.number),
    ...names.map((name) => oneLine(formatJson(trial.params[name] ?? null))),
    ...(stopping === undefined ? [] : [formatNumber(trial.runs.at(-1)?.budget ?? 0)]),
    trial.value === undefined ? '' : formatNumber(trial.value),
    formatDuration(trial.runs.reduce((sum, { durationMs }) => sum + durationMs, 0)),
    stateOf(trial),
  ]);
  const best = trials.find(({ number }) => number === record.best);
  const isBest = (row: number): boolean => trials[row - 1]?.number === record.best;
  const lines = formatTable([header.map(oneLine), ...rows], {
    width: terminal.columns,
    right: [0, ...header.slice(1, -1).map((_, index) => index + 1)],
    paint: (cell, row) => (row === 0 ? colors.dim(cell) : isBest(row) ? colors.green(cell) : cell),
  });
  if (best === undefined) return [...lines, '', colors.red('No trial came to a value.')];
  return [
    ...lines,
    '',
    `Best: trial ${best.number}, ${oneLine(goal.metric)} ${formatNumber(best.value ?? Number.NaN)}.`,
    commandOf(record, best, terminal),
  ];
}

/** What runs the whole recipe with the values of a trial. */
function commandOf(sweep: SweepRecord, trial: TrialRecord, { directory }: Terminal): string {
  const budget = trial.runs.at(-1)?.budget;
  const { stopping, recipe, profile } = sweep;
  const values: JsonObject = {
    ...trial.params,
    ...(stopping === undefined || budget === undefined ? {} : { [stopping.param]: budget }),
  };
  const given = isObject(sweep.given) ? sweep.given : {};
  const all = (option: string, value: unknown): readonly string[] =>
    (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(
      (one) => `--${option} ${quoted(String(one))}`,
    );
  const words = [
    quoted(relative(directory, recipe) || recipe),
    ...all('profile', profile),
    ...all('params', given.params),
    ...all('seed', given.seed),
    ...all('runtime', given.runtime),
    ...all('set', given.set),
    ...Object.entries(values).map(([name, value]) => `--set ${quoted(`${name}=${formatJson(value)}`)}`),
  ];
  return `  roux run ${words.map(oneLine).join(' ')}`;
}

function aimOf({ method, goal }: SweepRecord): string {
  const end = goal.mode === 'max' ? 'largest' : 'smallest';
  return `${method} search for the ${end} ${oneLine(goal.metric)} of ${oneLine(goal.stage)}`;
}

function sourceLine({ id, recipe, startedAt }: SweepRecord, { colors, directory }: Terminal): string {
  return colors.dim(
    `sweep ${id} of ${oneLine(shortPath(recipe, directory))}, begun ${formatStart(startedAt)} UTC`,
  );
}

function stateOf({ state, runs }: TrialRecord): string {
  const failure = runs.at(-1)?.failure;
  if (state !== 'failed' || failure === undefined) return state;
  return oneLine(`failed: ${failure.message}`);
}

function paramsLine(params: JsonObject): string {
  return Object.entries(params)
    .map(([name, value]) => `${oneLine(name)} ${oneLine(formatJson(value))}`)
    .join(', ');
}

/** Numbers in full: they are what one would set. */
function formatJson(value: Json): string {
  if (typeof value === 'string') return value;
  const isSmall = typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3;
  return isSmall ? value.toExponential() : JSON.stringify(value);
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
