import { availableParallelism } from 'node:os';
import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { RunOptions, RunSummary } from './api.js';
import { fileSystemError } from './fs-failure.js';
import { RecipeRun } from './recipe-run.js';
import { Resources } from './resources.js';
import { createWorkerPool } from './worker-pool.js';

/**
 * Runs a recipe: whatever the store does not hold yet.
 *
 * Failures of stages are events and part of the summary. Throws a `UserError` when the store cannot be written or `only`
 * or `force` names no stage.
 */
export async function runRecipe(
  recipe: CheckedRecipe,
  options: RunOptions & {
    /** What several runs of this process share; without it the run has `threads` for itself. */
    readonly resources?: Resources;
  },
): Promise<RunSummary> {
  const { store, signal } = options;
  const pool = options.pool ?? createWorkerPool();
  const resources = options.resources ?? new Resources(options.threads ?? availableParallelism());
  try {
    const run = RecipeRun.begin(recipe, { ...options, pool, resources });
    const cancel = () => run.cancel();
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await run.finished;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  } catch (error) {
    throw fileSystemError(error, `writing to the store ${store.folder}`) ?? error;
  } finally {
    if (options.pool === undefined) await pool.close();
  }
}
