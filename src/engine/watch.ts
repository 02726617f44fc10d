import type { WatchOptions } from './api.js';

/**
 * Runs a recipe, and again whenever its files, data or plugins change, until `signal` is aborted.
 */
export async function watchRecipe<Problem>(_options: WatchOptions<Problem>): Promise<void> {
  throw new Error('not written yet');
}
