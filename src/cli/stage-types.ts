/** Stage types as the command line names them: those that come with roux, and those of plugins. */
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { failure, type Result, success } from '../diagnostics/result.js';
import type { StageRegistry } from '../plugin/stage-info.js';
import type { Terminal } from './output/terminal.js';

/** Where stage types come from besides roux. */
export interface StageTypeOptions {
  /** A recipe whose plugins are loaded, those of the recipes that it extends and uses included. */
  readonly recipe?: string;
  readonly plugin?: readonly string[];
}

/** Loads the stage types; what is wrong with a plugin or the recipe comes back as diagnostics. */
export async function loadStageTypes(
  options: StageTypeOptions,
  { directory }: Terminal,
): Promise<Result<StageRegistry, readonly Diagnostic[]>> {
  const { loadRegistry } = await import('../plugin/load-registry.js');
  const plugins: { readonly written: string; readonly folder: string }[] = (options.plugin ?? []).map(
    (written) => ({
      written,
      folder: directory,
    }),
  );
  if (options.recipe !== undefined) {
    const [{ findRecipe }, { readNamedPlugins }] = await Promise.all([
      import('./find-recipe.js'),
      import('../recipe/named-plugins.js'),
    ]);
    plugins.push(...readNamedPlugins(findRecipe(options.recipe, directory)));
  }
  const loaded = await loadRegistry({ plugins, from: directory });
  return loaded.ok ? success(loaded.value.registry) : failure(loaded.error);
}
