/**
 * A stage process: runs one stage after another, as the engine asks. Its own process group, so that the engine can end it
 * with everything it started.
 */
import { Worker } from 'node:worker_threads';
import { describeFailure } from '../stage-failure.js';
import { Cancellation } from './cancellation.js';
import { endProcessGroup } from './process-group.js';
import type { MessageFromWorker, MessageToWorker } from './protocol.js';
import { runTask } from './run-task.js';

let current: { readonly id: number; readonly cancellation: Cancellation } | undefined;

/** Set by the watchdog thread to the number of the task that is to end, also while this thread is busy. */
const cancelled = new Int32Array(new SharedArrayBuffer(4));

process.on('message', (message: MessageToWorker) => {
  if (message.type === 'cancel') {
    if (current?.id === message.id) current.cancellation.cancel();
    return;
  }
  const { id, task } = message;
  const cancellation = new Cancellation(() => Atomics.load(cancelled, 0) === id);
  current = { id, cancellation };
  void runTask(task, cancellation, {
    progress: (progress) => send({ type: 'progress', id, progress }),
    log: (level, text) => send({ type: 'log', id, level, message: text }),
  }).then((end) => {
    current = undefined;
    send({ type: 'end', id, end });
  });
});

// The engine is gone, and with it everybody who could use what this process computes.
process.on('disconnect', endProcessGroup);

process.on('uncaughtException', (error) => {
  if (current !== undefined) {
    send({
      type: 'end',
      id: current.id,
      end: { state: 'failed', failure: describeFailure(error, 'running') },
    });
  }
  console.error(error);
  process.disconnect();
});

new Worker(new URL('./watchdog.js', import.meta.url), {
  workerData: cancelled,
  execArgv: [],
  resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
}).unref();

function send(message: MessageFromWorker): void {
  if (process.connected) process.send?.(message);
}
