/** Runs one stage whose inputs are in the store, and publishes what it made. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContinuationFolders, InputArtifact, Progress } from '../plugin/define-stage.js';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import { checkArtifact, publishArtifact } from './artifacts.js';
import { canonicalJson } from './canonical-json.js';
import { continuationKey, findState, storeState } from './continuation.js';
import type { StageFailure } from './events.js';
import { type KeyedStage, readFiles } from './inspection.js';
import { KeptArtifacts } from './kept-artifacts.js';
import { protect } from './protection.js';
import { storeProvenance } from './provenance.js';
import { removeTree } from './remove-tree.js';
import type { ResultRecord, StoredArtifact } from './result-record.js';
import { writeResult } from './results.js';
import { lstatIfThere, namesIn } from './small-files.js';
import { describeFailure } from './stage-failure.js';
import type { Store } from './store.js';
import { limitScratch } from './sweep.js';
import type { CacheQuestion, StageTask, TaskEnd } from './worker/protocol.js';
import type { WorkerPool } from './worker-pool.js';

/** What is to be executed, and with what. */
export interface ExecutionRequest {
  readonly store: Store;
  readonly recipe: CheckedRecipe;
  readonly stage: CheckedStage;
  readonly keyed: KeyedStage;
  readonly pool: WorkerPool;
  readonly signal: AbortSignal;
  /** Digests that this run has verified byte by byte already, or made; added to. */
  readonly verified: Set<string>;
  /** Keys and digests that the run uses and nobody may remove from now on. */
  readonly uses: readonly string[];
  /** Begin from nothing even when checkpoints are there. */
  readonly fresh: boolean;
  readonly versions: Readonly<Record<string, string>>;
  readonly onStarted: (resumed: boolean) => void;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (level: 'info' | 'warning', message: string) => void;
  readonly onOutput: (text: string) => void;
}

/** An input that was found damaged or missing when it was about to be read. */
export interface LostInput {
  /** The stage that makes it. */
  readonly stage: string;
  readonly port: string;
  readonly digest: string;
  readonly damaged: boolean;
  readonly detail: string;
}

/** How an execution ended. */
export type ExecutionEnd =
  | { readonly state: 'done'; readonly record: ResultRecord }
  | { readonly state: 'failed'; readonly failure: StageFailure }
  | { readonly state: 'cancelled' }
  | { readonly state: 'inputs-lost'; readonly lost: readonly LostInput[] };

/** Lines of a stage's log that its result keeps. */
const keptLogLines = 20;

/** Runs the stage; never rejects for what the stage, the project or the disk does. */
export async function executeStage(request: ExecutionRequest): Promise<ExecutionEnd> {
  const { store, stage } = request;
  try {
    const lost = await findLostInputs(request);
    if (lost.length > 0) return { state: 'inputs-lost', lost };
    const temporary = await store.temporaryPath();
    try {
      return await executeIn(temporary, request);
    } finally {
      await removeTree(temporary);
    }
  } catch (error) {
    return { state: 'failed', failure: describeFailure(error, `storing the results of stage ${stage.name}`) };
  }
}

/** What is about to be read is verified byte by byte, since disks rot without changing a stamp. */
async function findLostInputs({
  store,
  keyed,
  verified,
  uses,
}: ExecutionRequest): Promise<readonly LostInput[]> {
  const lost: LostInput[] = [];
  const inputs = Object.values(keyed.inputs).flat();
  await protect(store, [...uses, ...inputs.map(({ artifact }) => artifact.digest)]);
  for (const { reference, artifact } of inputs) {
    if (verified.has(artifact.digest)) continue;
    const condition = await checkArtifact(store, artifact, 'contents');
    if (condition.state === 'sound') {
      verified.add(artifact.digest);
      continue;
    }
    const damaged = condition.state === 'damaged';
    const detail = damaged ? condition.detail : 'it is no longer in the store';
    lost.push({ stage: reference.stage, port: reference.port, digest: artifact.digest, damaged, detail });
  }
  return lost;
}

