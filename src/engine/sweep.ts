/** Clears what killed processes left behind; done whenever a store is opened. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from './file-writing.js';
import { isLocked, sweepLocks } from './locks.js';
import { forgetDeadProcesses } from './presence.js';
import type { Store } from './store.js';

/** Removes temporary files and locks of dead processes, and checkpoints of results that are complete. */
export async function sweepStore(store: Store): Promise<readonly string[]> {
  return [
    ...(await sweepLocks(store)),
    ...(await forgetDeadProcesses(store.folder)),
    ...(await sweepScratch(store)),
  ];
}

/** Removes a folder with read-only folders in it, as stages of others may make them. */
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

async function sweepScratch(store: Store): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const key of await readdir(store.path('scratch'))) {
    const result = await lstat(store.resultFile(key)).catch(ignoreMissing);
    if (result === undefined || (await isLocked(store, key))) continue;
    await removeTree(store.scratchFolder(key));
    removed.push(`scratch/${key}`);
  }
  return removed;
}
