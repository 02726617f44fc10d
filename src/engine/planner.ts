import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { PlanOptions } from './api.js';
import { type InspectedStage, inspectStages } from './inspect-stages.js';
import type { Plan, StagePlan } from './plan.js';
import { selectStages } from './selection.js';

/**
 * Finds out what a run would do: a hit, a run with its reasons, or waiting for an input.
 *
 * Writes nothing but what it learnt of files (the stat cache). Throws a `UserError` when a file that the recipe names
 * cannot be read or `only` or `force` names no stage.
 */
export async function planRecipe(recipe: CheckedRecipe, options: PlanOptions): Promise<Plan> {
  const { stages, forced } = selectStages(recipe, options);
  const inspected = await inspectStages(recipe, stages, { store: options.store, forced });
  return { recipe, stages: inspected.map(planOf) };
}

function planOf(found: InspectedStage): StagePlan {
  const { stage } = found;
  switch (found.state) {
    case 'waiting':
      return { state: 'waiting', stage, waitsFor: found.waitsFor };
    case 'hit':
      return { state: 'hit', stage, key: found.keyed.key, record: found.record };
    case 'run':
      return { state: 'run', stage, key: found.keyed.key, reasons: found.reasons };
  }
}
