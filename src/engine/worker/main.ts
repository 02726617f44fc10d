/**
 * A stage process: runs one stage after another, as the engine asks. Its own process group, so that the engine can end it
 * with everything it started.
 *
 * Imports little by itself: until the handlers below are in place, the process would not notice that the engine died.
 */
import { Worker } from 'node:worker_threads';
import { CacheClient } from './cache-client.js';
import { Cancellation } from './cancellation.js';
import { endProcessGroup } from './process-group.js';
import type { MessageFromWorker, MessageToWorker, StageCode, StageTask } from './protocol.js';

let current:
  | { readonly id: number; readonly cancellation: Cancellation; readonly cache: CacheClient }
  | undefined;

/** Set by the watchdog thread to the number of the task that is to end, also while this thread is busy. */
const cancelled = new Int32Array(new SharedArrayBuffer(4));

// The engine is gone, and with it everybody who could use what this process computes.
process.on('disconnect', endProcessGroup);
if (!process.connected) endProcessGroup();

new Worker(new URL('./watchdog.js', import.meta.url), {
  workerData: cancelled,
  execArgv: [],
  resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
}).unref();

process.on('message', (message: MessageToWorker) => {
  if (message.type === 'run') void run(message.id, message.task);
  else if (message.type === 'prepare') void prepare(message.types);
  else if (current?.id !== message.id) return;
  else if (message.type === 'cancel') current.cancellation.cancel();
  else current.cache.receive(message.question, message.answer);
});

process.on('uncaughtException', (error) => {
  console.error(error);
  void reportUncaught(error);
});

async function run(id: number, task: StageTask): Promise<void> {
  const cancellation = new Cancellation(() => Atomics.load(cancelled, 0) === id);
  const cache = new CacheClient((question, ask) => send({ type: 'cache-question', id, question, ask }));
  current = { id, cancellation, cache };
  const { runTask } = await import('./run-task.js');
  const end = await runTask(task, cancellation, cache, {
    progress: (progress) => send({ type: 'progress', id, progress }),
    log: (level, text) => send({ type: 'log', id, level, message: text }),
  });
  current = undefined;
  send({ type: 'end', id, end });
}

/** Loads code ahead of the stage that needs it. What cannot be loaded is told when that runs. */
async function prepare(types: readonly StageCode[]): Promise<void> {
  await import('./run-task.js');
  const { loadStageDefinition } = await import('../../plugin/load-stage.js');
  for (const code of types) await loadStageDefinition(code).catch(() => undefined);
}

/** An exception that no promise of the stage leads to. The engine does not use the process again. */
async function reportUncaught(error: Error): Promise<void> {
  const { describeFailure } = await import('../stage-failure.js');
  if (current === undefined) process.exit(1);
  const failure = describeFailure(error, 'running');
  send({ type: 'end', id: current.id, end: { state: 'failed', failure } });
}

function send(message: MessageFromWorker): void {
  if (process.connected) process.send?.(message);
}
