/** The engine: plans a checked recipe against a store, runs what is missing, remembers. */
export type * from './api.js';
export type { RunEvent, RunEventBody, StageFailure, StageOutcome } from './events.js';
export { explainStage } from './explain-stage.js';
export { type KeyPart, type ResultOrigin, rootCauses, type StageExplanation } from './explanation.js';
export { collectGarbage } from './gc.js';
export type { Plan, RunReason, StagePlan } from './plan.js';
export { planRecipe } from './planner.js';
export type { ResultRecord, StoredArtifact } from './result-record.js';
export { runRecipe } from './run.js';
export { listRuns, readRun, readRunEvents } from './run-record.js';
export { findRun, type RunAnswer } from './run-reference.js';
export { runSweep, type SweepEvent, type SweepOptions } from './run-sweep.js';
export { defaultStoreFolder, openStore, type Store } from './store.js';
export { listResults } from './stored-results.js';
export {
  listSweeps,
  readSweep,
  type SweepGoal,
  type SweepRecord,
  type SweepStopping,
  type TrialRecord,
  type TrialRun,
  writeSweep,
} from './sweep-record.js';
export { keysOfTaggedRuns, listTags, type RunTag, readTag, removeTag, tagRun } from './tags.js';
export { verifyStore } from './verify.js';
export { watchRecipe } from './watch.js';
export { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from './worker-pool.js';
