/** A run on a terminal: one line per stage, redrawn in place, with progress below the stages that run. */
import {
  type DefaultRenderer,
  Listr,
  ListrLogger,
  ListrTaskState,
  type ListrTaskWrapper,
  type SimpleRenderer,
} from 'listr2';
import { guardTerminal } from '../../diagnostics/printable-text.js';
import { withShortPaths } from '../../diagnostics/short-path.js';
import type { RunEvent } from '../../engine/events.js';
import type { Progress } from '../../plugin/define-stage.js';
import { formatDuration, formatProgress } from './format-value.js';
import { plainReason } from './plan-table.js';
import { goingOn, type TextRenderer } from './renderer.js';
import { storedPart } from './stored-part.js';
import type { Terminal } from './terminal.js';
import { displayWidth, oneLine, padEnd, truncate } from './terminal-text.js';
import { TimeLeft } from './time-left.js';
import { TreeOutput } from './tree-output.js';

/** Progress is drawn at most this often, in milliseconds; reports in between are only counted. */
const drawInterval = 100;

/** The columns that the symbol in front of a line takes. */
const symbolWidth = 6;

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/**
 * Draws with listr2 until it is closed, and then clears the lines: the table of the finished run replaces them.
 * `columns` is read again for every line, since windows are resized.
 */
export function createTreeRenderer(terminal: Terminal): TextRenderer {
  const { colors } = terminal;
  const lines = new Map<string, StageLine>();
  const treeOutput = new TreeOutput(terminal.stdout);
  let nameWidth = 0;
  let drawing: Promise<unknown> = Promise.resolve();

  const fitLine = (text: string): string => truncate(text, Math.max(20, terminal.columns - symbolWidth));
  const title = (stage: string, text: string): string =>
    fitLine(`${padEnd(oneLine(stage), nameWidth)}  ${text}`);
  const retitle = (stage: string, text: string): void =>
    lines.get(stage)?.change((wrapper) => {
      wrapper.title = title(stage, text);
    });
  const output = (stage: string, text: string): void =>
    lines.get(stage)?.change((wrapper) => {
      wrapper.output = fitLine(text);
    });

  const draw = (event: RunEvent): void => {
    switch (event.event) {
      case 'run-started': {
        const profile = event.profile === undefined ? '' : colors.dim(` (profile ${oneLine(event.profile)})`);
        terminal.print(colors.bold(oneLine(event.recipe)) + profile);
        nameWidth = Math.max(0, ...event.stages.map((stage) => displayWidth(oneLine(stage.name))));
        for (const stage of event.stages) lines.set(stage.name, new StageLine());
        const tasks = event.stages.map((stage) => ({
          title: title(stage.name, oneLine(stage.type)),
          task: (_: unknown, wrapper: Wrapper): Promise<void> =>
            lines.get(stage.name)?.started(wrapper) ?? Promise.resolve(),
        }));
        drawing = new Listr<unknown, 'default', 'simple'>(tasks, {
          concurrent: true,
          exitOnError: false,
          registerSignalListeners: false,
          renderer: 'default',
          fallbackRendererCondition: false,
          rendererOptions: {
            clearOutput: true,
            collapseSkips: false,
            showErrorMessage: false,
            formatOutput: 'truncate',
            logger: new ListrLogger({ useIcons: true, toStderr: [], processOutput: treeOutput }),
          },
        }).run();
        return;
      }
      case 'stage-hit':
        retitle(event.stage, `cached${tail(event.record.summary)}`);
        lines.get(event.stage)?.end('COMPLETED');
        break;
      case 'stage-waiting-for-process':
        retitle(event.stage, `waiting for process ${event.pid}, which makes the same`);
        break;
      case 'stage-started': {
        const reasons = event.reasons.map(plainReason).join('; ');
        const how = goingOn(event) ?? reasons;
        lines.get(event.stage)?.spin();
        retitle(event.stage, how === '' ? 'running' : how);
        break;
      }
      case 'stage-progress': {
        const text = lines.get(event.stage)?.progress(event.time, event.progress);
        if (text !== undefined) output(event.stage, text);
        break;
      }
      case 'stage-log':
        output(event.stage, oneLine(withShortPaths(event.message, terminal.directory)));
        break;
      case 'stage-done':
        retitle(event.stage, `${formatDuration(event.record.durationMs)}${tail(event.record.summary)}`);
        lines.get(event.stage)?.end('COMPLETED');
        break;
      case 'stage-failed':
        retitle(event.stage, `failed: ${oneLine(withShortPaths(event.failure.message, terminal.directory))}`);
        lines.get(event.stage)?.end('FAILED');
        break;
      case 'stage-cancelled':
        retitle(event.stage, 'cancelled');
        lines.get(event.stage)?.end('SKIPPED');
        break;
      case 'stage-skipped':
        retitle(event.stage, `skipped, needs ${oneLine(event.because)}`);
        lines.get(event.stage)?.end('SKIPPED');
        break;
      case 'artifact-damaged':
        retitle(event.stage, `the stored ${storedPart(event.port)} is damaged; it is made again`);
        break;
      case 'store-trouble':
      case 'run-finished':
        return;
    }
  };

  return {
    event: draw,
    print: (text) => treeOutput.print(guardTerminal(text)),
    close: async () => {
      for (const line of lines.values()) line.end('SKIPPED');
      await drawing;
    },
  };
}

/**
 * The line of one stage. listr2 starts all its tasks at once; a line is put back to 'waiting' until its stage starts.
 * Changes that come before listr2 is ready are made in their order as soon as it is.
 */
class StageLine {
  private readonly wrapper: Promise<Wrapper>;
  private resolveWrapper: (wrapper: Wrapper) => void = () => {};
  private readonly ended: Promise<void>;
  private resolveEnded: () => void = () => {};
  private hasEnded = false;
  private readonly timeLeft = new TimeLeft();
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor() {
    this.wrapper = new Promise((resolve) => {
      this.resolveWrapper = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
  }

  /** The body of the listr2 task. */
  started(wrapper: Wrapper): Promise<void> {
    wrapper.task.state$ = ListrTaskState.WAITING;
    this.resolveWrapper(wrapper);
    return this.ended;
  }

  change(action: (wrapper: Wrapper) => void): void {
    void this.wrapper.then(action);
  }

  spin(): void {
    this.change((wrapper) => {
      wrapper.task.state$ = ListrTaskState.STARTED;
    });
  }

  /** The text of a report, undefined when the last one was drawn too short a time ago. */
  progress(time: number, progress: Progress): string | undefined {
    const left = this.timeLeft.update(time, progress);
    if (time - this.drawnAt < drawInterval) return undefined;
    this.drawnAt = time;
    const eta = left === undefined ? '' : `, ${formatDuration(left)} left`;
    return `${oneLine(formatProgress(progress))}${eta}`;
  }

  end(state: 'COMPLETED' | 'FAILED' | 'SKIPPED'): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.change((wrapper) => {
      wrapper.task.state$ = ListrTaskState[state];
      this.resolveEnded();
    });
  }
}

function tail(summary: string | undefined): string {
  return summary === undefined || summary === '' ? '' : `: ${oneLine(summary)}`;
}
