/** Errors as failures of a stage: what the user did wrong is told apart from what we did. */
import { UserError, type UserErrorDetails } from '../artifacts/user-error.js';
import type { StageFailure } from './events.js';
import { isObject } from './foreign-data.js';
import { fileSystemError } from './fs-failure.js';

/** An error as a failure. `doing` completes 'while ...' for what the file system refused. */
export function describeFailure(error: unknown, doing: string): StageFailure {
  const details = userErrorDetails(error) ?? fileSystemError(error, doing)?.details;
  if (details !== undefined) return { kind: 'user', ...details };
  if (!(error instanceof Error))
    return { kind: 'bug', message: `Something that is no error was thrown: ${String(error)}` };
  return { kind: 'bug', message: error.message, stack: stackWithCauses(error) };
}

/** Plugins bundle their own copy of the class, so its name decides. */
function userErrorDetails(error: unknown): UserErrorDetails | undefined {
  if (error instanceof UserError) return error.details;
  if (!(error instanceof Error) || error.name !== 'UserError' || !('details' in error)) return undefined;
  const { details } = error;
  if (!isObject(details)) return undefined;
  const text = (name: string) => (typeof details[name] === 'string' ? { [name]: details[name] } : {});
  const count = (name: string) => (typeof details[name] === 'number' ? { [name]: details[name] } : {});
  return {
    message: error.message,
    ...text('code'),
    ...text('found'),
    ...text('expected'),
    ...text('help'),
    ...text('file'),
    ...count('line'),
    ...count('column'),
  };
}

function stackWithCauses(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\nCaused by: ${stackWithCauses(error.cause)}` : stack;
}
