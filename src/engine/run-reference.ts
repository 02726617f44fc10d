/** Which run is meant by what people type. */
import { resolve } from 'node:path';
import type { RunRecord } from './api.js';
import { listRuns, readRun, runIds } from './run-record.js';
import type { Store } from './store.js';
import { readTag } from './tags.js';

/** A run, or the runs that a shortened identifier could mean. */
export type RunAnswer =
  | { readonly state: 'found'; readonly run: RunRecord }
  | { readonly state: 'missing' }
  | { readonly state: 'ambiguous'; readonly candidates: readonly string[] };

/**
 * Finds a run by its tag, its identifier or the beginning of it, `latest` or `latest~2` (the third newest), or by a recipe:
 * `recipe.yaml` is its newest run, `recipe.yaml~1` the one before. Recipes are relative to `directory`.
 */
export async function findRun(store: Store, written: string, directory: string): Promise<RunAnswer> {
  const tag = await readTag(store, written);
  const exact = await readRun(store, tag?.run ?? written);
  if (exact !== undefined) return { state: 'found', run: exact };
  const back = /^(?<base>.+)~(?<count>\d+)$/.exec(written)?.groups;
  const base = back?.base ?? written;
  const steps = Number(back?.count ?? 0);
  if (base === 'latest') return found((await listRuns(store))[steps]);
  if (/\.ya?ml$/.test(base)) {
    const file = resolve(directory, base);
    return found((await listRuns(store)).filter(({ recipe }) => recipe === file)[steps]);
  }
  const candidates = (await runIds(store)).filter((id) => id.startsWith(written));
  const [only, ...others] = candidates;
  if (only === undefined || written === '') return { state: 'missing' };
  return others.length > 0 ? { state: 'ambiguous', candidates } : found(await readRun(store, only));
}

function found(run: RunRecord | undefined): RunAnswer {
  return run === undefined ? { state: 'missing' } : { state: 'found', run };
}
