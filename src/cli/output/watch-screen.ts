/** What `watch` shows: plans, runs with their differences, mistakes; one after the other, whatever comes in between. */
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import type { RunSummary } from '../../engine/api.js';
import type { RunEvent } from '../../engine/events.js';
import type { Plan } from '../../engine/plan.js';
import type { Store } from '../../engine/store.js';
import { productsOf } from '../products.js';
import { formatProblems } from '../recipe-source.js';
import { planAsJson, planLine } from './plan-table.js';
import type { TextRenderer } from './renderer.js';
import { RunLog } from './run-log.js';
import { createTextRenderer } from './run-renderer.js';
import { formatRunSummary } from './run-summary.js';
import { sparkline } from './sparkline.js';
import type { Terminal } from './terminal.js';
import { oneLine, padEnd } from './terminal-text.js';

/** Draws for a terminal or a file. */
export class WatchScreen {
  private readonly terminal: Terminal;
  private readonly store: Store;
  private readonly keysHint: string;
  /** Renderers close asynchronously; everything that is printed between two runs waits for the one before. */
  private drawn: Promise<void> = Promise.resolve();
  private renderer: TextRenderer | undefined;
  private log = new RunLog();
  private generations = 0;
  /** Stage -> how its loss went the last time, in the whole recipe. */
  private readonly losses = new Map<string, readonly number[]>();

  constructor(terminal: Terminal, store: Store, keysHint: string) {
    this.terminal = terminal;
    this.store = store;
    this.keysHint = keysHint;
  }

  plan(plan: Plan, changedFiles: readonly string[]): void {
    this.closeRun();
    this.generations += 1;
    const { colors, directory } = this.terminal;
    const lead = plan.recipe.sample === true ? `${colors.yellow('preview on a sample')}  ` : '';
    this.later(() => this.terminal.print(`\n${lead}${colors.bold(planLine(plan, changedFiles, directory))}`));
  }

  event(event: RunEvent): void {
    if (event.event === 'run-started') this.log = new RunLog();
    this.log.add(event);
    this.renderer ??= createTextRenderer(this.terminal);
    const { renderer } = this;
    this.later(() => renderer.event(event));
  }

  finished(summary: RunSummary, sample: boolean): void {
    this.closeRun();
    if (summary.outcome === 'cancelled') return;
    const { log, terminal, store } = this;
    const onlyChanges = this.generations > 1;
    const curves = this.curves(log, sample);
    this.later(() => {
      const products = sample ? [] : productsOf(summary.stages, store, terminal.directory);
      const lines = [...curves, ...(curves.length > 0 ? [''] : [])];
      terminal.print(['', ...lines, formatRunSummary(log, terminal, { products, onlyChanges })].join('\n'));
    });
  }

  problems(problems: readonly Diagnostic[]): void {
    const consequence = this.consequenceOfMistakes();
    this.print(async () => `\n${await formatProblems(problems, this.terminal, consequence)}`);
  }

  mended(): void {
    const { colors } = this.terminal;
    this.print(() => `\n${colors.green('No mistakes any more')}, and nothing else to run.`);
  }

  idle(): void {
    this.print(() => this.terminal.colors.dim(`Waiting for changes; ${this.keysHint}.`));
  }

  /** Prints what takes time to find out, in its turn. */
  lines(find: () => Promise<readonly string[]>): void {
    this.print(async () => ['', ...(await find())].join('\n'));
  }

  /** Resolves when everything is drawn. */
  async close(): Promise<void> {
    this.closeRun();
    await this.drawn;
  }

  private closeRun(): void {
    const open = this.renderer;
    this.renderer = undefined;
    this.later(() => open?.close());
  }

  /** Prints in its turn, above the run that goes on. */
  private print(text: () => string | Promise<string>): void {
    const place = this.renderer ?? this.terminal;
    this.later(async () => place.print(await text()));
  }

  private consequenceOfMistakes(): string {
    if (this.generations === 0) return 'nothing was run';
    return this.renderer === undefined
      ? 'what is above is the last good state'
      : 'the run of the last good state goes on';
  }

  private later(action: () => void | Promise<void>): void {
    this.drawn = this.drawn.then(action);
  }

  /** How the loss of every stage that tells one went, above how it went the time before. */
  private curves(log: RunLog, sample: boolean): readonly string[] {
    const { colors } = this.terminal;
    const width = Math.max(0, ...[...log.losses.keys()].map((stage) => oneLine(stage).length));
    return [...log.losses].flatMap(([stage, losses]) => {
      const before = this.losses.get(stage);
      if (!sample) this.losses.set(stage, losses);
      const chart = sparkline(losses);
      if (chart === '') return [];
      const line = (name: string, curve: readonly number[]) =>
        `${padEnd(name, width)}  loss ${sparkline(curve)} ${ends(curve)}`;
      const now = line(oneLine(stage), losses);
      return before === undefined || sample ? [now] : [now, colors.dim(line('before', before))];
    });
  }
}

/** The same as one JSON object a line. */
export class WatchJson {
  private readonly terminal: Terminal;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  plan(plan: Plan, changedFiles: readonly string[]): void {
    const sample = plan.recipe.sample === true ? { sample: true } : {};
    this.print({ event: 'watch-planned', changedFiles, ...sample, plan: planAsJson(plan) });
  }

  event(event: RunEvent): void {
    this.print(event);
  }

  finished(): void {}

  problems(diagnostics: readonly Diagnostic[]): void {
    this.print({ event: 'diagnostics', diagnostics });
  }

  mended(): void {}

  idle(): void {
    this.print({ event: 'watch-idle' });
  }

  async close(): Promise<void> {}

  private print(line: object): void {
    this.terminal.print(JSON.stringify(line));
  }
}

function ends(values: readonly number[]): string {
  const digits = (value: number | undefined) => (value === undefined ? '' : value.toPrecision(3));
  return `${digits(values[0])} -> ${digits(values.at(-1))}`;
}
