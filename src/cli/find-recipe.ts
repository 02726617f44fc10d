/** Which recipe is meant when none, or only a part of its name, is given. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { didYouMean } from '../diagnostics/suggest.js';
import { CommandLineError } from './exit-codes.js';

/** Names that a project's main recipe has. */
const mainRecipes = ['roux.yaml', 'roux.yml'];

/**
 * The absolute path of the recipe that is meant.
 *
 * Without a name it is `roux.yaml` of the working folder, or else the only file there and in `recipes/` that is named as
 * a recipe, or else the only one with the key of a recipe (what `roux new` writes is called like its data). A name may
 * leave out the extension and the folder `recipes/`: `quickstart` is `recipes/quickstart.yaml`. Throws a
 * `CommandLineError` that lists the recipes nearby when there is none or more than one.
 */
export function findRecipe(written: string | undefined, directory: string): string {
  const candidates =
    written === undefined
      ? mainRecipes
      : [written, `${written}.yaml`, `${written}.yml`, join('recipes', `${written}.yaml`)];
  const found = candidates.map((name) => resolve(directory, name)).find((file) => isFile(file));
  if (found !== undefined) return found;
  const nearby = recipesNear(directory);
  const list = nearby.map((file) => relative(directory, file)).join(', ');
  if (written === undefined) {
    const named = nearby.filter((file) => isNamedAsRecipe(file, directory));
    const only = [named, nearby].find(({ length }) => length === 1)?.[0];
    if (only !== undefined) return only;
    throw nearby.length === 0
      ? new CommandLineError('command/no-recipe', 'no recipe is named, and there is no roux.yaml here', {
          help: 'name one: roux run recipe.yaml',
        })
      : new CommandLineError('command/no-recipe', 'no recipe is named, and there are several', {
          help: `name one of: ${list}`,
        });
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

/** Recipes of a folder and of its `recipes/`, in order of their names: YAML files with the name or the key of one. */
function recipesNear(directory: string): readonly string[] {
  return [directory, join(directory, 'recipes')].flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => extension.test(name))
        .sort()
        .map((name) => join(folder, name))
        .filter((file) => isNamedAsRecipe(file, directory) || hasKeyOfRecipe(file));
    } catch {
      return [];
    }
  });
}

function isNamedAsRecipe(file: string, directory: string): boolean {
  return dirname(file) !== directory || /^roux\.|recipe/.test(basename(file));
}

/** Whether the file has the key that every recipe has. One that cannot be read is none. */
function hasKeyOfRecipe(file: string): boolean {
  try {
    return /^recipe\s*:/m.test(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
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
