/** What `roux run` prints, whoever did the running. */
import type { StageSummary } from '../../engine/api.js';
import type { RunEvent } from '../../engine/events.js';
import type { Store } from '../../engine/store.js';
import { productsOf } from '../products.js';
import type { RunRenderer } from './renderer.js';
import { RunLog } from './run-log.js';
import { createRunRenderer } from './run-renderer.js';
import { formatRunSummary } from './run-summary.js';
import type { Terminal } from './terminal.js';

/** The output of one run. */
export class RunOutput {
  private readonly terminal: Terminal;
  private readonly json: boolean;
  private readonly renderer: RunRenderer;
  private readonly log = new RunLog();

  constructor(terminal: Terminal, { json }: { readonly json: boolean }) {
    this.terminal = terminal;
    this.json = json;
    this.renderer = createRunRenderer(terminal, { json });
  }

  event(event: RunEvent): void {
    this.log.add(event);
    this.renderer.event(event);
  }

  /** After the last event. */
  async close(): Promise<void> {
    await this.renderer.close();
  }

  /** Prints what the run came to. */
  summary(stages: readonly StageSummary[], store: Store): void {
    if (this.json) return;
    const { terminal, log } = this;
    const products = productsOf(stages, store, terminal.directory);
    terminal.print('');
    terminal.print(formatRunSummary(log, terminal, { products }));
  }
}
