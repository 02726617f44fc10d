/** A stage in the course of a run. */
import type { CheckedStage } from '../recipe/checked-recipe.js';
import type { StageSummary } from './api.js';
import type { StageOutcome } from './events.js';
import type { KeyedStage, LostArtifact } from './inspection.js';
import type { Lock } from './locks.js';
import type { RunReason } from './plan.js';

/** What a stage is doing. */
export type NodeState =
  /** Its inputs are not known yet, or nobody has looked since they are. */
  | { readonly state: 'pending' }
  | QueuedState
  /** Another process, or another run of this one, makes the result. */
  | { readonly state: 'elsewhere' }
  | { readonly state: 'active'; readonly key: string; readonly controller: AbortController }
  | { readonly state: 'ended'; readonly summary: StageSummary };

/** The key is locked and the stage waits for threads. */
export interface QueuedState {
  readonly state: 'queued';
  readonly keyed: KeyedStage;
  readonly reasons: readonly RunReason[];
  readonly lock: Lock;
}

/** A stage with what the run knows of it. */
export interface StageNode {
  readonly stage: CheckedStage;
  /** Its place in the run's order. */
  readonly index: number;
  readonly forced: boolean;
  /** Changed by `StageGraph.move` alone. */
  state: NodeState;
  toldOfWaiting: boolean;
  /** Another run of this process makes the result; to the listener it is this run's. */
  adopted: boolean;
  /** How often a consumer found the result damaged. */
  repairs: number;
  /** What a consumer found damaged last. */
  lost: readonly LostArtifact[];
}

/** A stage at the beginning of a run. */
export function makeNode(stage: CheckedStage, index: number, forced: boolean): StageNode {
  return {
    stage,
    index,
    forced,
    state: { state: 'pending' },
    toldOfWaiting: false,
    adopted: false,
    repairs: 0,
    lost: [],
  };
}

/** How many stages ended how. */
export function countOutcomes(stages: readonly StageSummary[]): Readonly<Record<StageOutcome, number>> {
  const counts: Record<StageOutcome, number> = { hit: 0, done: 0, failed: 0, cancelled: 0, skipped: 0 };
  for (const { outcome } of stages) counts[outcome] += 1;
  return counts;
}
