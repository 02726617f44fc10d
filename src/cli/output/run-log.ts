/** What a run came to, gathered from its events. */
import type { RunEvent, StageFailure, StageOutcome } from '../../engine/events.js';
import type { ResultRecord } from '../../engine/result-record.js';
import { storedPart } from './stored-part.js';

/** How one stage ended; `pending` for a stage that the run never came to. */
export interface StageEnd {
  readonly name: string;
  readonly type: string;
  readonly outcome: StageOutcome | 'pending';
  readonly record?: ResultRecord;
  readonly failure?: StageFailure;
  /** The stage's figures in the run before. */
  readonly previousMetrics?: Readonly<Record<string, number>>;
  /** Why it was skipped. */
  readonly because?: string;
}

/** A run in the making. */
export class RunLog {
  /** Stage -> the losses that it told on the way, of the stages that did. */
  readonly losses = new Map<string, number[]>();
  private readonly ends = new Map<string, StageEnd>();
  private readonly messages: { readonly stage?: string; readonly message: string }[] = [];
  private finish: Extract<RunEvent, { readonly event: 'run-finished' }> | undefined;

  /** The stages in the recipe's order. */
  get stages(): readonly StageEnd[] {
    return [...this.ends.values()];
  }

  /** What the stages that ran warned of, artifacts that were found damaged, and troubles of the store (without a stage). */
  get warnings(): readonly { readonly stage?: string; readonly message: string }[] {
    return this.messages;
  }

  /** The last event; undefined while the run goes on. */
  get finished(): Extract<RunEvent, { readonly event: 'run-finished' }> | undefined {
    return this.finish;
  }

  add(event: RunEvent): void {
    switch (event.event) {
      case 'run-started':
        for (const { name, type } of event.stages) this.ends.set(name, { name, type, outcome: 'pending' });
        break;
      case 'stage-hit':
        this.end(event.stage, { outcome: 'hit', ...figuresOf(event) });
        break;
      case 'stage-done':
        this.end(event.stage, { outcome: 'done', ...figuresOf(event) });
        break;
      case 'stage-failed':
        this.end(event.stage, {
          outcome: 'failed',
          failure: event.failure,
          ...(event.record && { record: event.record }),
        });
        break;
      case 'stage-cancelled':
        this.end(event.stage, { outcome: 'cancelled' });
        break;
      case 'stage-skipped':
        this.end(event.stage, { outcome: 'skipped', because: event.because });
        break;
      case 'stage-progress': {
        const loss = event.progress.values?.loss;
        if (loss === undefined) break;
        this.losses.set(event.stage, [...(this.losses.get(event.stage) ?? []), loss]);
        break;
      }
      case 'stage-log':
        if (event.level === 'warning') this.messages.push({ stage: event.stage, message: event.message });
        break;
      case 'artifact-damaged':
        this.messages.push({
          stage: event.stage,
          message: `the stored ${storedPart(event.port)} was damaged (${event.detail}); it was set aside and made again`,
        });
        break;
      case 'store-trouble':
        this.messages.push({ message: event.message });
        break;
      case 'run-finished':
        this.finish = event;
        break;
      default:
        break;
    }
  }

  private end(name: string, end: Omit<StageEnd, 'name' | 'type'>): void {
    const known = this.ends.get(name);
    this.ends.set(name, { name, type: known?.type ?? '', ...end });
  }
}

function figuresOf(
  event: Extract<RunEvent, { readonly event: 'stage-hit' | 'stage-done' }>,
): Pick<StageEnd, 'record' | 'previousMetrics'> {
  const { record, previousMetrics } = event;
  return previousMetrics === undefined ? { record } : { record, previousMetrics };
}
