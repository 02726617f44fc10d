import { stat } from 'node:fs/promises';
import type { StoredResult } from './api.js';
import { ignoreMissing } from './file-writing.js';
import { listHistory } from './history.js';
import { recipeFromStore } from './recipe-path.js';
import { listKeys, readResult } from './results.js';
import type { Store } from './store.js';
import { listSweeps } from './sweep-record.js';

/** Every result in the store, the one used last first. Damaged ones are left out. */
export async function listResults(store: Store): Promise<readonly StoredResult[]> {
  const users = new Map<string, { readonly recipe: string; readonly stage: string }[]>();
  for (const entry of await listHistory(store)) {
    const user = { recipe: recipeFromStore(store, entry.recipe), stage: entry.stage };
    users.set(entry.key, [...(users.get(entry.key) ?? []), user]);
  }
  // A stage has one last result; the trials of a sweep have one each.
  for (const { recipe, trials } of await listSweeps(store)) {
    for (const { keys } of trials.flatMap(({ runs }) => runs)) {
      for (const [stage, key] of Object.entries(keys)) {
        const known = users.get(key) ?? [];
        if (known.some((user) => user.recipe === recipe && user.stage === stage)) continue;
        users.set(key, [...known, { recipe, stage }]);
      }
    }
  }
  const results: StoredResult[] = [];
  for (const key of await listKeys(store)) {
    const answer = await readResult(store, key);
    const stats = await stat(store.resultFile(key)).catch(ignoreMissing);
    if (answer.state !== 'found' || stats === undefined) continue;
    const artifacts = Object.values(answer.record.outputs);
    let complete = true;
    for (const { digest } of artifacts) {
      if ((await stat(store.artifactFolder(digest)).catch(ignoreMissing)) === undefined) complete = false;
    }
    results.push({
      key,
      record: answer.record,
      bytes: artifacts.reduce((sum, { bytes }) => sum + bytes, 0),
      complete,
      lastUsed: stats.mtimeMs,
      usedBy: users.get(key) ?? [],
    });
  }
  return results.sort((a, b) => b.lastUsed - a.lastUsed || (a.key < b.key ? -1 : 1));
}
