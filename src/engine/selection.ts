/** Which stages of a recipe a plan or run is about. */
import { UserError } from '../artifacts/user-error.js';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import type { Selection } from './api.js';

/** The stages that are looked at, in the recipe's order, and those that run again even when a result is there. */
export interface SelectedStages {
  readonly stages: readonly CheckedStage[];
  readonly forced: ReadonlySet<string>;
}

/**
 * Resolves a selection. A name may also mean several stages: all variants of one, or all stages of a recipe that is used as
 * one. Throws a `UserError` for names that the recipe does not have.
 */
export function selectStages(recipe: CheckedRecipe, { only, force }: Selection): SelectedStages {
  const names = new Set(recipe.stages.map(({ name }) => name));
  const chosen = only && namedStages(recipe, only);
  const needed = new Set(chosen ?? names);
  for (const stage of [...recipe.stages].reverse()) {
    if (!needed.has(stage.name)) continue;
    for (const input of Object.values(stage.inputs).flat()) needed.add(input.stage);
  }
  const forced =
    force === true
      ? (chosen ?? names)
      : force === false || force === undefined
        ? []
        : namedStages(recipe, force);
  return { stages: recipe.stages.filter(({ name }) => needed.has(name)), forced: new Set(forced) };
}

/** The names of the stages that each of the written names means. */
function namedStages({ stages }: CheckedRecipe, written: readonly string[]): readonly string[] {
  if (written.length === 0) return [];
  const byName = new Map<string, string[]>(stages.map(({ name }) => [name, [name]]));
  for (const { name, groups = [] } of stages) {
    for (const group of groups) {
      const members = byName.get(group) ?? [];
      members.push(name);
      byName.set(group, members);
    }
  }
  return written.flatMap((name) => {
    const named = byName.get(name);
    if (named !== undefined) return named;
    throw new UserError({
      message: `The recipe has no stage ${name}`,
      code: 'command/unknown-stage',
      found: name,
      expected: `one of ${[...byName.keys()].join(', ')}`,
    });
  });
}

/** The stages that a stage takes inputs from. */
export function producersOf(stage: CheckedStage): readonly string[] {
  return [...new Set(Object.values(stage.inputs).flatMap((list) => list.map((input) => input.stage)))];
}
