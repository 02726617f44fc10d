/**
 * A recipe that was parsed, composed, expanded and checked: all that the engine needs, nothing that it must doubt.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { SourceLocation } from '../diagnostics/source-text.js';
import type { JsonObject, StageInfo } from '../plugin/stage-info.js';
import type { RuntimeName } from '../runtime/runtime.js';
import type { Space } from '../search/space.js';

export type { SourceLocation } from '../diagnostics/source-text.js';

/** An edge of the graph: the artifact behind an input port. */
export interface InputReference {
  /** The stage that makes it. */
  readonly stage: string;
  /** Its output port. */
  readonly port: string;
  /** The part of the artifact, if only that is wanted: `test`. */
  readonly part?: string;
  /** As written: `tokens.test`. */
  readonly written: string;
  readonly location: SourceLocation;
}

/** A setting that names a file or folder. */
export interface PathReference {
  /** JSON pointer into the settings. */
  readonly pointer: string;
  readonly absolute: string;
  readonly written: string;
  readonly location: SourceLocation;
}

/** What must hold for a metric: `macro_f1: ">= 0.90"`. */
export interface Expectation {
  readonly metric: string;
  readonly operator: '>=' | '>' | '<=' | '<' | '==' | '!=';
  readonly value: number;
  readonly location: SourceLocation;
}

/** One node of the graph. */
export interface CheckedStage {
  readonly name: string;
  readonly info: StageInfo;
  /** After parameters and defaults; paths absolute. */
  readonly settings: JsonObject;
  readonly paths: readonly PathReference[];
  readonly inputs: Readonly<Record<string, readonly InputReference[]>>;
  readonly expect: readonly Expectation[];
  readonly seed: number;
  readonly runtime: RuntimeName;
  /** Threads the stage may use: from the stage, the recipe, or all of the machine's. */
  readonly threads: number;
  readonly location: SourceLocation;
  /** Names that mean this stage among others: `train` for `train[seed=1]`, `prepare` for `prepare/tokens`. */
  readonly groups?: readonly string[];
  /** What varies -> the label of the value that this stage has: `{ learning_rate: '5e-5' }`. */
  readonly variant?: Readonly<Record<string, string>>;
  /** Where each setting was written, by JSON pointer; for reasons ('learning_rate 5e-5 -> 3e-5, recipe.yaml:31'). */
  readonly settingLocations: Readonly<Record<string, SourceLocation>>;
}

/** A search over params. */
export interface CheckedSweep {
  readonly method: 'grid' | 'random' | 'tpe';
  /** How many points are tried; absent for a whole grid. */
  readonly trials?: number;
  readonly seed: number;
  readonly space: Space;
  readonly goal: { readonly stage: string; readonly metric: string; readonly mode: 'max' | 'min' };
  /** The budgets of the rungs, ascending. */
  readonly stopping?: { readonly param: string; readonly eta: number; readonly budgets: readonly number[] };
}

/** The whole graph. */
export interface CheckedRecipe {
  /** Absolute path of the recipe. */
  readonly file: string;
  readonly name: string;
  readonly description?: string;
  /** The profile that was chosen. */
  readonly profile?: string;
  /** It is the recipe on a sample of its data (`watch --preview`): what it makes is not what the recipe made before. */
  readonly sample?: true;
  /** In an order in which every stage comes after its inputs. */
  readonly stages: readonly CheckedStage[];
  readonly sweep?: CheckedSweep;
  /** Where it was checked as a part of other recipes: the inputs that it needs from them. Such a recipe cannot be planned. */
  readonly needs?: readonly string[];
  /** Every file that the recipe was read from, plugins included; what watch follows besides the data. */
  readonly files: readonly string[];
  /** What the user should know although the recipe can run: parameters that nothing uses. */
  readonly warnings?: readonly Diagnostic[];
}
