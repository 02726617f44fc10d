/** Runs as a table. */
import type { RunRecord } from '../../engine/api.js';
import { formatDuration, formatNumber } from './format-value.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** What is shown besides the records. */
export interface RunListOptions {
  /** Run -> its names. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
  /** A figure, with or without the stage: `macro_f1`, `evaluate.macro_f1`. */
  readonly metric?: string;
}

/** Runs, one a line, in the given order. */
export function runList(
  runs: readonly RunRecord[],
  { tags, metric }: RunListOptions,
  terminal: Terminal,
): readonly string[] {
  const { colors } = terminal;
  if (runs.length === 0) return ['No run is like that.'];
  const anyTag = runs.some(({ id }) => tags.has(id));
  const rows = runs.map((run) => [
    oneLine(run.id),
    ...(anyTag ? [(tags.get(run.id) ?? []).map(oneLine).join(', ')] : []),
    formatStart(run.startedAt),
    run.outcome,
    run.durationMs === undefined ? '' : formatDuration(run.durationMs),
    countStages(run),
    ...(metric === undefined ? [] : [figureOf(run, metric)]),
    oneLine(run.name) + (run.profile === undefined ? '' : ` (profile ${oneLine(run.profile)})`),
  ]);
  const header = [
    'run',
    ...(anyTag ? ['tags'] : []),
    'started',
    'outcome',
    'time',
    'stages',
    ...(metric === undefined ? [] : [oneLine(metric)]),
    'recipe',
  ];
  const outcomeColumn = header.indexOf('outcome');
  return formatTable([header, ...rows], {
    width: terminal.columns,
    right: [header.indexOf('time'), ...(metric === undefined ? [] : [header.length - 2])],
    paint: (cell, row, column) => {
      if (row === 0) return colors.dim(cell);
      if (column === outcomeColumn) {
        const outcome = cell.trim();
        if (outcome === 'done') return colors.green(cell);
        return outcome === 'failed' ? colors.red(cell) : colors.yellow(cell);
      }
      return anyTag && column === 1 ? colors.cyan(cell) : cell;
    },
  });
}

/** '2026-01-31 09:15', in UTC as identifiers are. */
export function formatStart(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

function countStages({ stages }: RunRecord): string {
  const ran = stages.filter(({ outcome }) => outcome === 'done').length;
  const cached = stages.filter(({ outcome }) => outcome === 'hit').length;
  const rest = stages.length - ran - cached;
  return [
    ran > 0 ? `${ran} run` : '',
    cached > 0 ? `${cached} cached` : '',
    rest > 0 ? `${rest} not done` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function figureOf({ stages }: RunRecord, metric: string): string {
  const values = stages.flatMap(({ name, metrics }) => {
    const stageAlone = metric.startsWith(`${name}.`) ? metric.slice(name.length + 1) : undefined;
    const value = metrics?.[metric] ?? (stageAlone === undefined ? undefined : metrics?.[stageAlone]);
    return value === undefined ? [] : [value];
  });
  return values.map(formatNumber).join(', ');
}
