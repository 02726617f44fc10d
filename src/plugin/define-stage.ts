/**
 * The contract of a stage type, the same for the stages that come with roux and for those of third parties.
 *
 * One file exports one `defineStage({...})`. What a stage makes depends on its settings, inputs, seed and runtime
 * and on nothing else: no environment, no clock, no path of this machine may reach an artifact.
 */
import type { Static, TObject } from '@sinclair/typebox';
import type { KeptFunctionsOptions, RuntimeName } from '../runtime/runtime.js';

/** An input port: what a stage type takes. */
export interface InputPort {
  /** The kinds of artifacts that fit. */
  readonly kind: string | readonly string[];
  readonly description: string;
  /** The recipe may leave the port open. */
  readonly optional?: boolean;
  /** The port takes a list; a single reference counts as a list of one. */
  readonly many?: boolean;
}

/** An output port: what a stage type makes. */
export interface OutputPort {
  readonly kind: string;
  readonly description: string;
}

/** An artifact that a stage reads. */
export interface InputArtifact {
  readonly kind: string;
  /** The folder, absolute; read-only. */
  readonly path: string;
  /** Hexadecimal SHA-256 of the contents (of the part's contents where a part is wired). */
  readonly digest: string;
  /** The part that was wired (`test` for `tokens.test`); absent when the whole artifact was. */
  readonly part?: string;
  /** Where it came from, as written in the recipe: `tokens.test`. For messages, never for artifacts. */
  readonly reference: string;
  /**
   * A JSON file that tells how the artifact came about (`Provenance` in provenance.ts): the stages behind it with their
   * settings, inputs and metrics. Only for stage types that declare `provenance`.
   */
  readonly provenance?: string;
}

/** An artifact that a stage writes: an empty folder that is published when the stage has ended well. */
export interface OutputArtifact {
  readonly kind: string;
  readonly path: string;
}

/** How far a stage has come. */
export interface Progress {
  /** What was done so far, in `unit`. */
  readonly done: number;
  readonly total?: number;
  /** 'steps', 'rows', 'examples'. */
  readonly unit: string;
  /** Figures of the moment: loss, learning_rate, tokens_per_second. */
  readonly values?: Readonly<Record<string, number>>;
}

/** Messages for the run's record and the terminal. */
export interface StageLog {
  info(message: string): void;
  /** Something the user should know even when all went well. */
  warning(message: string): void;
}

