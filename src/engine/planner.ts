import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { PlanOptions } from './api.js';
import { explainRun, keyStage, lookUp, type PathMemory } from './inspection.js';
import type { Plan, StagePlan } from './plan.js';
import type { KnownResult } from './provenance.js';
import { producersOf, selectStages } from './selection.js';

/**
 * Finds out what a run would do: a hit, a run with its reasons, or waiting for an input.
 *
 * Writes nothing but what it learnt of files (the stat cache). Throws a `UserError` when a file that the recipe names
 * cannot be read or `only` or `force` names no stage.
 */
export async function planRecipe(recipe: CheckedRecipe, options: PlanOptions): Promise<Plan> {
  const { store } = options;
  const { stages, forced } = selectStages(recipe, options);
  const results = new Map<string, KnownResult>();
  const paths: PathMemory = new Map();
  const plans: StagePlan[] = [];
  for (const stage of stages) {
    const waitsFor = producersOf(stage).filter((name) => !results.has(name));
    if (waitsFor.length > 0) {
      plans.push({ state: 'waiting', stage, waitsFor });
      continue;
    }
    const keyed = await keyStage(store, recipe, stage, results, paths);
    const { key, data } = keyed;
    const found = await lookUp(store, key);
    if (forced.has(stage.name)) {
      plans.push({ state: 'run', stage, key, reasons: [{ kind: 'forced', text: 'forced' }] });
    } else if (found.state === 'hit') {
      results.set(stage.name, { record: found.record, data });
      plans.push({ state: 'hit', stage, key, record: found.record });
    } else {
      const reasons = await explainRun(store, recipe, stage, keyed, found.lost, () => false);
      plans.push({ state: 'run', stage, key, reasons });
    }
  }
  return { recipe, stages: plans };
}
