/** Clears what killed processes left behind; done whenever a store is opened. */
import { lstat } from 'node:fs/promises';
import { ignoreMissing } from './file-writing.js';
import { folderBytes } from './folder-bytes.js';
import { isLocked, sweepLocks, tryLock } from './locks.js';
import { forgetDeadProcesses } from './presence.js';
import { removeTree } from './remove-tree.js';
import { runIds } from './run-record.js';
import { lstatIfThere, namesIn } from './small-files.js';
import type { Store } from './store.js';

/** Records of runs beyond this number go without being asked for; somebody who watches all day makes hundreds. */
const keptRuns = 500;

/** So many more may be there before they go: finding the oldest takes longer than a run that finds everything. */
const surplusRuns = 50;

/** Checkpoints of stages that were broken off take no more than this; the newest stays in any case. */
const keptScratchBytes = 4e9;

/** So many things of killed processes are named. */
const namedLeftovers = 3;

/** Removes temporary files and locks of dead processes, checkpoints of complete results, and very old run records. */
export async function sweepStore(store: Store): Promise<readonly string[]> {
  const left = [...(await sweepLocks(store)), ...(await forgetDeadProcesses(store.folder))];
  if (left.length > 0) {
    const more = left.length > namedLeftovers ? ` and ${left.length - namedLeftovers} more` : '';
    store.troubles.note(
      `Processes that ended early left things in the store, which were removed: ${left.slice(0, namedLeftovers).join(', ')}${more}`,
    );
  }
  return [...left, ...(await sweepScratch(store)), ...(await sweepRuns(store))];
}

/** Whether `sweepStore` would find nothing to do: nobody else works with the store, and nothing was left in it. */
export function isSwept(store: Store): boolean {
  const names = (part: string) => namesIn(store.path(part));
  return (
    ['locks', 'processes', 'tmp'].every((part) => names(part).length === 0) &&
    names('scratch').every((key) => lstatIfThere(store.resultFile(key)) === undefined) &&
    names('runs').length <= keptRuns + surplusRuns
  );
}

async function sweepScratch(store: Store): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const key of namesIn(store.path('scratch'))) {
    const result = await lstat(store.resultFile(key)).catch(ignoreMissing);
    if (result === undefined || (await isLocked(store, key))) continue;
    await removeTree(store.scratchFolder(key));
    removed.push(`scratch/${key}`);
  }
  return removed;
}

/**
 * Keeps the checkpoints that cancelled and killed stages left small: the oldest ones go beyond `keptScratchBytes`. Somebody who
 * watches a recipe and edits it breaks off one training after the other, each of another key.
 */
export async function limitScratch(store: Store, limit = keptScratchBytes): Promise<void> {
  const left: { readonly key: string; readonly bytes: number; readonly time: number }[] = [];
  for (const key of namesIn(store.path('scratch'))) {
    const stats = await lstat(store.scratchFolder(key)).catch(ignoreMissing);
    if (stats === undefined || (await isLocked(store, key))) continue;
    left.push({ key, bytes: await folderBytes(store.scratchFolder(key)), time: stats.mtimeMs });
  }
  let bytes = 0;
  for (const [index, found] of left.sort((a, b) => b.time - a.time).entries()) {
    bytes += found.bytes;
    if (index === 0 || bytes <= limit) continue;
    const answer = await tryLock(store, found.key);
    if (answer.state === 'busy') continue;
    await removeTree(store.scratchFolder(found.key));
    await answer.lock.release();
  }
}

async function sweepRuns(store: Store): Promise<readonly string[]> {
  // Sorting takes longer than counting.
  if (namesIn(store.path('runs')).length <= keptRuns + surplusRuns) return [];
  const old = (await runIds(store)).slice(keptRuns);
  for (const id of old) await removeTree(store.path('runs', id));
  return old.map((id) => `runs/${id}`);
}
