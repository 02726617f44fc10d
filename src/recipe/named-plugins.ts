/** The plugins that a recipe needs: its own, those of recipes that it extends, and those of recipes that are its stages. */
import { resolve } from 'node:path';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import type { ExcerptedLocation } from '../diagnostics/source-text.js';
import type { PluginReference } from '../plugin/load-plugin.js';
import { composeRecipe } from './compose-recipe.js';
import { parseRecipe } from './parse-recipe.js';
import { readSource } from './read-source.js';
import { excerptOf, valueAt } from './recipe-node.js';
import { everyUse, loadUses, type UsedRecipe } from './used-recipe.js';

/** A plugin, and where it is named. */
export type NamedPlugin = PluginReference & { readonly location: ExcerptedLocation };

/** The plugins of a recipe and of all that it uses, each once: several recipes may need the same one. */
export function pluginsOf(uses: readonly UsedRecipe[]): readonly NamedPlugin[] {
  const known = new Set<string>();
  const plugins: NamedPlugin[] = [];
  for (const { recipe } of uses) {
    const written = valueAt(recipe, 'plugins');
    for (const item of written?.kind === 'list' ? written.items : []) {
      if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '' || item.unknown)
        continue;
      const identity = resolve(item.folder, item.value);
      if (known.has(identity)) continue;
      known.add(identity);
      plugins.push({ written: item.value, folder: item.folder, location: excerptOf(item.origin) });
    }
  }
  return plugins;
}

/**
 * Reads the plugins of a recipe's file with whatever can be read of it, and says nothing of its mistakes: what its plugins are is
 * wanted most while it is wrong. None when it is no recipe at all.
 */
export function readNamedPlugins(
  file: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly NamedPlugin[] {
  const ignored = new Diagnostics();
  const files = new Set<string>();
  const source = readSource(file, ignored);
  const parsed = source && parseRecipe(source, ignored);
  if (parsed?.kind !== 'map') return [];
  const overrides = { paramsFiles: [], set: [], environment, trial: {}, folder: parsed.folder };
  const used = loadUses(composeRecipe(parsed, ignored, files), overrides, ignored, files);
  return used ? pluginsOf(everyUse(used)) : [];
}
