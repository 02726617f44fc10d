/** Which recipe is meant when none, or only a part of its name, is given. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { shortPath } from '../diagnostics/short-path.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { projectRoot } from '../plugin/project-root.js';
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
  if (written !== undefined && dataExtension.test(written)) throw dataForRecipe(written, directory);
  const found = candidateRecipes(written, directory).find((file) => isFile(file));
  if (found !== undefined) return found;
  const nearby = recipesNear(directory);
  const list = nearby.map((file) => relative(directory, file)).join(', ');
  if (written === undefined) {
    const named = nearby.filter((file) => isNamedAsRecipe(file, directory));
    const only = [named, nearby].find(({ length }) => length === 1)?.[0];
    if (only !== undefined) return only;
    throw nearby.length === 0
      ? new CommandLineError('command/no-recipe', 'no recipe is named, and there is none here', {
          help: recipesAbove(directory),
        })
      : new CommandLineError('command/no-recipe', 'no recipe is named, and there are several', {
          help: `name one of: ${list}`,
        });
  }
  const there = statSync(resolve(directory, written), { throwIfNoEntry: false });
  if (there?.isDirectory() === true) throw folderForRecipe(written, directory);
  if (there !== undefined) {
    throw new CommandLineError('command/unknown-recipe', `${written} is not a regular file`, {
      written,
      help: 'a recipe is read more than once: write it to a file',
    });
  }
  const near = didYouMean(
    written,
    nearby.flatMap((path) => namesOf(relative(directory, path))),
  );
  throw new CommandLineError('command/unknown-recipe', `the recipe ${written} does not exist`, {
    written,
    help: near ?? (nearby.length === 0 ? 'no recipe was found nearby' : `recipes nearby: ${list}`),
  });
}

/** The files that `written` may mean, absolute; the first that is there is meant. */
export function candidateRecipes(written: string | undefined, directory: string): readonly string[] {
  const names =
    written === undefined
      ? mainRecipes
      : [written, `${written}.yaml`, `${written}.yml`, join('recipes', `${written}.yaml`)];
  return names.map((name) => resolve(directory, name));
}

/** What `roux new` reads: people who have data and no recipe yet name it. */
const dataExtension = /\.(?:csv|tsv|tab|jsonl|ndjson|parquet|txt)$/i;

function dataForRecipe(written: string, directory: string): CommandLineError {
  return existsSync(resolve(directory, written))
    ? new CommandLineError('command/unknown-recipe', `${written} is data, not a recipe`, {
        written,
        help: `roux new ${written} begins a recipe that trains on it`,
      })
    : new CommandLineError('command/unknown-recipe', `${written} is no recipe, and does not exist`, {
        written,
      });
}

function folderForRecipe(written: string, directory: string): CommandLineError {
  const inside = recipesNear(resolve(directory, written)).map((file) => shortPath(file, directory));
  return new CommandLineError('command/unknown-recipe', `${written} is a folder, not a recipe`, {
    written,
    help:
      inside.length > 0
        ? `name one of: ${inside.join(', ')}`
        : `no recipe lies in it; roux new ${written} begins one where it holds data`,
  });
}

/** What to name in a folder without a recipe: those of the nearest folder above that has some, within the project. */
function recipesAbove(directory: string): string {
  const root = projectRoot(directory);
  for (let folder = directory; folder !== root; ) {
    folder = dirname(folder);
    const found = recipesNear(folder).map((file) => shortPath(file, directory));
    if (found.length > 0) return `name one of the project: ${found.join(', ')}`;
  }
  return 'roux new DATA begins one; roux run recipe.yaml names one that lies elsewhere';
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
    return /^\uFEFF?recipe\s*:/m.test(readFileSync(file, 'utf8'));
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
