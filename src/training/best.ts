/**
 * Which evaluation was the best so far, and whether training should stop because none came near it for a while.
 */

/** Whether small or large values of the metric are good. */
export type MetricMode = 'min' | 'max';

/** How evaluations are compared. */
export interface BestOptions {
  /** Name of the metric, without `validation_`: `loss`, `macro_f1`. */
  readonly metric: string;
  readonly mode: MetricMode;
  /** Evaluations without a better one after which training stops; never when absent. */
  readonly patience?: number;
  /** Only a difference larger than this counts as better. */
  readonly minimumDifference: number;
}

/** What is known after some evaluations; plain JSON, so that checkpoints can store it. */
export interface BestState {
  /** The best evaluation; absent before the first. */
  readonly best?: { readonly step: number; readonly value: number };
  /** Evaluations since then. */
  readonly withoutImprovement: number;
}

/** Before the first evaluation. */
export const noEvaluation: BestState = { withoutImprovement: 0 };

/** The state after one more evaluation; its `best.step` equals `step` exactly when this one is the best. */
export function afterEvaluation(
  state: BestState,
  step: number,
  value: number,
  { mode, minimumDifference }: BestOptions,
): BestState {
  const gain = state.best === undefined ? Infinity : improvement(state.best.value, value, mode);
  if (gain > (state.best === undefined ? 0 : minimumDifference)) {
    return { best: { step, value }, withoutImprovement: 0 };
  }
  return { ...state, withoutImprovement: state.withoutImprovement + 1 };
}

/** Whether patience has run out. */
export function shouldStop(state: BestState, { patience }: BestOptions): boolean {
  return patience !== undefined && state.withoutImprovement >= patience;
}

/** The mode that fits a metric: losses and errors are to be small, all others large. */
export function modeOf(metric: string): MetricMode {
  return /loss|error|perplexity/.test(metric) ? 'min' : 'max';
}

function improvement(before: number, now: number, mode: MetricMode): number {
  return mode === 'min' ? before - now : now - before;
}
