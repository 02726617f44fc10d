import { UserError } from '../artifacts/user-error.js';
import { isFileError } from './file-writing.js';

/** What the codes of the file system mean to a user, and what to do. */
const explanations: Readonly<Record<string, { readonly message: string; readonly help: string }>> = {
  ENOSPC: { message: 'The disk is full', help: 'Free some space, or remove old results: roux cache gc' },
  EDQUOT: {
    message: 'The disk quota is used up',
    help: 'Free some space, or remove old results: roux cache gc',
  },
  EACCES: { message: 'Permission denied', help: 'Check who owns the file and its folder' },
  EPERM: { message: 'Operation not permitted', help: 'Check who owns the file and its folder' },
  EROFS: { message: 'The file system is read-only', help: 'Name a store elsewhere: --store or ROUX_STORE' },
  EIO: {
    message: 'The disk reported an input/output error',
    help: 'Check the disk; results stored before are kept',
  },
  EMFILE: { message: 'Too many open files', help: 'Raise the limit: ulimit -n' },
  ENFILE: { message: 'Too many open files on this machine', help: 'End other programs and run again' },
  ENAMETOOLONG: { message: 'A file name is too long', help: 'Shorten the name' },
};

/**
 * What the file system refused, as something for the user: full disk, missing permission, broken disk. `undefined` for
 * other errors. `doing` completes 'while ...'.
 */
export function fileSystemError(error: unknown, doing: string): UserError | undefined {
  if (!isFileError(error, ...Object.keys(explanations))) return undefined;
  const code = String(error.code);
  const explanation = explanations[code];
  if (explanation === undefined) return undefined;
  return new UserError(
    {
      message: `${explanation.message} while ${doing}`,
      code: `disk/${code.toLowerCase()}`,
      help: explanation.help,
      ...(error.path === undefined ? {} : { found: error.path }),
    },
    { cause: error },
  );
}
