/** Runs as they are compared: plain data, wherever it came from (the store, or the trials of a sweep). */
import type { MetricInterval } from '../artifacts/metrics.js';
import type { Json } from '../plugin/stage-info.js';

/** One run, or one trial. */
export interface ComparedRun {
  readonly id: string;
  /** What people call it: a tag, or the identifier. */
  readonly label: string;
  /** The recipe's name. */
  readonly name: string;
  /** Absolute path of the recipe. */
  readonly recipe: string;
  readonly profile?: string;
  /** ISO 8601. */
  readonly startedAt?: string;
  readonly outcome: string;
  /** Wall time of the run itself, in milliseconds. */
  readonly durationMs?: number;
  readonly stages: readonly ComparedStage[];
}

/** One stage of a run, cached or not. */
export interface ComparedStage {
  readonly name: string;
  readonly type: string;
  readonly outcome?: string;
  /** After parameters and defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Port -> references as written. */
  readonly inputs: Readonly<Record<string, readonly string[]>>;
  /** What else made the result: 'version', 'seed', 'runtime', 'code', and the digest of every file by its setting's name. */
  readonly traits: Readonly<Record<string, Json>>;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of some of the figures. */
  readonly intervals: Readonly<Record<string, MetricInterval | null>>;
  /** What the result took when it was made, in milliseconds; absent where there is no result. */
  readonly costMs?: number;
  readonly outputs: readonly ComparedArtifact[];
}

/** An artifact that a stage made. */
export interface ComparedArtifact {
  readonly port: string;
  readonly kind: string;
  readonly digest: string;
  /** Absolute path; absent when it is no longer in the store. */
  readonly folder?: string;
}
