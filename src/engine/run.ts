import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { RunOptions, RunSummary } from './api.js';

/**
 * Runs a recipe: whatever the store does not hold yet.
 *
 * Failures of stages are events and part of the summary. Throws a `UserError` when the store cannot be written or `only` or `force` names no stage.
 */
export async function runRecipe(_recipe: CheckedRecipe, _options: RunOptions): Promise<RunSummary> {
  throw new Error('not written yet');
}
