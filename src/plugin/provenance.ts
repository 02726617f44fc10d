/**
 * How an artifact came about: what a stage type that declares `provenance` reads from `InputArtifact.provenance`.
 *
 * The same for the same recipe, inputs and results: no durations, no times, no paths of this machine.
 */
import type { Json, JsonObject } from './stage-info.js';

/** The history of one artifact, as JSON. */
export interface Provenance {
  readonly format: 1;
  /** The stage that made the artifact, and the port it came out of. */
  readonly stage: string;
  readonly port: string;
  /** That stage and all before it, each after its inputs. */
  readonly stages: readonly ProvenanceStage[];
}

/** One stage in an artifact's history. */
export interface ProvenanceStage {
  readonly name: string;
  readonly type: string;
  readonly version: number;
  /** The key of its result. */
  readonly key: string;
  /** After parameters and defaults; paths as written in the recipe. Without settings that change no result. */
  readonly settings: JsonObject;
  /** JSON pointers of the settings that name files, with the SHA-256 of what was in them. */
  readonly files: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, readonly ProvenanceInput[]>>;
  /** Port -> kind, digest and size of what came out. */
  readonly outputs: Readonly<
    Record<string, { readonly kind: string; readonly digest: string; readonly bytes: number }>
  >;
  readonly metrics: Readonly<Record<string, number>>;
  /** Only for stage types that depend on it. */
  readonly seed?: number;
  /** Fingerprint of the tensor runtime, only for stage types that compute with tensors. */
  readonly runtime?: Json;
}

/** One wired input in an artifact's history. */
export interface ProvenanceInput {
  readonly stage: string;
  readonly port: string;
  readonly part?: string;
  readonly digest: string;
}
