/** The plan: every stage of a checked recipe with what will happen to it and why. */
import type { Json } from '../plugin/stage-info.js';
import type { CheckedRecipe, CheckedStage, SourceLocation } from '../recipe/checked-recipe.js';
import type { ContentChanges } from './content-changes.js';
import type { ResultRecord } from './result-record.js';

/** One cause for which a stage has to run. */
export interface RunReason {
  readonly kind:
    | 'first-run'
    | 'setting'
    | 'input'
    | 'file'
    | 'seed'
    | 'runtime'
    | 'stage-version'
    | 'plugin'
    | 'damaged'
    | 'forced'
    | 'evicted'
    /** Whether the stage goes on from what it did before. */
    | 'continuation';
  /** 'learning_rate 5e-5 -> 3e-5', 'tokens changed (stage tokens ran again)'. */
  readonly text: string;
  readonly location?: SourceLocation;
  /** For programs: the setting ('layers[0].name'), the path as written, or the port that it is about. */
  readonly subject?: string;
  /** A setting, seed, version or runtime as it was and as it is; absent where it is not set. */
  readonly before?: Json;
  readonly after?: Json;
  /** The stage whose result flows into that port. */
  readonly stage?: string;
  /** What changed inside a file or folder; only where somebody asked for it (`explainStage`). */
  readonly contents?: ContentChanges;
}

/** What will happen to a stage. */
export type StagePlan =
  /** A result with this key is in the store. */
  | {
      readonly state: 'hit';
      readonly stage: CheckedStage;
      readonly key: string;
      readonly record: ResultRecord;
    }
  /** All inputs are known and no result has this key. */
  | {
      readonly state: 'run';
      readonly stage: CheckedStage;
      readonly key: string;
      readonly reasons: readonly RunReason[];
    }
  /** An input is still to be made, so the key is not known yet; it may turn out to be a hit. */
  | { readonly state: 'waiting'; readonly stage: CheckedStage; readonly waitsFor: readonly string[] };

/** The state of a whole recipe. */
export interface Plan {
  readonly recipe: CheckedRecipe;
  readonly stages: readonly StagePlan[];
}
