/** Which stages of a recipe a plan or run is about. */
import { UserError } from '../artifacts/user-error.js';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import type { Selection } from './api.js';

/** The stages that are looked at, in the recipe's order, and those that run again even when a result is there. */
export interface SelectedStages {
  readonly stages: readonly CheckedStage[];
  readonly forced: ReadonlySet<string>;
}

/** Resolves a selection. Throws a `UserError` for names that the recipe does not have. */
export function selectStages(recipe: CheckedRecipe, { only, force }: Selection): SelectedStages {
  const names = new Set(recipe.stages.map(({ name }) => name));
  for (const name of [...(only ?? []), ...(Array.isArray(force) ? force : [])]) {
    if (names.has(name)) continue;
    throw new UserError({
      message: `The recipe has no stage ${name}`,
      code: 'stage/unknown',
      found: name,
      expected: `one of ${[...names].join(', ')}`,
    });
  }
  const needed = new Set(only ?? names);
  for (const stage of [...recipe.stages].reverse()) {
    if (!needed.has(stage.name)) continue;
    for (const input of Object.values(stage.inputs).flat()) needed.add(input.stage);
  }
  const forced = force === true ? (only ?? names) : force === false || force === undefined ? [] : force;
  return { stages: recipe.stages.filter(({ name }) => needed.has(name)), forced: new Set(forced) };
}

/** The stages that a stage takes inputs from. */
export function producersOf(stage: CheckedStage): readonly string[] {
  return [...new Set(Object.values(stage.inputs).flatMap((list) => list.map((input) => input.stage)))];
}
