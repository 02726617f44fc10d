/** Recipes as records name them: relative to the folder that the store is in, so that a project can be moved. */
import { dirname, relative, resolve, sep } from 'node:path';
import type { Store } from './store.js';

/** The path of a recipe for a record. */
export function recipeInStore(store: Store, file: string): string {
  return relative(dirname(store.folder), file).split(sep).join('/');
}

/** The absolute path of a recipe that a record names; one that is absolute already stays what it is. */
export function recipeFromStore(store: Store, written: string): string {
  return resolve(dirname(store.folder), written);
}
