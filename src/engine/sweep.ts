/** Clears what killed processes left behind; done whenever a store is opened. */
import { lstat, readdir } from 'node:fs/promises';
import { ignoreMissing } from './file-writing.js';
import { isLocked, sweepLocks } from './locks.js';
import { forgetDeadProcesses } from './presence.js';
import { removeTree } from './remove-tree.js';
import { runIds } from './run-record.js';
import type { Store } from './store.js';

/** Records of runs beyond this number go without being asked for; somebody who watches all day makes hundreds. */
const keptRuns = 500;

/** Removes temporary files and locks of dead processes, checkpoints of complete results, and very old run records. */
export async function sweepStore(store: Store): Promise<readonly string[]> {
  return [
    ...(await sweepLocks(store)),
    ...(await forgetDeadProcesses(store.folder)),
    ...(await sweepScratch(store)),
    ...(await sweepRuns(store)),
  ];
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

async function sweepRuns(store: Store): Promise<readonly string[]> {
  // Sorting takes longer than counting.
  if ((await readdir(store.path('runs'))).length <= keptRuns) return [];
  const old = (await runIds(store)).slice(keptRuns);
  for (const id of old) await removeTree(store.path('runs', id));
  return old.map((id) => `runs/${id}`);
}
