/** `roux plan --explain`. */
import { stagesByName } from '../engine/selection.js';
import type { ExplainedStage } from '../recipe/explain-values.js';
import { formatExplanation } from './output/explanation.js';
import type { Terminal } from './output/terminal.js';
import type { RecipeOptions, SelectionOptions } from './recipe-options.js';
import {
  checkOptions,
  formatProblems,
  printDiagnostics,
  recipeFile,
  unknownStages,
} from './recipe-source.js';

/** Prints every value of a recipe, or of the stages that `--only` names; false when the recipe is wrong. */
export async function explainRecipeTo(
  terminal: Terminal,
  written: string | undefined,
  options: RecipeOptions & SelectionOptions,
  json: boolean,
): Promise<boolean> {
  const { explainRecipe } = await import('../recipe/check-recipe.js');
  const explained = await explainRecipe(checkOptions(recipeFile(written, terminal), options));
  const problems = explained.ok ? unknownStages(explained.value.recipe, options) : explained.error;
  if (!explained.ok || problems.length > 0) {
    if (json) await printDiagnostics(problems, { terminal, json });
    else terminal.printError(await formatProblems(problems, terminal));
    return false;
  }
  const { recipe, explain } = explained.value;
  const named = [...(options.only ?? []), ...(options.until ?? [])];
  const meant = new Set(
    named.length === 0 ? recipe.stages.map(({ name }) => name) : named.flatMap(stagesByName(recipe)),
  );
  const stages: readonly ExplainedStage[] = explain().filter(({ name }) => meant.has(name));
  const { file, profile } = recipe;
  terminal.print(
    json
      ? JSON.stringify({ recipe: file, ...(profile !== undefined && { profile }), stages })
      : formatExplanation(stages, terminal).join('\n'),
  );
  return true;
}
