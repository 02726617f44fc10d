/** Runs one stage in this process. */
import { codeIdentity } from '../../plugin/code-identity.js';
import type { InputArtifact, Progress, RuntimeChoice, StageDefinition } from '../../plugin/define-stage.js';
import { loadStageDefinition } from '../../plugin/load-stage.js';
import { sealFolder } from '../artifacts.js';
import type { FileDigest } from '../digests.js';
import { describeFailure } from '../stage-failure.js';
import type { CacheClient } from './cache-client.js';
import type { Cancellation } from './cancellation.js';
import type { StageTask, TaskEnd } from './protocol.js';
import { checkResult } from './stage-result.js';

/** Where a stage's words go. */
export interface StageListener {
  progress(progress: Progress): void;
  log(level: 'info' | 'warning', message: string): void;
}

/** Progress is told at most this often; drawing it more often helps nobody. */
const progressIntervalMs = 100;

/** Runs a stage to its end; never throws. */
export async function runTask(
  task: StageTask,
  cancellation: Cancellation,
  cache: CacheClient,
  listener: StageListener,
): Promise<TaskEnd> {
  try {
    const definition = await loadStageDefinition(task);
    cancellation.signal.throwIfAborted();
    const result = await definition.run(makeContext(definition, task, cancellation, cache, listener));
    const outputs: Record<string, readonly FileDigest[]> = {};
    for (const [port, { path }] of Object.entries(task.outputs)) outputs[port] = await sealFolder(path);
    const { continuation } = task;
    const files = continuation === undefined ? [] : await sealFolder(continuation.state);
    return {
      state: 'done',
      outputs,
      ...(files.length > 0 ? { leaves: files } : {}),
      result: checkResult(result, (warning) => listener.log('warning', warning)),
    };
  } catch (error) {
    if (cancellation.requested) return { state: 'cancelled' };
    return { state: 'failed', failure: describeFailure(error, `running stage ${task.stage}`) };
  }
}

/** The runtime, with a place for functions that are compiled by code that is known: roux's and that of the stage. */
function runtimeOf({ tensors }: StageDefinition, { runtime, functions, source }: StageTask): RuntimeChoice {
  const code = tensors === true ? codeIdentity() : undefined;
  if (code === undefined) return runtime;
  const ofStage = source.from === 'plugin' ? ` ${source.digest}` : '';
  return { ...runtime, keptFunctions: { folder: functions, code: code + ofStage } };
}

function makeContext(
  definition: StageDefinition,
  task: StageTask,
  cancellation: Cancellation,
  cache: CacheClient,
  listener: StageListener,
): Parameters<StageDefinition['run']>[0] {
  const inputs: Record<string, InputArtifact | readonly InputArtifact[] | undefined> = {};
  for (const [port, { many }] of Object.entries(definition.inputs)) {
    const artifacts = task.inputs[port] ?? [];
    inputs[port] = many === true ? artifacts : artifacts[0];
  }
  let lastProgress = Number.NEGATIVE_INFINITY;
  return {
    settings: task.settings,
    // The checker saw to it that ports hold what the definition says.
    inputs: inputs as Parameters<StageDefinition['run']>[0]['inputs'],
    outputs: task.outputs,
    seed: task.seed,
    runtime: runtimeOf(definition, task),
    signal: cancellation.signal,
    scratch: task.scratch,
    ...(task.continuation === undefined ? {} : { continuation: task.continuation }),
    cache: {
      artifact: (entry, make) => cache.artifact(entry, make, cancellation.signal, sealFolder),
    },
    log: {
      info: (message) => listener.log('info', String(message)),
      warning: (message) => listener.log('warning', String(message)),
    },
    progress: (progress) => {
      cancellation.poll();
      const now = performance.now();
      const isLast = progress.total !== undefined && progress.done >= progress.total;
      if (!isLast && now - lastProgress < progressIntervalMs) return;
      lastProgress = now;
      listener.progress(progress);
    },
  };
}
