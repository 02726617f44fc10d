/**
 * A thread that listens while the stage's thread is busy in native code: it passes on that a task is cancelled, and ends
 * the process when the engine is gone (the control pipe then ends, however the engine died).
 */
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import { endProcessGroup } from './process-group.js';
import { controlPipe } from './protocol.js';

const cancelled: Int32Array = workerData;
let text = '';

new Socket({ fd: controlPipe, readable: true, writable: false })
  .on('data', (chunk: Buffer) => {
    text += chunk.toString('ascii');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    // Each line is the number of a task that is to end.
    for (const line of lines) Atomics.store(cancelled, 0, Number(line));
  })
  .on('error', endProcessGroup)
  .on('close', endProcessGroup);
