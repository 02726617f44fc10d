import type { DiagnosticCode } from '../diagnostics/codes.js';

/** What the exit code of `roux` says. */
export const exitCodes = {
  done: 0,
  /** A stage failed, an `expect` did not hold, a check found damage. */
  failed: 1,
  /** The recipe or the command line is wrong; nothing ran. */
  wrong: 2,
  interrupted: 130,
  terminated: 143,
  /** Nobody reads the output any more; what shells report for a process that a closed pipe ended. */
  brokenPipe: 141,
} as const;

/** What a `CommandLineError` says besides its message. */
interface CommandLineErrorDetails {
  readonly found?: string;
  readonly expected?: string;
  /** What to do about it. */
  readonly help?: string;
  /** The word of the command line that is to blame. */
  readonly written?: string;
}

/** A command line that cannot be carried out: shown without a stack, exit code 2. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';

  constructor(
    readonly code: DiagnosticCode,
    message: string,
    readonly details: CommandLineErrorDetails = {},
  ) {
    super(message);
  }
}
