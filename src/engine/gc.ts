/** Garbage collection. */
import { existsSync } from 'node:fs';
import { readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { GarbageOptions, GarbageReport, StoredResult } from './api.js';
import { listArtifacts } from './artifacts.js';
import { ignoreMissing, listFolders } from './file-writing.js';
import { folderBytes } from './folder-bytes.js';
import {
  abandonedFiles,
  halfWrittenMs,
  oldFunctions,
  oldPages,
  oldRecipes,
  oldSweeps,
} from './garbage-notes.js';
import { isLocked } from './locks.js';
import { pinsOfLivingProcesses } from './presence.js';
import { beginCollection } from './protection.js';
import { removeTree } from './remove-tree.js';
import { readRun, runIds } from './run-record.js';
import type { Store } from './store.js';
import { listResults } from './stored-results.js';
import { keysOfTaggedRuns, listTags } from './tags.js';

/**
 * Removes what is no longer wanted: damaged and abandoned things always, results and their artifacts by age, size and
 * reachability. Never what a running process uses.
 */
export async function collectGarbage(store: Store, options: GarbageOptions = {}): Promise<GarbageReport> {
  const lock = await beginCollection(store);
  try {
    return await collect(store, options);
  } finally {
    await lock.release();
  }
}

async function collect(store: Store, options: GarbageOptions): Promise<GarbageReport> {
  const { dryRun = false, now = Date.now() } = options;
  const pins = new Set([
    ...(await pinsOfLivingProcesses(store.folder)),
    // A tag is a wish to keep.
    ...(await keysOfTaggedRuns(store)),
  ]);
  const results = await listResults(store);
  // What a kept result found on the way stays with it.
  for (const { key, record } of results) {
    if (pins.has(key)) for (const kept of record.kept ?? []) pins.add(kept);
  }
  const doomed = await chooseResults(store, results, pins, { ...options, now });
  const kept = results.filter((result) => !doomed.has(result));
  const keptDigests = new Set(kept.flatMap(digestsOf));
  const removedArtifacts = (await listArtifacts(store)).filter(
    (digest) => !keptDigests.has(digest) && !pins.has(digest),
  );
  const removedRuns = await oldRuns(store, options.olderThanMs, now);
  const debris = await findDebris(store, now, options.olderThanMs ?? 0);
  const age = { ...options, now };
  const removedSweeps = await oldSweeps(store, pins, age);
  const removedPages = await oldPages(store, removedSweeps, age);
  const recipes = options.recipes ?? store.path('recipes');
  const removedRecipes = await oldRecipes(recipes, age);
  const caches = dirname(recipes);
  const abandoned = await abandonedFiles(caches, age);
  const stale = await staleNotes(store, kept, new Set(removedArtifacts), now);
  const functions = await oldFunctions(store, age);

  let freedBytes = 0;
  const remove = async (path: string) => {
    freedBytes += await folderBytes(path);
    if (!dryRun) await removeWhole(store, path);
  };
  for (const { key } of doomed) await remove(store.resultFile(key));
  for (const digest of removedArtifacts) await remove(store.artifactFolder(digest));
  for (const run of removedRuns) await remove(store.path('runs', run));
  const sweeps = removedSweeps.map((id) => `sweeps/${id}.json`);
  for (const path of [...sweeps, ...removedPages, ...debris, ...stale, ...functions])
    await remove(store.path(path));
  const cached = [
    ...removedRecipes.map((name) => join(recipes, name)),
    ...abandoned.map((name) => join(caches, name)),
  ];
  for (const path of cached) {
    freedBytes += await folderBytes(path);
    // The caches may be on another disk than the store.
    if (!dryRun) await removeTree(path);
  }
  return {
    dryRun,
    removedResults: [...doomed],
    removedArtifacts,
    removedRuns,
    removedSweeps,
    removedPages,
    removedRecipes,
    removedDebris: [...debris, ...abandoned],
    freedBytes,
    keptResults: kept.length,
    keptBytes: bytesOnce(kept),
  };
}

async function chooseResults(
  store: Store,
  results: readonly StoredResult[],
  pins: ReadonlySet<string>,
  options: GarbageOptions & { readonly now: number },
): Promise<ReadonlySet<StoredResult>> {
  const { olderThanMs, maxBytes, unreachable, now } = options;
  const doomed = new Set<StoredResult>();
  const free: StoredResult[] = [];
  for (const result of results) {
    const used = pins.has(result.key) || digestsOf(result).some((digest) => pins.has(digest));
    if (!used && !(await isLocked(store, result.key))) free.push(result);
  }
  const isReached = ({ usedBy }: StoredResult) => usedBy.some(({ recipe }) => existsSync(recipe));
  const reached = new Set(
    results.filter(isReached).flatMap(({ key, record }) => [key, ...(record.kept ?? [])]),
  );
  for (const result of free) {
    const old = olderThanMs !== undefined && now - result.lastUsed > olderThanMs;
    const unreached = unreachable === true && !reached.has(result.key);
    if (old || unreached || !result.complete) doomed.add(result);
  }
  if (maxBytes !== undefined) {
    // `results` begins with what was used last.
    for (const result of free.toReversed()) {
      if (bytesOnce(results.filter((other) => !doomed.has(other))) <= maxBytes) break;
      doomed.add(result);
    }
  }
  return doomed;
}

function digestsOf({ record }: StoredResult): readonly string[] {
  return Object.values(record.outputs).map(({ digest }) => digest);
}

/** Bytes of the artifacts of results; what several share counts once. */
function bytesOnce(results: readonly StoredResult[]): number {
  const sizes = new Map<string, number>();
  for (const { record } of results) {
    for (const { digest, bytes } of Object.values(record.outputs)) sizes.set(digest, bytes);
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

async function oldRuns(
  store: Store,
  olderThanMs: number | undefined,
  now: number,
): Promise<readonly string[]> {
  if (olderThanMs === undefined) return [];
  const tagged = new Set((await listTags(store)).map(({ run }) => run));
  const old: string[] = [];
  for (const id of await runIds(store)) {
    const stats = await stat(store.path('runs', id)).catch(ignoreMissing);
    if (stats === undefined || tagged.has(id) || now - stats.mtimeMs <= olderThanMs) continue;
    const run = await readRun(store, id);
    const isOver = run === undefined ? now - stats.mtimeMs > halfWrittenMs : run.outcome !== 'running';
    if (isOver) old.push(id);
  }
  return old;
}

/** Checkpoints nobody came back to and damaged things, relative to the store; those of dead processes are gone already. */
async function findDebris(store: Store, now: number, olderThanMs: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const key of await readdir(store.path('scratch'))) {
    const stats = await stat(store.scratchFolder(key)).catch(ignoreMissing);
    // A killed run's checkpoints are worth something until the user says how long.
    if (stats === undefined || olderThanMs === 0 || now - stats.mtimeMs <= olderThanMs) continue;
    if (!(await isLocked(store, key))) found.push(`scratch/${key}`);
  }
  for (const name of await readdir(store.path('quarantine'))) found.push(`quarantine/${name}`);
  return found;
}

/** Below this age a note may be about to be used by a run that has not pinned anything yet. */
const freshMs = 60 * 60 * 1_000;

/** Stamps of artifacts that are gone, and provenances that can be written again; relative to the store. */
async function staleNotes(
  store: Store,
  kept: readonly StoredResult[],
  removed: ReadonlySet<string>,
  now: number,
): Promise<readonly string[]> {
  const alive = new Set(kept.flatMap(digestsOf));
  const stale: string[] = [];
  for (const kind of ['stamps', 'provenance']) {
    for (const shard of await listFolders(store.path(kind))) {
      for (const name of await readdir(store.path(kind, shard))) {
        const path = `${kind}/${shard}/${name}`;
        const id = basename(name, '.json');
        const stats = await stat(store.path(path)).catch(ignoreMissing);
        const old = stats !== undefined && now - stats.mtimeMs > freshMs;
        if (removed.has(id) || (old && !alive.has(id))) stale.push(path);
      }
    }
  }
  return stale;
}

/** Takes something out of its place at once, so that nobody sees half of it, then removes it. */
async function removeWhole(store: Store, path: string): Promise<void> {
  const temporary = await store.temporaryPath();
  await rename(path, temporary).catch(ignoreMissing);
  await removeTree(temporary);
}
