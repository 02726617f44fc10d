/** What a file or folder of the command line turned out to be, told at the word that names it. */
import { UserError } from '../artifacts/user-error.js';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import { CommandLineError } from './exit-codes.js';

/**
 * Does the work that a word of the command line asked for. A `UserError` becomes a `CommandLineError` that points at the word,
 * unless it knows a line of a file, which says more.
 */
export async function blamingWord<Result>(
  word: string | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (word === undefined || !(error instanceof UserError) || error.details.line !== undefined) throw error;
    const { diagnosticCodes } = await import('../diagnostics/codes.js');
    const { code, message, found, expected, help } = error.details;
    const isKnown = (text: string): text is DiagnosticCode => Object.hasOwn(diagnosticCodes, text);
    if (code === undefined || !isKnown(code)) throw error;
    throw new CommandLineError(code, withoutStop(message), {
      written: word,
      ...(found !== undefined && { found }),
      ...(expected !== undefined && { expected }),
      ...(help !== undefined && { help }),
    });
  }
}

function withoutStop(message: string): string {
  return message.replace(/\.$/, '');
}
