/** Stages and their results as text. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { shortPath, withShortPaths } from '../../diagnostics/short-path.js';
import type { RunRecord, RunStageRecord, StoredResult } from '../../engine/api.js';
import { formatNumber as formatSettingNumber } from '../../engine/reasons.js';
import type { Store } from '../../engine/store.js';
import { formatFailure } from './failure.js';
import { formatBytes, formatDuration, formatNumber } from './format-value.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** What `stageView` shows. */
export interface ShownStage {
  readonly run: RunRecord;
  readonly stage: RunStageRecord;
  readonly result: StoredResult | undefined;
  readonly store: Store;
  readonly logLines: number;
}

/** Numbers as plans and reasons print them, so that 3e-4 is the same text everywhere. */
function formatSetting(value: unknown): string {
  return typeof value === 'number' ? formatSettingNumber(value) : JSON.stringify(value);
}

/** One stage of a run: settings, inputs, figures, table, artifacts, log. */
export function stageView(shown: ShownStage, terminal: Terminal): readonly string[] {
  const { run, stage, result, store } = shown;
  const { colors } = terminal;
  const record = result?.record;
  const outcome = stage.outcome === 'hit' ? 'cached' : (stage.outcome ?? 'not run');
  const lines = [
    `${colors.bold(oneLine(stage.name))} (${oneLine(stage.type)})  ${outcome}${record === undefined ? '' : `, took ${formatDuration(record.durationMs)}`}`,
    colors.dim(`in run ${oneLine(run.id)} of ${oneLine(shortPath(run.recipe, terminal.directory))}`),
  ];
  if (record?.summary !== undefined) lines.push(oneLine(record.summary));
  const section = (title: string, content: readonly string[]): void => {
    if (content.length > 0) lines.push('', colors.bold(title), ...content.map((line) => `  ${line}`));
  };
  const pairs = (rows: readonly (readonly [string, string])[]): readonly string[] =>
    formatTable(
      rows.map(([name, value]) => [oneLine(name), oneLine(value)]),
      { width: terminal.columns - 2, paint: (cell, _, column) => (column === 0 ? colors.dim(cell) : cell) },
    );
  section(
    'settings',
    pairs(Object.entries(stage.settings).map(([name, value]) => [name, formatSetting(value)])),
  );
  section('inputs', pairs(Object.entries(stage.inputs).map(([port, written]) => [port, written.join(', ')])));
  section(
    'figures',
    pairs(
      Object.entries(record?.metrics ?? stage.metrics ?? {}).map(([name, value]) => [
        name,
        formatNumber(value),
      ]),
    ),
  );
  section('table', tableLines(record?.table ?? [], terminal));
  section(
    'artifacts',
    pairs(
      Object.entries(record?.outputs ?? {}).map(([port, artifact]) => [
        port,
        `${shortPath(store.artifactFolder(artifact.digest), terminal.directory)}  (${artifact.kind}, ${formatBytes(artifact.bytes)})`,
      ]),
    ),
  );
  section('warnings', (record?.warnings ?? []).map(oneLine));
  section(
    'log',
    logTail(shown).map((line) => colors.dim(oneLine(withShortPaths(line, terminal.directory)))),
  );
  if (stage.failure !== undefined) lines.push('', formatFailure(stage.name, stage.failure, terminal));
  if (result !== undefined && !result.complete) {
    lines.push('', colors.yellow('Some of its artifacts are gone; the next run makes them again.'));
  }
  return lines;
}

/** A stage's own table; figures flush right. */
export function tableLines(
  table: readonly (readonly (string | number)[])[],
  terminal: Terminal,
): readonly string[] {
  const rows = table.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : oneLine(cell))),
  );
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const right = Array.from({ length: columns }, (_, column) => column).filter((column) =>
    table.slice(1).every((row) => typeof (row[column] ?? 0) === 'number'),
  );
  return formatTable(rows, {
    width: terminal.columns - 2,
    right,
    paint: (cell, row) => (row === 0 ? terminal.colors.dim(cell) : cell),
  });
}

/** Bytes read from the end of a log; enough for any number of lines that people ask for. */
const logBytes = 262_144;

function logTail({ stage, result, logLines }: ShownStage): readonly string[] {
  if (logLines === 0) return [];
  const lines = stage.log === undefined ? undefined : readTail(stage.log);
  return (lines ?? result?.record.logTail ?? []).slice(-logLines);
}

/** The last lines of a text file, undefined when it cannot be read. */
function readTail(path: string): readonly string[] | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, logBytes));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8').split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return lines;
  } finally {
    closeSync(file);
  }
}
