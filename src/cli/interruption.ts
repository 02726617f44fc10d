/** Ends a command when the user, the system or a closed pipe says so. */
import { exitCodes } from './exit-codes.js';

/** What can end a command from outside. */
export type InterruptionCause = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'EPIPE';

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
    if (cause !== undefined && next !== 'EPIPE') process.exit(exitCodeOf(next));
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
  }
}

/**
 * What a closed pipe (`roux run | head`) does to the program: it ends quietly. The running command is interrupted, and where there
 * is none the process ends. Any other failure of writing is thrown.
 */
export function handleBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  if (active.size === 0) process.exit(exitCodes.brokenPipe);
  for (const interrupt of active) interrupt('EPIPE');
}
