/** Ends a command when the user or the system says so, or nobody takes its output. */
import { writeSync } from 'node:fs';
import { fileSystemError } from '../engine/fs-failure.js';
import { exitCodes } from './exit-codes.js';

/** What can end a command from outside: signals, a closed pipe, an output that cannot be written. */
export type InterruptionCause = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'EPIPE' | 'output';

/** One command's way to be told; made by `interruptible`. */
export interface Interruption {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** What aborted it; undefined while nothing has. */
  readonly cause: () => InterruptionCause | undefined;
}

const active = new Set<(cause: InterruptionCause) => void>();

/**
 * Runs a command that ends cleanly when it is interrupted: the first signal aborts `signal`, a second one ends
 * the process at once.
 */
export async function interruptible<Result>(
  command: (interruption: Interruption) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let cause: InterruptionCause | undefined;
  const interrupt = (next: InterruptionCause): void => {
    if (cause !== undefined && next !== 'EPIPE' && next !== 'output') process.exit(exitCodeOf(next));
    cause ??= next;
    controller.abort(new Error(`interrupted by ${next}`));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const handlers = signals.map((name) => [name, () => interrupt(name)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  active.add(interrupt);
  try {
    return await command({ signal: controller.signal, cause: () => cause });
  } finally {
    active.delete(interrupt);
    for (const [name, handler] of handlers) process.off(name, handler);
  }
}

/** The exit code for a cause. */
export function exitCodeOf(cause: InterruptionCause): number {
  switch (cause) {
    case 'SIGINT':
      return exitCodes.interrupted;
    case 'SIGTERM':
      return exitCodes.terminated;
    case 'SIGHUP':
      return 129;
    case 'EPIPE':
      return exitCodes.brokenPipe;
    case 'output':
      return exitCodes.failed;
  }
}

/**
 * What it does to the program when its output cannot be written: the running command is interrupted, and where there is none the
 * process ends. With a closed pipe (`roux run | head`) quietly, with a full disk it is told. Other failures are thrown.
 */
export function handleOutputError(error: NodeJS.ErrnoException): void {
  const cause = error.code === 'EPIPE' ? 'EPIPE' : 'output';
  if (cause === 'output') tellOnce(error);
  if (active.size === 0) process.exit(exitCodeOf(cause));
  for (const interrupt of active) interrupt(cause);
}

let isTold = false;

function tellOnce(error: NodeJS.ErrnoException): void {
  const known = fileSystemError(error, 'writing the output');
  if (known === undefined) throw error;
  if (isTold) return;
  isTold = true;
  try {
    writeSync(2, `error: ${known.message} [${known.details.code}]\n`);
  } catch {
    // The errors go to the same full disk.
  }
}
