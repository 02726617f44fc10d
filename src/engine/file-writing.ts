/** Files that are there whole or not at all, also after a power cut. */
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How much a file matters. */
export interface WriteOptions {
  /** Where the file is written before it gets its name; on the same file system. */
  readonly temporary: string;
  /** Wait until the file is on the disk. Default true; false for what can be lost, such as caches. */
  readonly durable?: boolean;
}

/** Writes a file under a temporary name, then gives it its name. */
export async function writeFileAtomically(
  path: string,
  contents: string | Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const { temporary, durable = true } = options;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(contents);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
}

/** Makes the names in a folder durable. Where folders cannot be opened (Windows) the file system sees to it itself. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
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

/** Whether an error comes from the file system, with one of these codes. */
export function isFileError(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
