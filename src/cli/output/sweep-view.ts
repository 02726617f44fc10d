/** A sweep on the terminal: a line for every trial, a table of all of them, and how to run the best. */
import { relative } from 'node:path';
import type { SweepEvent } from '../../engine/run-sweep.js';
import type { SweepRecord, TrialRecord } from '../../engine/sweep-record.js';
import type { Json, JsonObject } from '../../plugin/stage-info.js';
import type { CheckedRecipe } from '../../recipe/checked-recipe.js';
import { countOf, formatDuration, formatNumber } from './format-value.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** One event in a line. */
export function sweepLine(event: SweepEvent, { colors }: Terminal): string {
  switch (event.event) {
    case 'sweep-started': {
      const { name, method, goal, id } = event.sweep;
      const trials = event.trials === undefined ? 'all of a grid' : countOf(event.trials, 'trial');
      return `${colors.bold(oneLine(name))}: ${method} search for the ${goal.mode === 'max' ? 'largest' : 'smallest'} ${oneLine(goal.metric)} of ${oneLine(goal.stage)}, ${trials} ${colors.dim(`(sweep ${id})`)}`;
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

/** The table of the trials, the best one, and the command that runs the recipe with its values. */
export function formatSweep(
  record: SweepRecord,
  recipe: Pick<CheckedRecipe, 'file'>,
  terminal: Terminal,
): readonly string[] {
  const { colors, directory } = terminal;
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
  const file = relative(directory, recipe.file) || recipe.file;
  const budget = best.runs.at(-1)?.budget;
  const values: JsonObject = {
    ...best.params,
    ...(stopping === undefined || budget === undefined ? {} : { [stopping.param]: budget }),
  };
  const set = Object.entries(values).map(
    ([name, value]) => `--set ${quoted(`${name}=${formatJson(value)}`)}`,
  );
  const profile = record.profile === undefined ? [] : [`--profile ${quoted(record.profile)}`];
  return [
    ...lines,
    '',
    `Best: trial ${best.number}, ${oneLine(goal.metric)} ${formatNumber(best.value ?? Number.NaN)}.`,
    `  roux run ${[quoted(file), ...profile, ...set].map(oneLine).join(' ')}`,
  ];
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
