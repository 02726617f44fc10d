/** The plugins that a recipe names, read without checking the rest of it: a schema is wanted most while it is wrong. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse } from 'yaml';

/** Reads `plugins` of a recipe; none when the file is not YAML. */
export async function readPluginReferences(
  file: string,
): Promise<readonly { readonly written: string; readonly folder: string }[]> {
  let recipe: unknown;
  try {
    recipe = parse(readFileSync(file, 'utf8'), { maxAliasCount: 10_000 });
  } catch {
    return [];
  }
  if (typeof recipe !== 'object' || recipe === null || !('plugins' in recipe)) return [];
  const plugins: unknown = recipe.plugins;
  return (Array.isArray(plugins) ? plugins : [])
    .filter((plugin: unknown) => typeof plugin === 'string')
    .map((written) => ({ written, folder: dirname(file) }));
}
