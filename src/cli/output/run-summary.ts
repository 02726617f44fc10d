/** The end of a run on the terminal: the stages, their figures, what was made, and what went wrong. */
import { withShortPaths } from '../../diagnostics/short-path.js';
import { formatFailure } from './failure.js';
import { countOf, formatDifference, formatDuration, formatNumber } from './format-value.js';
import type { RunLog, StageEnd } from './run-log.js';
import { formatTable } from './table.js';
import type { Colors, Terminal } from './terminal.js';
import { displayWidth, oneLine, padEnd } from './terminal-text.js';

/** What the summary needs besides the events. */
export interface SummaryOptions {
  /** Where the artifacts of kind `report` and `export` are: label and path, relative to the working folder. */
  readonly products: readonly { readonly stage: string; readonly path: string }[];
  /** Only the stages that ran and the figures that moved; for `watch`, where the rest was shown before. Default false. */
  readonly onlyChanges?: boolean;
}

/** The lines of the summary, without a line break at the end. */
export function formatRunSummary(log: RunLog, terminal: Terminal, options: SummaryOptions): string {
  const shown = options.onlyChanges === true ? log.stages.filter(hasChanged) : log.stages;
  const sections = [
    stageTable(shown, terminal),
    metricLines(shown, terminal),
    warningLines(log, terminal),
    options.products.map(({ stage, path }) => `${oneLine(stage)}: ${terminal.colors.cyan(oneLine(path))}`),
    log.stages.flatMap((stage) =>
      stage.failure === undefined ? [] : [formatFailure(stage.name, stage.failure, terminal)],
    ),
    [lastLine(log, terminal.colors)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** Warnings shown of one stage; more are for `roux show`. */
const mostWarnings = 4;

function warningLines({ stages, warnings }: RunLog, { colors, directory }: Terminal): readonly string[] {
  const sentence = (text: string): string => oneLine(withShortPaths(text, directory));
  const ofStore = warnings.filter(({ stage }) => stage === undefined);
  const ofStages = stages.flatMap(({ name }) => {
    const own = warnings.filter(({ stage }) => stage === name).map(({ message }) => sentence(message));
    const more = own.length - mostWarnings;
    const lead = `${colors.yellow('warning')} ${colors.bold(oneLine(name))}: `;
    return [
      ...own.slice(0, mostWarnings).map((message) => lead + message),
      ...(more > 0 ? [colors.dim(`... ${countOf(more, 'more warning')}: roux show ${oneLine(name)}`)] : []),
    ];
  });
  return [...ofStages, ...ofStore.map(({ message }) => `${colors.yellow('warning')} ${sentence(message)}`)];
}

/** The stage ran, or its figures are others than in the run before. */
function hasChanged({ outcome, record, previousMetrics }: StageEnd): boolean {
  return (
    outcome !== 'hit' ||
    (previousMetrics !== undefined &&
      Object.entries(record?.metrics ?? {}).some(([name, value]) => !Object.is(previousMetrics[name], value)))
  );
}

/** Lines of figures shown of one stage; more are for `roux show` and the report. */
const mostMetricLines = 2;

/** Metrics of the stages, one stage a line group; differences to the run before where there are some. */
export function metricLines(stages: readonly StageEnd[], terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const withMetrics = stages.filter((stage) => Object.keys(stage.record?.metrics ?? {}).length > 0);
  const nameWidth = Math.max(0, ...withMetrics.map((stage) => displayWidth(oneLine(stage.name))));
  return withMetrics.flatMap((stage) => {
    const before = stage.previousMetrics;
    const items = Object.entries(stage.record?.metrics ?? {}).map(([name, value]) => {
      const old = before?.[name];
      const difference =
        old === undefined || Object.is(old, value) ? undefined : formatDifference(value - old);
      const plain = `${oneLine(name)} ${formatNumber(value)}`;
      return difference === undefined
        ? { width: displayWidth(plain), text: `${colors.dim(oneLine(name))} ${formatNumber(value)}` }
        : {
            width: displayWidth(plain) + difference.length + 3,
            text: `${colors.dim(oneLine(name))} ${formatNumber(value)} (${colors.bold(difference)})`,
          };
    });
    const lines = flow(items, terminal.columns - nameWidth - 2);
    if (lines.length > mostMetricLines) {
      lines.splice(mostMetricLines, lines.length, colors.dim(`... all: roux show ${oneLine(stage.name)}`));
    }
    return lines.map(
      (line, index) => `${padEnd(index === 0 ? oneLine(stage.name) : '', nameWidth)}  ${line}`,
    );
  });
}

function stageTable(stages: readonly StageEnd[], terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  if (stages.length === 0) return [];
  const rows = stages.map((stage) => [
    oneLine(stage.name),
    stage.outcome === 'hit' ? 'cached' : stage.outcome === 'pending' ? 'not run' : stage.outcome,
    stage.outcome === 'done' && stage.record !== undefined ? formatDuration(stage.record.durationMs) : '',
    oneLine(
      withShortPaths(
        stage.record?.summary ??
          stage.failure?.message ??
          (stage.because === undefined ? '' : `needs ${stage.because}`),
        terminal.directory,
      ),
    ),
  ]);
  const paintState = (cell: string): string => {
    switch (cell.trim()) {
      case 'cached':
        return colors.cyan(cell);
      case 'done':
        return colors.green(cell);
      case 'failed':
        return colors.red(cell);
      default:
        return colors.yellow(cell);
    }
  };
  return formatTable([['stage', 'state', 'time', 'summary'], ...rows], {
    width: terminal.columns,
    right: [2],
    paint: (cell, row, column) => {
      if (row === 0) return colors.dim(cell);
      return column === 1 ? paintState(cell) : cell;
    },
  });
}

/** Puts items side by side, three blanks apart, on lines of at most `width` columns. */
function flow(items: readonly { readonly width: number; readonly text: string }[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const item of items) {
    if (used > 0 && used + 3 + item.width > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += used === 0 ? item.text : `   ${item.text}`;
    used += used === 0 ? item.width : item.width + 3;
  }
  if (used > 0) lines.push(line);
  return lines;
}

function lastLine(log: RunLog, colors: Colors): string {
  const { finished } = log;
  if (finished === undefined) return colors.yellow('The run did not finish.');
  const { counts } = finished;
  const took = formatDuration(finished.durationMs);
  const parts = [
    counts.done > 0 ? `${counts.done} done` : undefined,
    counts.hit > 0 ? `${counts.hit} cached` : undefined,
    counts.failed > 0 ? `${counts.failed} failed` : undefined,
    counts.skipped > 0 ? `${counts.skipped} skipped` : undefined,
    counts.cancelled > 0 ? `${counts.cancelled} cancelled` : undefined,
  ].filter((part) => part !== undefined);
  const all = `${countOf(log.stages.length, 'stage')}: ${parts.join(', ')} in ${took}`;
  if (finished.outcome === 'done') return colors.green(`✔ ${all}`);
  return finished.outcome === 'failed' ? colors.red(`✖ ${all}`) : colors.yellow(`■ interrupted; ${all}`);
}
