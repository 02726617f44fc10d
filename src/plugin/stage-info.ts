/**
 * What the recipe checker and the engine know of a stage type without loading its code.
 *
 * For the stages that come with roux these facts are written to `dist/generated/stages.json` at build time, with
 * validators compiled ahead of time, so that a plan imports neither TypeBox nor a tensor library. For plugins they are
 * taken from the loaded module.
 */
import type { Continuation, InputPort, OutputPort } from './define-stage.js';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** A mistake that a settings validator found; the shape of ajv's errors. */
export interface SettingsError {
  readonly instancePath: string;
  /** Where in the schema: `#/properties/freeze/anyOf/1/type`. */
  readonly schemaPath?: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Where the code of a stage type is. */
export type StageSource =
  | { readonly from: 'roux' }
  /** `digest` is the SHA-256 of the bundled source, part of the key; `module` the bundle to import. */
  | { readonly from: 'plugin'; readonly file: string; readonly module: string; readonly digest: string };

/** A stage type, without its code. */
export interface StageInfo {
  readonly type: string;
  readonly version: number;
  readonly summary: string;
  readonly description?: string;
  /** The JSON Schema of the settings. */
  readonly settings: JsonObject;
  readonly inputs: Readonly<Record<string, InputPort>>;
  readonly outputs: Readonly<Record<string, OutputPort>>;
  readonly seeded: boolean;
  readonly tensors: boolean;
  readonly threads: number | 'all';
  readonly keyless: readonly string[];
  /** Settings that make the stage work on a sample. */
  readonly sample?: Readonly<Record<string, number | string | boolean>>;
  /** The stage is handed the provenance of its inputs, which becomes part of its key. */
  readonly provenance?: boolean;
  /** The stage can go on from the state in which a shorter run of it ended. */
  readonly continuation?: Continuation;
  /** Seconds that the stage may take to end when it is cancelled, where that is more than usual. */
  readonly stopSeconds?: number;
  readonly source: StageSource;
  /** Fills defaults into `settings` (in place) and returns what is wrong with them; empty when all is well. */
  validate(settings: Record<string, unknown>): readonly SettingsError[];
}

/** Stage types by name. */
export type StageRegistry = ReadonlyMap<string, StageInfo>;
