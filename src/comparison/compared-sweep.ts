/** A sweep as it is shown: plain data, wherever it was recorded. */
import type { Json } from '../plugin/stage-info.js';

/** A sweep and its trials. */
export interface ComparedSweep {
  readonly id: string;
  readonly name: string;
  readonly method: string;
  readonly goal: { readonly stage: string; readonly metric: string; readonly mode: 'max' | 'min' };
  /** Names of the parameters that vary; `log` where equal ratios count equally. */
  readonly dimensions: readonly { readonly name: string; readonly log: boolean }[];
  /** What trials are stopped early by. */
  readonly budget?: string;
  readonly trials: readonly ComparedTrial[];
  /** The number of the best trial. */
  readonly best?: number;
}

/** One trial. */
export interface ComparedTrial {
  /** Counts from 1. */
  readonly number: number;
  readonly params: Readonly<Record<string, Json>>;
  readonly state: string;
  readonly value?: number;
  /** In the order of their budgets; one where nothing is stopped early. */
  readonly runs: readonly {
    readonly budget?: number;
    readonly value?: number;
    readonly durationMs: number;
  }[];
}
