import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { PlanOptions } from './api.js';
import type { Plan } from './plan.js';

/**
 * Finds out what a run would do: a hit, a run with its reasons, or waiting for an input.
 *
 * Writes nothing but what it learnt of files (the stat cache). Throws a `UserError` when a file that the recipe names cannot be read or `only` or `force` names no stage.
 */
export async function planRecipe(_recipe: CheckedRecipe, _options: PlanOptions): Promise<Plan> {
  throw new Error('not written yet');
}
