import { flushOutput } from './output/terminal.js';

/**
 * Ends the process. Results have been written by now; what may still be open (a pipe nobody reads, an idle child process) must
 * not keep the shell waiting.
 */
export function endProcess(exitCode: number): void {
  flushOutput(() => process.exit(exitCode));
}
