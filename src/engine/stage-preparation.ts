/** Finds out, for a stage whose inputs are known, whether it has to run, and takes the lock of its key if so. */
import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import { quarantineArtifact } from './artifacts.js';
import type { RunEventBody, StageFailure } from './events.js';
import {
  explainRun,
  type KeyedStage,
  keyStage,
  type LostArtifact,
  lookUp,
  type PathMemory,
} from './inspection.js';
import { type Lock, tryLock } from './locks.js';
import type { RunReason } from './plan.js';
import type { KnownResult } from './provenance.js';
import type { ResultRecord } from './result-record.js';
import { setResultAside } from './results.js';
import { describeFailure } from './stage-failure.js';
import type { QueuedState, StageNode } from './stage-node.js';
import type { Store } from './store.js';

/** What the stages of a run share. */
export interface RunContext {
  readonly store: Store;
  readonly recipe: CheckedRecipe;
  /** Stages that ended well. */
  readonly results: ReadonlyMap<string, KnownResult>;
  readonly paths: PathMemory;
  /** Stages that ran in this run. */
  readonly ranAgain: ReadonlySet<string>;
  readonly emit: (event: RunEventBody) => void;
}

/** What is to be done about a stage. */
export type Preparation =
  | { readonly state: 'hit'; readonly keyed: KeyedStage; readonly record: ResultRecord }
  | QueuedState
  | {
      readonly state: 'elsewhere';
      readonly keyed: KeyedStage;
      readonly pid: number;
      /** Another run of this process has it. */
      readonly ours: boolean;
      readonly reasons: readonly RunReason[];
    }
  | { readonly state: 'failed'; readonly failure: StageFailure };

/** Prepares a stage; never rejects for what the project or the disk does. */
export async function prepareStage(node: StageNode, context: RunContext): Promise<Preparation> {
  let lock: Lock | undefined;
  try {
    const { store, recipe, results, paths } = context;
    const keyed = await keyStage(store, recipe, node.stage, results, paths);
    const { key } = keyed;
    const found = await lookUp(store, key);
    if (found.state === 'hit' && !node.forced) return { state: 'hit', keyed, record: found.record };
    const lost = found.state === 'missing' ? found.lost : [];
    await setAsideDamaged(node, key, lost, context);
    const reasons = await explain(node, keyed, lost.length > 0 ? lost : node.lost, context);
    const answer = await tryLock(store, key);
    if (answer.state === 'busy') {
      return { state: 'elsewhere', keyed, pid: answer.pid, ours: answer.ours, reasons };
    }
    lock = answer.lock;
    // Whoever had the lock until now may have left a result.
    const made = await lookUp(store, key);
    if (made.state === 'missing' || node.forced) return { state: 'queued', keyed, reasons, lock };
    await lock.release();
    return { state: 'hit', keyed, record: made.record };
  } catch (error) {
    await lock?.release();
    return { state: 'failed', failure: describeFailure(error, `preparing stage ${node.stage.name}`) };
  }
}

async function explain(
  node: StageNode,
  keyed: KeyedStage,
  lost: readonly LostArtifact[],
  { store, recipe, ranAgain }: RunContext,
): Promise<readonly RunReason[]> {
  if (node.forced) return [{ kind: 'forced', text: 'forced' }];
  return explainRun(store, recipe, node.stage, keyed, lost, (name) => ranAgain.has(name));
}

async function setAsideDamaged(
  { stage }: StageNode,
  key: string,
  lost: readonly LostArtifact[],
  { store, emit }: RunContext,
): Promise<void> {
  for (const { port, digest, damaged, setAside, detail } of lost) {
    if (!damaged || setAside === true) continue;
    if (digest !== undefined) await quarantineArtifact(store, digest, detail);
    else await setResultAside(store, key, detail);
    emit({ event: 'artifact-damaged', stage: stage.name, port, detail });
  }
}
