/** What callers of the engine hand in and get back; the functions themselves are exported from `index.ts`. */
import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { RunEvent, StageFailure, StageOutcome } from './events.js';
import type { Plan, RunReason } from './plan.js';
import type { ResultRecord } from './result-record.js';
import type { Store } from './store.js';
import type { WorkerPool } from './worker-pool.js';

/** Which stages are meant, and which of them are run although a result is there. */
export interface Selection {
  /** Names of stages; only they and what they need are looked at. All stages when absent. */
  readonly only?: readonly string[];
  /** `true`: every selected stage (with `only`, those named there) runs again; a list: the named ones. */
  readonly force?: boolean | readonly string[];
}

/** What `planRecipe` is asked. */
export interface PlanOptions extends Selection {
  readonly store: Store;
}

/** What `runRecipe` is asked. */
export interface RunOptions extends Selection {
  readonly store: Store;
  /** Called synchronously, in order; what it throws is a bug and ends the run. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Abort to cancel: stages stop at their next batch, or are ended after a grace. */
  readonly signal?: AbortSignal;
  /** Processes to use and leave warm; without it the run makes its own and ends them. */
  readonly pool?: WorkerPool;
  /** CPU threads that may be busy at the same time; all of the machine's by default. */
  readonly threads?: number;
  /** Names and versions for the record, besides those of roux and Node. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** How one stage of a run ended. */
export interface StageSummary {
  readonly name: string;
  readonly outcome: StageOutcome;
  /** Known when the stage was a hit or done, and when only an `expect` did not hold. */
  readonly record?: ResultRecord;
  readonly failure?: StageFailure;
  readonly reasons?: readonly RunReason[];
}

/** How a run ended. */
export interface RunSummary {
  /** Identifier of the run's record in the store. */
  readonly run: string;
  readonly outcome: 'done' | 'failed' | 'cancelled';
  /** In the order of the recipe. */
  readonly stages: readonly StageSummary[];
  readonly counts: Readonly<Record<StageOutcome, number>>;
  readonly durationMs: number;
}

/** A recipe as `watchRecipe` reads it again after every change: checked, or what is wrong with it. */
export type LoadedRecipe<Problem> =
  | { readonly ok: true; readonly recipe: CheckedRecipe }
  /** `files` are followed until the recipe is right again. */
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly files: readonly string[] };

/** What can be asked of a watch while it goes on. */
export interface WatchControl {
  /** Plans and runs although nothing changed: failed stages again, and what else has no result. */
  runAgain(): void;
}

/** What `watchRecipe` is asked. */
export interface WatchOptions<Problem> extends Selection {
  readonly store: Store;
  /** Reads and checks the recipe; called at the start and after every change. Its exceptions end the watch. */
  readonly load: () => Promise<LoadedRecipe<Problem>>;
  /** Ends the watch and cancels what runs. */
  readonly signal: AbortSignal;
  readonly threads?: number;
  readonly versions?: Readonly<Record<string, string>>;
  /** Called once, before the first run. */
  readonly onControl?: (control: WatchControl) => void;
  /**
   * A generation begins: the plan, and the changed files (absolute; none for the first). The plan's recipe is marked as a
   * sample when a preview comes first.
   */
  readonly onPlan?: (plan: Plan, changedFiles: readonly string[]) => void;
  /** The recipe on a sample, which is run before the whole one wherever that has something to run. */
  readonly preview?: (recipe: CheckedRecipe) => Promise<CheckedRecipe | undefined>;
  /** Processes to use and leave warm; without it the watch makes its own and ends them. */
  readonly pool?: WorkerPool;
  /**
   * An event of the newest run. A run that is superseded is told to be cancelled before the next one begins; a stage that the
   * next one needs just as it is goes on, and is told to have started there.
   */
  readonly onEvent?: (event: RunEvent) => void;
  /** The newest run ended, or its preview (`sample`); not told of superseded runs. */
  readonly onFinished?: (summary: RunSummary, sample: boolean) => void;
  /** The recipe has mistakes; what ran before goes on. */
  readonly onProblems?: (problems: readonly Problem[]) => void;
  /** The mistakes are gone, and the recipe is again the one whose run was told of last. */
  readonly onMended?: () => void;
  /** Everything is up to date with the files, and nothing is running. Called once per change at most. */
  readonly onIdle?: () => void;
}

