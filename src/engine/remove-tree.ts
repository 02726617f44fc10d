import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from './file-writing.js';

/** Removes a file or folder, also one with read-only folders in it, as stages of others may make them. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await makeWritable(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function makeWritable(path: string): Promise<void> {
  const stats = await lstat(path).catch(ignoreMissing);
  if (stats === undefined || !stats.isDirectory()) return;
  await chmod(path, 0o755);
  for (const name of await readdir(path)) await makeWritable(join(path, name));
}
