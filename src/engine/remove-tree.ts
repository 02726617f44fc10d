import { rmdirSync } from 'node:fs';
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing, isFileError } from './file-writing.js';

/** Removes a file or folder, also one with read-only folders in it, as stages of others may make them. */
export async function removeTree(path: string): Promise<void> {
  if (removeEmpty(path)) return;
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await makeWritable(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** What a stage that went well leaves of its temporary folders; without asking another thread. */
function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return isFileError(error, 'ENOENT');
  }
}

async function makeWritable(path: string): Promise<void> {
  const stats = await lstat(path).catch(ignoreMissing);
  if (stats === undefined || !stats.isDirectory()) return;
  await chmod(path, 0o755);
  for (const name of await readdir(path)) await makeWritable(join(path, name));
}