/** What `collectGarbage` is asked; several conditions add up, and with none only debris is removed. */
export interface GarbageOptions {
  /** Remove what was not used for this long, in milliseconds: results, sweeps, pages, recalled recipes, records of runs. */
  readonly olderThanMs?: number;
  /** Remove the results that were used longest ago until the artifacts take at most this many bytes. */
  readonly maxBytes?: number;
  /** Remove results that no stage of a still existing recipe gave in its last run, and sweeps of recipes that are gone. */
  readonly unreachable?: boolean;
  /** The folder of recalled recipes; default: `recipes` in the store. */
  readonly recipes?: string;
  /** Only tell what would be removed. */
  readonly dryRun?: boolean;
  /** Milliseconds since the epoch; now by default. */
  readonly now?: number;
}

/** What `collectGarbage` removed, or would. */
export interface GarbageReport {
  readonly dryRun: boolean;
  readonly removedResults: readonly StoredResult[];
  /** Digests. */
  readonly removedArtifacts: readonly string[];
  readonly removedRuns: readonly string[];
  /** Identifiers of sweeps. */
  readonly removedSweeps: readonly string[];
  /** Pages of sweeps and of compared trials, relative to the store. */
  readonly removedPages: readonly string[];
  /** Names of files of recalled recipes. */
  readonly removedRecipes: readonly string[];
  /** Left over by killed processes, and damaged artifacts that were set aside. */
  readonly removedDebris: readonly string[];
  readonly freedBytes: number;
  readonly keptResults: number;
  readonly keptBytes: number;
}

/** One result in the store. */
export interface StoredResult {
  readonly key: string;
  readonly record: ResultRecord;
  /** Bytes of its artifacts; artifacts that several results share count for each. */
  readonly bytes: number;
  /** All artifacts are there (not: undamaged; see `verifyStore`). */
  readonly complete: boolean;
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
  /** The recipes and stages whose last result this is. */
  readonly usedBy: readonly { readonly recipe: string; readonly stage: string }[];
}

/** What `verifyStore` found. */
export interface VerifyReport {
  readonly artifacts: number;
  readonly bytes: number;
  readonly results: number;
  /** Set aside, unless `dryRun`; made again when a run needs them. */
  readonly damaged: readonly {
    /** `note`: what speeds things up or tells of the past. */
    readonly kind: 'artifact' | 'result' | 'note';
    /** Digest or key; for a note its path in the store. */
    readonly id: string;
    readonly detail: string;
  }[];
}

/** The record of a run, without its events. */
export interface RunRecord {
  readonly id: string;
  /** Absolute path. */
  readonly recipe: string;
  readonly name: string;
  readonly profile?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly stages: readonly RunStageRecord[];
  /** `running` while its process lives, `interrupted` when that ended without a word. */
  readonly outcome: 'done' | 'failed' | 'cancelled' | 'running' | 'interrupted';
  readonly counts?: Readonly<Record<StageOutcome, number>>;
  readonly durationMs?: number;
}

/** One stage in a run's record. */
export interface RunStageRecord {
  readonly name: string;
  readonly type: string;
  /** After parameters and defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Port -> what was wired, as written. */
  readonly inputs: Readonly<Record<string, readonly string[]>>;
  readonly outcome?: StageOutcome;
  readonly key?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly durationMs?: number;
  readonly failure?: StageFailure;
  /** Absolute path of what the stage printed, if it ran. */
  readonly log?: string;
}
