/**
 * What a store holds besides results, artifacts and runs, and when it is no longer wanted: sweeps, their pages, recalled
 * recipes, compiled functions.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keptRecipe } from '../recipe/recalled-recipe.js';
import type { GarbageOptions } from './api.js';
import { ignoreMissing } from './file-writing.js';
import { recipeOfRunNote } from './run-note.js';
import { lstatIfThere } from './small-files.js';
import type { Store } from './store.js';
import { listSweeps, pinOfSweep, type SweepRecord } from './sweep-record.js';

/** When something counts as old, as `collectGarbage` was asked. */
export interface GarbageAge extends Pick<GarbageOptions, 'olderThanMs' | 'unreachable'> {
  readonly now: number;
}

/**
 * Identifiers of sweeps that were not touched for so long, or whose recipe is gone where `unreachable` asks for it; none that a
 * running process works on.
 */
export async function oldSweeps(
  store: Store,
  pins: ReadonlySet<string>,
  age: GarbageAge,
): Promise<readonly string[]> {
  const isOld = ({ recipe, updatedAt }: SweepRecord): boolean =>
    isOlder(Date.parse(updatedAt), age) || (age.unreachable === true && !existsSync(recipe));
  return (await listSweeps(store))
    .filter((sweep) => !pins.has(pinOfSweep(sweep.id)) && isOld(sweep))
    .map(({ id }) => id);
}

/** Pages in `sweeps/` that are old, or whose sweep is gone or goes; relative to the store. */
export async function oldPages(
  store: Store,
  removedSweeps: readonly string[],
  age: GarbageAge,
): Promise<readonly string[]> {
  const removed = new Set(removedSweeps);
  const pages: string[] = [];
  for (const name of (await readdir(store.path('sweeps')).catch(ignoreMissing)) ?? []) {
    if (!name.endsWith('.html')) continue;
    const id = name.slice(0, -'.html'.length);
    // A page that compares runs is of no sweep.
    const isLost =
      !id.startsWith('comparison-') && (removed.has(id) || !existsSync(store.path('sweeps', `${id}.json`)));
    const stats = await stat(store.path('sweeps', name)).catch(ignoreMissing);
    if (stats !== undefined && (isLost || isOlder(stats.mtimeMs, age))) pages.push(`sweeps/${name}`);
  }
  return pages;
}

/** Compiled functions that were not used for so long; relative to the store. Whoever needs one that was removed compiles it again. */
export async function oldFunctions(store: Store, age: GarbageAge): Promise<readonly string[]> {
  const old: string[] = [];
  // Made by stages, not by the store: a link in its place leads elsewhere.
  if (lstatIfThere(store.path('functions'))?.isDirectory() !== true) return old;
  for (const name of await readdir(store.path('functions'))) {
    const stats = await stat(store.path('functions', name)).catch(ignoreMissing);
    if (stats !== undefined && isOlder(stats.mtimeMs, age)) old.push(`functions/${name}`);
  }
  return old;
}

/**
 * Names of recalled recipes, and of recalled runs of them, in a folder that were not used for so long, that nothing can be recalled from, or whose recipe is gone
 * where `unreachable` asks for it. Whoever needs one that was removed checks the recipe again.
 */
export async function oldRecipes(folder: string, age: GarbageAge): Promise<readonly string[]> {
  const old: string[] = [];
  for (const name of (await readdir(folder).catch(ignoreMissing)) ?? []) {
    const stats = await stat(join(folder, name)).catch(ignoreMissing);
    if (stats === undefined) continue;
    const recipe = keptRecipe(join(folder, name)) ?? recipeOfRunNote(join(folder, name));
    // What cannot be read may be half written.
    const isLost = recipe === undefined && age.now - stats.mtimeMs > halfWrittenMs;
    const isUnreached = age.unreachable === true && recipe !== undefined && !existsSync(recipe);
    if (isLost || isUnreached || isOlder(stats.mtimeMs, age)) old.push(name);
  }
  return old;
}

/**
 * Files of a project's caches that a process was killed before it named, relative to the folder that the caches lie in; those of recalled
 * recipes are among these.
 */
export async function abandonedFiles(folder: string, age: GarbageAge): Promise<readonly string[]> {
  const plugins = join(folder, 'plugins');
  // Made by whoever loads plugins, not by the store: a link in its place leads elsewhere.
  const isFolder = lstatIfThere(plugins)?.isDirectory() === true;
  const names = [
    ...((await readdir(folder).catch(ignoreMissing)) ?? []),
    ...(isFolder ? await readdir(plugins, { recursive: true }) : []).map((name) => `plugins/${name}`),
  ];
  const abandoned: string[] = [];
  for (const name of names.filter((one) => temporaryPattern.test(one))) {
    const stats = await stat(join(folder, name)).catch(ignoreMissing);
    if (stats !== undefined && age.now - stats.mtimeMs > halfWrittenMs) abandoned.push(name);
  }
  return abandoned;
}

/** Names that `writeWhole` gives before a file is whole. */
const temporaryPattern = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** What cannot be read and is younger may be about to be written. */
export const halfWrittenMs = 60_000;

function isOlder(time: number, { olderThanMs, now }: GarbageAge): boolean {
  return olderThanMs !== undefined && now - time > olderThanMs;
}