async function executeIn(temporary: string, request: ExecutionRequest): Promise<ExecutionEnd> {
  const { store, stage, keyed, pool } = request;
  const scratch = store.scratchFolder(keyed.key);
  const left = lstatIfThere(scratch);
  if (request.fresh || left?.isDirectory() === false) await removeTree(scratch);
  await limitScratch(store);
  mkdirSync(scratch, { recursive: true });
  const resumed = namesIn(scratch).length > 0;
  const prepared = await prepareTask(temporary, scratch, request);
  request.onStarted(resumed);

  const began = performance.now();
  const logTail: string[] = [];
  const warnings: string[] = [];
  const listener = {
    progress: request.onProgress,
    output: request.onOutput,
    cache: (question: CacheQuestion) => kept.answer(question),
    log: (level: 'info' | 'warning', message: string) => {
      if (level === 'warning') warnings.push(message);
      logTail.push(message);
      if (logTail.length > keptLogLines) logTail.shift();
      request.onLog(level, message);
    },
  };
  const onDamaged = (detail: string) => listener.log('warning', detail);
  const kept = new KeptArtifacts({ ...request, onDamaged });
  const continuation = await prepareContinuation(temporary, request, onDamaged);
  const task = continuation === undefined ? prepared : { ...prepared, continuation: continuation.folders };
  const end = await pool.run(task, listener, request.signal).finally(() => kept.close());
  if (end.state !== 'done') {
    // Without a checkpoint there is nothing to go on from.
    if (namesIn(scratch).length === 0) await removeTree(scratch);
    return end;
  }
  const changed = await findChangedFile(request);
  if (changed !== undefined) return { state: 'failed', failure: changed };

  const leavesState = continuation !== undefined && end.leaves !== undefined;
  const keptKeys = [...kept.keys, ...(leavesState ? [continuation.key] : [])];
  const origin = {
    stageType: stage.info.type,
    fingerprint: { ...keyed.data },
    finishedAt: new Date().toISOString(),
    versions: request.versions,
  };
  const durationMs = () => Math.round(performance.now() - began);
  const outputs = await publishOutputs(request, task, end);
  if (leavesState) {
    await storeState(store, continuation.folders.state, end.leaves, {
      ...origin,
      key: continuation.key,
      metrics: {},
      warnings: [],
      durationMs: durationMs(),
      logTail: [],
    });
  }
  const record: ResultRecord = {
    ...origin,
    key: keyed.key,
    outputs,
    metrics: end.result.metrics ?? {},
    ...(end.result.summary === undefined ? {} : { summary: end.result.summary }),
    ...(end.result.table === undefined ? {} : { table: end.result.table }),
    ...(keptKeys.length === 0 ? {} : { kept: keptKeys }),
    warnings,
    durationMs: durationMs(),
    logTail,
  };
  await writeResult(store, record);
  await removeTree(scratch);
  return { state: 'done', record };
}

/** The state to go on from, and a folder for the one to leave; undefined for stages that start anew every time. */
async function prepareContinuation(
  temporary: string,
  { store, stage, keyed, fresh }: ExecutionRequest,
  onDamaged: (detail: string) => void,
): Promise<{ readonly key: string; readonly folders: ContinuationFolders } | undefined> {
  const key = continuationKey(stage, keyed.data);
  if (key === undefined) return undefined;
  const state = join(temporary, '.continuation');
  mkdirSync(state);
  const previous = fresh ? undefined : await findState(store, key, onDamaged);
  return { key, folders: { state, ...(previous === undefined ? {} : { previous }) } };
}

async function prepareTask(
  temporary: string,
  scratch: string,
  request: ExecutionRequest,
): Promise<StageTask> {
  const { store, stage, keyed } = request;
  const inputs: Record<string, InputArtifact[]> = {};
  for (const [port, list] of Object.entries(keyed.inputs)) {
    inputs[port] = [];
    for (const { reference, artifact, digest, provenance } of list) {
      inputs[port].push({
        kind: artifact.kind,
        path: store.artifactFolder(artifact.digest),
        digest,
        ...(reference.part === undefined ? {} : { part: reference.part }),
        reference: reference.written,
        ...(provenance === undefined ? {} : { provenance: await storeProvenance(store, provenance) }),
      });
    }
  }
  const outputs: Record<string, { readonly kind: string; readonly path: string }> = {};
  for (const [port, { kind }] of Object.entries(stage.info.outputs)) {
    const path = join(temporary, encodeURIComponent(port));
    mkdirSync(path, { recursive: true });
    outputs[port] = { kind, path };
  }
  return {
    stage: stage.name,
    type: stage.info.type,
    source: stage.info.source,
    settings: stage.settings,
    inputs,
    outputs,
    seed: stage.seed,
    runtime: { name: stage.runtime, threads: stage.threads },
    functions: store.path('functions'),
    scratch,
    ...(stage.info.stopSeconds === undefined ? {} : { stopSeconds: stage.info.stopSeconds }),
  };
}

/** A file that changed while the stage may have been reading it would be stored under the key of the old contents. */
async function findChangedFile({ store, stage, keyed }: ExecutionRequest): Promise<StageFailure | undefined> {
  const now = await readFiles(store, stage, new Map());
  const pointer = Object.keys(now).find(
    (key) => canonicalJson(now[key]) !== canonicalJson(keyed.data.files[key]),
  );
  if (pointer === undefined) return undefined;
  const path = stage.paths.find((candidate) => candidate.pointer === pointer);
  return {
    kind: 'user',
    code: 'file/changed-meanwhile',
    message: `${path?.written ?? pointer} changed while stage ${stage.name} was reading it`,
    help: 'Run again when nothing writes to it any more',
  };
}

async function publishOutputs(
  { store, verified }: ExecutionRequest,
  task: StageTask,
  end: Extract<TaskEnd, { state: 'done' }>,
): Promise<Readonly<Record<string, StoredArtifact>>> {
  const outputs: Record<string, StoredArtifact> = {};
  for (const [port, { kind, path }] of Object.entries(task.outputs)) {
    outputs[port] = await publishArtifact(store, path, kind, end.outputs[port] ?? []);
    verified.add(outputs[port].digest);
  }
  return outputs;
}
