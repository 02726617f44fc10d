import { UserError } from '../artifacts/user-error.js';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import { isFileError } from './file-writing.js';

interface Explanation {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly help: string;
}

/** What the codes of the file system mean to a user, and what to do. */
const explanations: Readonly<Record<string, Explanation>> = {
  ENOSPC: {
    code: 'disk/enospc',
    message: 'The disk is full',
    help: 'Free some space, or remove old results: roux cache gc',
  },
  EDQUOT: {
    code: 'disk/edquot',
    message: 'The disk quota is used up',
    help: 'Free some space, or remove old results: roux cache gc',
  },
  EFBIG: {
    code: 'disk/efbig',
    message: 'A file is larger than the system allows',
    help: 'Raise the limit (ulimit -f), or name a store on another file system: --store or ROUX_STORE',
  },
  EACCES: {
    code: 'disk/eacces',
    message: 'Permission denied',
    help: 'Check who owns the file and its folder',
  },
  EPERM: {
    code: 'disk/eperm',
    message: 'Operation not permitted',
    help: 'Check who owns the file and its folder',
  },
  EROFS: {
    code: 'disk/erofs',
    message: 'The file system is read-only',
    help: 'Name a store elsewhere: --store or ROUX_STORE',
  },
  EIO: {
    code: 'disk/eio',
    message: 'The disk reported an input/output error',
    help: 'Check the disk; results stored before are kept',
  },
  EMFILE: { code: 'disk/emfile', message: 'Too many open files', help: 'Raise the limit: ulimit -n' },
  ENFILE: {
    code: 'disk/enfile',
    message: 'Too many open files on this machine',
    help: 'End other programs and run again',
  },
  ENAMETOOLONG: { code: 'disk/enametoolong', message: 'A file name is too long', help: 'Shorten the name' },
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
      code: explanation.code,
      help: explanation.help,
      ...(error.path === undefined ? {} : { found: error.path }),
    },
    { cause: error },
  );
}
