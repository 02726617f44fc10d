/** A run as lines of text without control codes, for CI, pipes and files. */
import { withShortPaths } from '../../diagnostics/short-path.js';
import type { RunEvent } from '../../engine/events.js';
import { countOf, formatDuration, formatProgress } from './format-value.js';
import { plainReason } from './plan-table.js';
import { goingOn, type TextRenderer } from './renderer.js';
import { storedPart } from './stored-part.js';
import type { Terminal } from './terminal.js';
import { oneLine, padEnd, padStart } from './terminal-text.js';
import { TimeLeft } from './time-left.js';

/** Progress of one stage is printed at most once in this many milliseconds. */
const progressInterval = 10_000;

/** The first report of progress is printed this early, to show that something moves. */
const firstProgress = 2_000;

/**
 * Prints a line for every event that a reader of a log wants, each with the seconds since the run began.
 *
 * Stages whose result was there before anything ran are counted in one line; the table at the end names them.
 */
export function createPlainRenderer(terminal: Terminal): TextRenderer {
  let nameWidth = 0;
  let firstHits = 0;
  let anyStarted = false;
  const timesLeft = new Map<string, TimeLeft>();
  const nextProgress = new Map<string, number>();

  const line = (time: number, stage: string | undefined, text: string): void => {
    const stamp = terminal.colors.dim(padStart(`${(time / 1000).toFixed(1)}s`, 8));
    terminal.print(
      stage === undefined ? `${stamp}  ${text}` : `${stamp}  ${padEnd(oneLine(stage), nameWidth)}  ${text}`,
    );
  };

  const sentence = (text: string): string => oneLine(withShortPaths(text, terminal.directory));

  const describe = (event: RunEvent): string | undefined => {
    const { colors } = terminal;
    switch (event.event) {
      case 'run-started': {
        nameWidth = Math.max(0, ...event.stages.map((stage) => oneLine(stage.name).length));
        const profile = event.profile === undefined ? '' : ` (profile ${oneLine(event.profile)})`;
        return `${colors.bold(oneLine(event.recipe))}${profile}`;
      }
      case 'stage-hit':
        if (!anyStarted) {
          firstHits += 1;
          return undefined;
        }
        return `${colors.cyan('cached')}${colors.dim(tail(event.record.summary))}`;
      case 'stage-waiting-for-process':
        return `waiting: process ${event.pid} is making the same result right now`;
      case 'stage-started': {
        const reasons = event.reasons.map(plainReason).join('; ');
        const how = goingOn(event) ?? 'started';
        nextProgress.set(event.stage, event.time + firstProgress);
        timesLeft.set(event.stage, new TimeLeft());
        return `${how}${reasons === '' ? '' : colors.dim(` (${reasons})`)}`;
      }
      case 'stage-progress': {
        const left = timesLeft.get(event.stage)?.update(event.time, event.progress);
        if (event.time < (nextProgress.get(event.stage) ?? 0)) return undefined;
        nextProgress.set(event.stage, event.time + progressInterval);
        const eta = left === undefined ? '' : `, ${formatDuration(left)} left`;
        return `${oneLine(formatProgress(event.progress))}${eta}`;
      }
      case 'stage-log':
        return event.level === 'warning'
          ? `${colors.yellow('warning:')} ${sentence(event.message)}`
          : sentence(event.message);
      case 'stage-done': {
        const same = event.sameAsBefore ? ', the same result as before' : '';
        const took = `in ${formatDuration(event.record.durationMs)}${same}`;
        return `${colors.green('done')} ${took}${tail(event.record.summary)}`;
      }
      case 'stage-failed':
        return `${colors.red('failed:')} ${sentence(event.failure.message)}`;
      case 'stage-cancelled':
        return colors.yellow('cancelled');
      case 'stage-skipped':
        return `${colors.yellow('skipped')}, needs ${oneLine(event.because)}`;
      case 'artifact-damaged':
        return `${colors.yellow('warning:')} the stored ${storedPart(event.port)} is damaged (${oneLine(event.detail)}); it was set aside and is made again`;
      case 'store-trouble':
        return `${colors.yellow('warning:')} ${oneLine(event.message)}`;
      case 'run-finished':
        return undefined;
    }
  };

  const draw = (event: RunEvent): void => {
    if (!anyStarted && event.event !== 'run-started' && event.event !== 'stage-hit') {
      anyStarted = true;
      if (firstHits > 0) line(event.time, undefined, `${countOf(firstHits, 'stage')} cached`);
    }
    const text = describe(event);
    if (text !== undefined) line(event.time, 'stage' in event ? event.stage : undefined, text);
  };

  return { event: draw, print: (text) => terminal.print(text), close: async () => {} };
}

function tail(summary: string | undefined): string {
  return summary === undefined || summary === '' ? '' : `: ${oneLine(summary)}`;
}
