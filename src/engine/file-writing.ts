/** Files that are there whole or not at all, also after a power cut. */
import { closeSync, fsync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** Waits until an open file is on the disk. Everything else about small files takes less time than asking another thread for it. */
export const syncFile = promisify(fsync);

/** How much a file matters. */
export interface WriteOptions {
  /** Where the file is written before it gets its name; on the same file system. */
  readonly temporary: string;
  /** Wait until the file is on the disk. Default true; false for what can be lost, such as caches. */
  readonly durable?: boolean;
  /** Folders whose names have to be on the disk before this file has its own. */
  readonly after?: readonly string[];
}

/** Writes a file under a temporary name, then gives it its name. */
export async function writeFileAtomically(
  path: string,
  contents: string | Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const { temporary, durable = true, after = [] } = options;
  try {
    const file = openSync(temporary, 'w');
    try {
      writeFileSync(file, contents);
      // At the same time, so that a journal is written once for all of them.
      if (durable) await Promise.all([syncFile(file), ...after.map(syncFolder)]);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    removeIfPossible(temporary);
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
}

/** What is left is removed by the next process that opens the store. */
function removeIfPossible(path: string): void {
  try {
    unlinkSync(path);
  } catch {}
}

/** Makes the names in a folder durable. Where folders cannot be opened (Windows) the file system sees to it itself. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const opened = openSync(folder, 'r');
    try {
      await syncFile(opened);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if (!isFileError(error, ...noFolderSync)) throw error;
  }
}

/** What file systems say that know of no folders to be synced; a refusal is something else wherever folders can be opened. */
const noFolderSync = [
  ...['EISDIR', 'EINVAL', 'ENOTSUP', 'EBADF'],
  ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : []),
];

/** Reads a text file; `undefined` when there is none. */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(ignoreMissing);
}

/** The names of the folders in a folder, sorted; what else may lie there (`.DS_Store`) is left out. */
export async function listFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** Parses JSON; `undefined` for what is none (half written, damaged). */
export function parseJsonSafely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** For `catch`: lets pass that something is not there. */
export function ignoreMissing(error: unknown): undefined {
  if (isFileError(error, 'ENOENT', 'ENOTDIR')) return undefined;
  throw error;
}

/** Whether an error is what the operating system answered, whatever that was. */
export function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/** Whether an error comes from the file system, with one of these codes. */
export function isFileError(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
