/** A recipe on a sample of its data. */
import type { JsonObject } from '../plugin/stage-info.js';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';

/** What runs on samples are called in records, so that nobody takes them for runs of the recipe as it stands. */
const sampleProfile = 'preview';

/**
 * The recipe with every stage type's sample settings, without expectations, since a sample need not meet them. `undefined` when
 * no stage works on less than before.
 */
export function sampleRecipe(recipe: CheckedRecipe): CheckedRecipe | undefined {
  const stages = recipe.stages.map(sampleStage);
  if (stages.every((stage, index) => stage === recipe.stages[index])) return undefined;
  return asSample({ ...recipe, stages });
}

/** Marks a recipe as one that works on a sample. */
export function asSample(recipe: CheckedRecipe): CheckedRecipe {
  const stages = recipe.stages.map((stage) => ({ ...stage, expect: [] }));
  return { ...recipe, stages, sample: true, profile: recipe.profile ?? sampleProfile };
}

function sampleStage(stage: CheckedStage): CheckedStage {
  const { sample } = stage.info;
  if (sample === undefined) return stage;
  const settings: JsonObject = {
    ...stage.settings,
    ...Object.fromEntries(
      Object.entries(sample).map(([name, value]) => {
        const written = stage.settings[name];
        return [
          name,
          typeof value === 'number' && typeof written === 'number' ? Math.min(value, written) : value,
        ];
      }),
    ),
  };
  const isSame = Object.keys(sample).every((name) => settings[name] === stage.settings[name]);
  // What the recipe says may exclude the sample; then the stage works on everything.
  if (isSame || stage.info.validate(structuredClone(settings)).length > 0) return stage;
  return { ...stage, settings };
}
