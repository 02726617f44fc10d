import { type CompiledValidator, loadValidator } from '../plugin/builtin-stages.js';
import { generatedFolder } from '../plugin/installation.js';
import { recipeSchema } from './recipe-schema.js';

/** The validator of a recipe's structure, compiled ahead of time where roux was built. */
export async function loadRecipeValidator(): Promise<CompiledValidator> {
  validator ??= await load();
  return validator;
}

let validator: CompiledValidator | undefined;

async function load(): Promise<CompiledValidator> {
  if (!import.meta.url.endsWith('.ts'))
    return loadValidator(new URL('recipe-validator.cjs', generatedFolder));
  // Under a test runner the schema may be newer than what was built from it.
  const { createValidator } = await import('../plugin/compile-validator.js');
  return createValidator(recipeSchema);
}
