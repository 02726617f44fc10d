/** Files that the command line names, written. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CommandLineError } from './exit-codes.js';

/** How a file is written. */
export interface WriteFileOptions {
  /** Whether a file that is there is written anew. Default true. */
  readonly overwrite?: boolean;
}

/**
 * Writes a file, its folders included, that the command line names; gives its absolute path. Throws a `CommandLineError`
 * where the file system refuses for a reason that the user can do something about.
 */
export async function writeFileIn(
  directory: string,
  written: string,
  text: string,
  { overwrite = true }: WriteFileOptions = {},
): Promise<string> {
  const file = resolve(directory, written);
  try {
    await mkdir(dirname(file), { recursive: true });
  } catch (error) {
    throw explain(error, written, { ...refusals, EEXIST: noFolder });
  }
  try {
    await writeFile(file, text, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw explain(error, written, refusals);
    throw new CommandLineError('command/file-exists', `${written} exists, and is not overwritten`, {
      written,
      help: 'name another file with --output',
    });
  }
  return file;
}

const noFolder = 'a part of its path is no folder';

/** What the file system says, in the words of users. */
const refusals: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: noFolder,
  ENAMETOOLONG: 'its name is too long',
  ENOSPC: 'the disk is full',
};

function explain(error: unknown, written: string, reasons: Readonly<Record<string, string>>): unknown {
  const reason = reasons[codeOf(error) ?? ''];
  if (reason === undefined) return error;
  return new CommandLineError('command/option-value', `${written} cannot be written: ${reason}`, {
    written,
    help: 'name another file with --output',
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
