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
function namedStages(recipe: CheckedRecipe, written: readonly string[]): readonly string[] {
  if (written.length === 0) return [];
  const meant = stagesByName(recipe);
  return written.flatMap((name) => {
    const named = meant(name);
    if (named.length > 0) return named;
    const names = recipe.stages.flatMap((stage) => [stage.name, ...(stage.groups ?? [])]);
    throw new UserError({
      message: `The recipe has no stage ${name}`,
      code: 'command/unknown-stage',
      found: name,
      expected: `one of ${[...new Set(names)].join(', ')}`,
    });
  });
}

/**
 * What names mean: a stage; all variants of one (`train`), or those with some values (`train[seed=1]`, values in any order); all
 * stages of a recipe that is used as one. Gives names of stages, none where a name means nothing.
 */
export function stagesByName({ stages }: CheckedRecipe): (written: string) => readonly string[] {
  const byName = new Map<string, string[]>(stages.map(({ name }) => [name, [name]]));
  for (const { name, groups = [] } of stages) {
    for (const group of groups) {
      const members = byName.get(group) ?? [];
      members.push(name);
      byName.set(group, members);
    }
  }
  return (written) => byName.get(written) ?? variantsWith(stages, written);
}

function variantsWith(stages: readonly CheckedStage[], written: string): readonly string[] {
  const [, group = '', brackets] = /^([^[]+)\[([^\]]+)\]$/.exec(written) ?? [];
  if (brackets === undefined) return [];
  const values = brackets.split(',').map((part) => part.trim().split(/ *= */, 2));
  return stages
    .filter(({ groups = [], variant = {} }) => {
      const hasValues = values.every(
        ([axis = '', label]) =>
          label !== undefined && Object.hasOwn(variant, axis) && variant[axis] === label,
      );
      return hasValues && groups.includes(group);
    })
    .map(({ name }) => name);
}

/** The stages that a stage takes inputs from. */
export function producersOf(stage: CheckedStage): readonly string[] {
  return [...new Set(Object.values(stage.inputs).flatMap((list) => list.map((input) => input.stage)))];
}
