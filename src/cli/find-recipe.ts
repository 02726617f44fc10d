/** Which recipe is meant when none, or only a part of its name, is given. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { didYouMean } from '../diagnostics/suggest.js';
import { CommandLineError } from './exit-codes.js';

/** Names that a project's main recipe has. */
const mainRecipes = ['roux.yaml', 'roux.yml'];

/**
 * The absolute path of the recipe that is meant.
 *
 * Without a name it is `roux.yaml` of the working folder or the only recipe in it or in its `recipes/` folder. A name
 * may leave out the extension and the folder `recipes/`: `quickstart` is `recipes/quickstart.yaml`. Throws a
 * `CommandLineError` that lists the recipes nearby when there is none or more than one.
 */
export function findRecipe(written: string | undefined, directory: string): string {
  const nearby = recipesNear(directory);
  const list = nearby.map((file) => relative(directory, file)).join(', ');
  if (written === undefined) {
    const main = mainRecipes.map((name) => join(directory, name)).find((file) => isFile(file));
    const only = nearby.length === 1 ? nearby[0] : undefined;
    if (main !== undefined) return main;
    if (only !== undefined) return only;
    throw nearby.length === 0
      ? new CommandLineError('command/no-recipe', 'no recipe is named, and there is no roux.yaml here', {
          help: 'name one: roux run recipe.yaml',
        })
      : new CommandLineError('command/no-recipe', 'no recipe is named, and there are several', {
          help: `name one of: ${list}`,
        });
  }
  const candidates = [written, `${written}.yaml`, `${written}.yml`, join('recipes', `${written}.yaml`)];
  for (const candidate of candidates) {
    const file = resolve(directory, candidate);
    if (isFile(file)) return file;
  }
  const what = existsSync(resolve(directory, written)) ? 'is a folder, not a recipe' : 'does not exist';
  const near = didYouMean(
    written,
    nearby.flatMap((path) => namesOf(relative(directory, path))),
  );
  throw new CommandLineError('command/unknown-recipe', `the recipe ${written} ${what}`, {
    written,
    help: near ?? (nearby.length === 0 ? 'no recipe was found nearby' : `recipes nearby: ${list}`),
  });
}

/** Recipes of a folder and of its `recipes/`, in order of their names: YAML files that begin to look like one. */
function recipesNear(directory: string): readonly string[] {
  return [directory, join(directory, 'recipes')].flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => /\.ya?ml$/.test(name) && (folder !== directory || /^roux\.|recipe/.test(name)))
        .sort()
        .map((name) => join(folder, name));
    } catch {
      return [];
    }
  });
}

/** The ways in which a recipe may be named: `recipes/spam.yaml`, `recipes/spam`, `spam.yaml`, `spam`. */
function namesOf(path: string): readonly string[] {
  const name = basename(path);
  return [path, path.replace(extension, ''), name, name.replace(extension, '')];
}

const extension = /\.ya?ml$/;

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
