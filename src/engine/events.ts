/**
 * What happens during a run, as events: the only way in which the engine speaks to the outside. The command line draws
 * them, `--json` prints them one a line, the run record keeps them.
 */
import type { Progress } from '../plugin/define-stage.js';
import type { RunReason } from './plan.js';
import type { ResultRecord } from './result-record.js';

/** Why a stage failed. */
export interface StageFailure {
  /** `user`: something in the project; `expect`: a metric missed; `crash`: the process died; `bug`: an exception of ours or a plugin's. */
  readonly kind: 'user' | 'expect' | 'crash' | 'bug';
  readonly message: string;
  readonly code?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly help?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Only for `bug` and `crash`. */
  readonly stack?: string;
}

/** How a stage ended. */
export type StageOutcome = 'hit' | 'done' | 'failed' | 'cancelled' | 'skipped';

/** One event; `time` is milliseconds since the run began. */
export type RunEvent = { readonly time: number } & (
  | {
      readonly event: 'run-started';
      readonly run: string;
      readonly recipe: string;
      readonly profile?: string;
      readonly stages: readonly {
        readonly name: string;
        readonly type: string;
        readonly inputs: readonly string[];
      }[];
    }
  | {
      readonly event: 'stage-hit';
      readonly stage: string;
      readonly record: ResultRecord;
      /** The stage's metrics in the run before, when there was one. */
      readonly previousMetrics?: Readonly<Record<string, number>>;
    }
  | { readonly event: 'stage-waiting-for-process'; readonly stage: string; readonly pid: number }
  | {
      readonly event: 'stage-started';
      readonly stage: string;
      readonly key: string;
      readonly reasons: readonly RunReason[];
      readonly resumed: boolean;
      /** The stage runs already, for a run that this one superseded. */
      readonly ongoing?: true;
    }
  | { readonly event: 'stage-progress'; readonly stage: string; readonly progress: Progress }
  | {
      readonly event: 'stage-log';
      readonly stage: string;
      readonly level: 'info' | 'warning';
      readonly message: string;
    }
  | {
      readonly event: 'stage-done';
      readonly stage: string;
      readonly record: ResultRecord;
      /** The artifacts are those of the stage's previous run, byte for byte. */
      readonly sameAsBefore: boolean;
      readonly previousMetrics?: Readonly<Record<string, number>>;
    }
  /** `record` is there when the stage ended well but an `expect` did not hold; then neither hit nor done is told. */
  | {
      readonly event: 'stage-failed';
      readonly stage: string;
      readonly failure: StageFailure;
      readonly record?: ResultRecord;
    }
  | { readonly event: 'stage-cancelled'; readonly stage: string }
  | { readonly event: 'stage-skipped'; readonly stage: string; readonly because: string }
  /** A stored artifact did not match its digest, was set aside, and is made again. */
  | {
      readonly event: 'artifact-damaged';
      readonly stage: string;
      /** An output, or `record`: what was stored of the result. */
      readonly port: string;
      readonly detail: string;
    }
  /** Something went wrong in the store that harms no result: a damaged note, what a killed process left behind. */
  | { readonly event: 'store-trouble'; readonly message: string }
  | {
      readonly event: 'run-finished';
      readonly outcome: 'done' | 'failed' | 'cancelled';
      readonly counts: Readonly<Record<StageOutcome, number>>;
      readonly durationMs: number;
    }
);

/** `Omit` for a union, member by member. */
type WithoutTime<Event> = Event extends unknown ? Omit<Event, 'time'> : never;

/** An event before the clock has stamped it. */
export type RunEventBody = WithoutTime<RunEvent>;

/** Whether a run that only finds results has such events too: of any other event there is more to tell. */
export function isUneventful({ event }: RunEvent): boolean {
  return event === 'run-started' || event === 'stage-hit' || event === 'run-finished';
}