/** What an artifact that is kept on the way is made from; equal entries are the same artifact. */
export interface CacheEntry {
  /** kebab-case. Stages that come with roux share entries of one name; a plugin's are its own. */
  readonly name: string;
  /** Raised when the same data give other bytes than before. */
  readonly version: number;
  /** The kind of the artifact. */
  readonly kind: string;
  /** JSON: everything that decides the artifact's bytes. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Artifacts that stages keep in the store besides their outputs, since other stages and runs need the same. */
export interface StageCache {
  /**
   * The folder of an artifact, absolute and read-only. Where the store does not have it, `make` fills an empty folder, which
   * is then stored; of several stages and processes that ask at once, one makes it and the others wait.
   */
  artifact(entry: CacheEntry, make: (folder: string) => Promise<void>): Promise<string>;
}

/**
 * How far a stage goes: settings in which results may differ and still be beginnings of each other, so that the longer one
 * can go on where the shorter one ended.
 */
export interface Continuation {
  /** Names of settings that only say how far the work goes: `epochs`. */
  readonly extent: readonly string[];
  /** Other settings with which the beginning of the work depends on how far it goes: the stage then starts anew. */
  readonly anew?: readonly AnewRule[];
}

/** Starts anew unless the setting has one of the values, or if it lies strictly between two numbers. */
export interface AnewRule {
  readonly setting: string;
  readonly unless?: readonly (string | number | boolean)[];
  readonly between?: readonly [low: number, high: number];
  /** Goes on the words 'starts anew: with schedule "linear"': 'the learning rates of the first steps are others'. */
  readonly because: string;
}

/** What a stage goes on from and leaves. */
export interface ContinuationFolders {
  /** What an earlier result, which differs in how far it went alone, left; read-only. */
  readonly previous?: string;
  /** An empty folder. What is in it when the stage ends well is kept for later runs, in place of `previous`. */
  readonly state: string;
}

/** The tensor runtime that a stage computes with. */
export interface RuntimeChoice {
  readonly name: RuntimeName;
  readonly threads: number;
  /** Where compiled functions are kept; changes no result. */
  readonly keptFunctions?: KeptFunctionsOptions;
}

/** Everything that a running stage sees. */
export interface StageContext<
  Settings,
  Inputs extends Readonly<Record<string, InputPort>>,
  Outputs extends Readonly<Record<string, OutputPort>>,
> {
  /** After defaults; settings that name files hold absolute paths. */
  readonly settings: Settings;
  readonly inputs: InputArtifacts<Inputs>;
  readonly outputs: { readonly [Name in keyof Outputs]: OutputArtifact };
  /** An unsigned 32-bit integer. The same for every stage of a recipe unless the stage sets its own. */
  readonly seed: number;
  readonly runtime: RuntimeChoice;
  /** Aborted when the run is cancelled or superseded; honour it at the next batch by throwing `signal.reason`. */
  readonly signal: AbortSignal;
  readonly log: StageLog;
  readonly progress: (progress: Progress) => void;
  /**
   * A folder for checkpoints. It outlives a killed run and is handed to the next run of the same key, and is
   * removed when the stage has ended well.
   */
  readonly scratch: string;
  /** For stage types that declare `continuation`. */
  readonly continuation?: ContinuationFolders;
  /** For what takes long to make and does not depend on all of the stage's settings and inputs. */
  readonly cache: StageCache;
}

/** The artifacts behind the input ports. */
export type InputArtifacts<Inputs extends Readonly<Record<string, InputPort>>> = {
  readonly [Name in keyof Inputs]: Inputs[Name] extends { readonly many: true }
    ? readonly InputArtifact[]
    : Inputs[Name] extends { readonly optional: true }
      ? InputArtifact | undefined
      : InputArtifact;
};

/** What a stage tells besides its artifacts; stored in the result's record. */
export interface StageResult {
  /** Figures that `expect`, watch and reports use, by snake_case name: `macro_f1`, `trainable_parameters`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** A few words for the line of the finished stage: '5,172 rows, 2 labels'. */
  readonly summary?: string;
  /** A table for `roux show` and the terminal, rows of cells, the first row being the header. */
  readonly table?: readonly (readonly (string | number)[])[];
}

/** A stage type. */
export interface StageDefinition<
  Settings extends TObject = TObject,
  Inputs extends Readonly<Record<string, InputPort>> = Readonly<Record<string, InputPort>>,
  Outputs extends Readonly<Record<string, OutputPort>> = Readonly<Record<string, OutputPort>>,
> {
  /** kebab-case; what recipes write after `uses`. */
  readonly type: string;
  /** Raise it when the same settings and inputs give another result than before; old results stop being used. */
  readonly version: number;
  /** One line. */
  readonly summary: string;
  /** Markdown for the reference page. */
  readonly description?: string;
  /** A TypeBox object, snake_case properties, each with a description; defaults are filled in. */
  readonly settings: Settings;
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  /** The result depends on the seed; only then is it part of the key. Default false. */
  readonly seeded?: boolean;
  /** The stage computes with tensors; the runtime's fingerprint becomes part of the key. Default false. */
  readonly tensors?: boolean;
  /** Threads the scheduler sets aside: 'all' for training, a number otherwise. Default 1. */
  readonly threads?: number | 'all';
  /** The stage shows how its inputs came about; their provenance is handed over and becomes part of the key. Default false. */
  readonly provenance?: boolean;
  /** The stage can go on from the state in which a shorter run of it ended. */
  readonly continuation?: Continuation;
  /** Seconds that a cancelled stage may take to end, for those that write a last checkpoint. Default 0.5; at most 60. */
  readonly stopSeconds?: number;
  /**
   * Settings that make the stage work on a sample, for `watch --preview`: `{ limit: 200 }`. A number stands for at most that
   * much; other values replace what the recipe says.
   */
  readonly sample?: Readonly<Record<string, number | string | boolean>>;
  /** Settings that change no result (how often to log, checkpoint) and are left out of the key. */
  readonly keyless?: readonly string[];
  run(context: StageContext<Static<Settings>, Inputs, Outputs>): Promise<StageResult | undefined>;
}

/** Declares a stage type; gives it back unchanged, with its types inferred. */
export function defineStage<
  Settings extends TObject,
  const Inputs extends Readonly<Record<string, InputPort>>,
  const Outputs extends Readonly<Record<string, OutputPort>>,
>(definition: StageDefinition<Settings, Inputs, Outputs>): StageDefinition<Settings, Inputs, Outputs> {
  return definition;
}
