/**
 * Checked recipes on disk. While nothing has changed that a recipe was made of (its files, its plugins, the paths that it names,
 * what the command line and declared environment variables say, roux itself), it need not be parsed and checked again.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { loadBuiltinStages } from '../plugin/builtin-stages.js';
import { installedBuild } from '../plugin/installation.js';
import {
  filesOfPlugin,
  findPluginManifest,
  hashOf,
  readPluginManifest,
  stagesOfPlugin,
  writeWhole,
} from '../plugin/plugin-cache.js';
import { projectRoot } from '../plugin/project-root.js';
import { isRegularFile } from '../plugin/regular-file.js';
import { sealText, unsealText } from '../plugin/sealed-text.js';
import type { StageInfo } from '../plugin/stage-info.js';
import type { CheckRecipeOptions, CheckRecipeResult } from './check-recipe.js';
import type { CheckedRecipe, CheckedStage } from './checked-recipe.js';
import {
  type AskedEnvironment,
  type Environment,
  type HashedName,
  hasContents,
  leadsThere,
  type RecipeBasis,
  saysTheSame,
} from './recipe-basis.js';

/** What `checkRecipe` is asked. */
export interface RecallOptions extends CheckRecipeOptions {
  /** Default: the process's environment. */
  readonly environment?: Environment;
}

/** Checks a recipe as `checkRecipe` does, or recalls what that said of the same recipe. Only recipes without mistakes are kept. */
export async function recallRecipe(options: RecallOptions): Promise<CheckRecipeResult> {
  const { text, registry, environment = process.env } = options;
  if (text !== undefined || registry !== undefined) {
    const { checkRecipe } = await import('./check-recipe.js');
    return checkRecipe(options);
  }
  const file = cacheFile(options);
  const recalled = recall(file, environment, pluginCache(options));
  if (recalled !== undefined) return { ok: true, value: recalled };
  const { checkRecipe } = await import('./check-recipe.js');
  const read = new Map<string, string | null>();
  const checked = await checkRecipe({ ...options, ...{ environment: recording(environment, read) } });
  if (checked.ok) keep(file, checked.value, Object.fromEntries(read), options);
  return checked;
}

/** Recipes that were recalled, with what from. */
const recalled = new WeakMap<CheckedRecipe, { readonly note: string; readonly kept: Kept }>();

/** A recalled recipe's note, and what it rests on. */
export interface RecalledBasis {
  /** Touched whenever it is used, so that it stays when old ones are removed. */
  readonly note: string;
  readonly basis: RecipeBasis;
  /** The files of the recipe and everything that its plugins were bundled from and into. */
  readonly files: readonly HashedName[];
  /** Files that a plugin would be made of instead if they were there. */
  readonly absent: readonly string[];
}

/**
 * What a recipe rests on, as it was found when the recipe was recalled; `undefined` for one that was checked just now, and where
 * a plugin changed meanwhile.
 */
export function basisOfRecalled(recipe: CheckedRecipe): RecalledBasis | undefined {
  const origin = recalled.get(recipe);
  if (origin === undefined) return undefined;
  const { note, kept } = origin;
  const digests = new Set(recipe.stages.map(({ info }) => digestOf(info)));
  const ofPlugins: HashedName[] = [];
  const absent: string[] = [];
  for (const manifest of kept.plugins) {
    const found = filesOfPlugin(manifest);
    if (found === undefined || !digests.has(found.digest)) return undefined;
    ofPlugins.push(...found.files);
    absent.push(...found.absent);
  }
  const paths = new Map(
    recipe.stages.flatMap((stage) =>
      stage.paths.map(({ absolute, written, location: { file } }) => [
        `${absolute}\n${written}`,
        { absolute, written, location: { file } },
      ]),
    ),
  );
  const basis = {
    recipe: recipe.file,
    root: projectRoot(dirname(recipe.file)),
    environment: kept.environment,
    paths: [...paths.values()],
  };
  return { note, basis, files: [...kept.files, ...ofPlugins], absent };
}

/** The folder of recalled recipes of the project that a folder is in. */
export function keptRecipesFolder(folder: string): string {
  return join(projectRoot(folder), '.roux', 'recipes');
}

/** The recipe, absolute, that a file of that folder keeps; undefined when this roux can recall nothing from it. */
export function keptRecipe(file: string): string | undefined {
  const kept = readKept(file);
  return kept?.format === format && kept.roux === installedBuild() ? kept.recipe.file : undefined;
}

/** Raise it when the kept form changes its meaning. */
const format = 2;

/** A checked recipe as it is kept. */
interface Kept {
  readonly format: number;
  /** The name of its file, made of all that the command line said: in place of another's it is none. */
  readonly name: string;
  readonly roux: string;
  readonly environment: AskedEnvironment;
  /** Every file of the recipe. */
  readonly files: readonly HashedName[];
  /** Manifests of the plugins whose stage types are used. */
  readonly plugins: readonly string[];
  /** The stages have the name of their type, and the digest of a plugin's code, instead of `info`. */
  readonly recipe: Omit<CheckedRecipe, 'stages'>;
  readonly stages: readonly KeptStage[];
}

type KeptStage = Omit<CheckedStage, 'info'> & { readonly type: string; readonly plugin?: string };

function recall(file: string, environment: Environment, cache: string): CheckedRecipe | undefined {
  const kept = readKept(file);
  if (kept === undefined || kept.format !== format || kept.roux !== installedBuild()) return undefined;
  if (!saysTheSame(environment, kept.environment) || !kept.files.every(hasContents)) return undefined;
  const types = new Map<string, StageInfo>(loadBuiltinStages());
  for (const manifest of kept.plugins) {
    if (dirname(manifest) !== cache) return undefined;
    const plugin = readPluginManifest(manifest);
    if (plugin === undefined) return undefined;
    for (const info of stagesOfPlugin(plugin)) types.set(info.type, info);
  }
  const isThere = new Set<string>();
  const stages: CheckedStage[] = [];
  for (const { type, plugin, ...stage } of kept.stages) {
    const info = types.get(type);
    if (info === undefined || digestOf(info) !== plugin) return undefined;
    for (const path of stage.paths) {
      if (!isThere.has(path.absolute) && !leadsThere(path)) return undefined;
      isThere.add(path.absolute);
    }
    stages.push({ ...stage, info });
  }
  touch(file);
  const recipe = { ...kept.recipe, stages };
  recalled.set(recipe, { note: file, kept });
  return recipe;
}

function keep(
  file: string,
  recipe: CheckedRecipe,
  environment: Kept['environment'],
  options: RecallOptions,
): void {
  if (!recipe.files.every(isRegularFile)) return;
  const builtins = loadBuiltinStages();
  const files = recipe.files.map((path) => [path, hashOf(path)] as const);
  const plugins = new Map<string, string | undefined>();
  for (const { info } of recipe.stages) {
    if (info.source.from === 'roux') {
      // Nobody but the build defines these; a type made in another way cannot be found again.
      if (builtins.get(info.type)?.version !== info.version) return;
    } else {
      const { module } = info.source;
      if (!plugins.has(module))
        plugins.set(module, findPluginManifest(pluginCache(options), dirname(module)));
    }
  }
  const isSafe =
    files.every((entry): entry is readonly [string, string] => entry[1] !== undefined) &&
    [...plugins.values()].every((manifest) => manifest !== undefined) &&
    // Which recipe a package's name means depends on where packages are installed.
    !recipe.files.some((path) => /[\\/]node_modules[\\/].*\.ya?ml$/.test(path)) &&
    recipe.stages.every(({ paths }) => paths.every(leadsThere));
  if (!isSafe) return;
  const { stages, ...rest } = recipe;
  const kept = {
    format,
    name: basename(file),
    roux: installedBuild(),
    environment,
    files,
    plugins: [...plugins.values()],
    recipe: rest,
    stages: stages.map(({ info, ...stage }) => ({ ...stage, type: info.type, plugin: digestOf(info) })),
  };
  if (!isPlain(kept)) return;
  try {
    mkdirSync(dirname(file), { recursive: true });
    // The store may be elsewhere; then nobody else tells git that this folder is nobody's source.
    const ignored = join(dirname(dirname(file)), '.gitignore');
    if (!existsSync(ignored)) writeWhole(ignored, '*\n');
    writeWhole(file, sealText(JSON.stringify(kept)));
  } catch {
    // Where nothing can be written, recipes are checked every time.
  }
}

function digestOf({ source }: StageInfo): string | undefined {
  return source.from === 'plugin' ? source.digest : undefined;
}

/** Everything that the command line says is in the name, so that variants of a recipe do not displace each other. */
function cacheFile(options: RecallOptions): string {
  const workingFolder = options.workingFolder ?? process.cwd();
  const file = resolve(workingFolder, options.file);
  const { environment: _1, text: _2, registry: _3, ...said } = options;
  const identity = JSON.stringify([{ ...said, file, workingFolder }, availableParallelism()]);
  const name = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return join(keptRecipesFolder(dirname(file)), `${basename(file)}-${name}.json`);
}

function pluginCache({ file, pluginCache, workingFolder = process.cwd() }: RecallOptions): string {
  return pluginCache ?? join(projectRoot(dirname(resolve(workingFolder, file))), '.roux', 'plugins');
}

/** An environment that notes which variables it was asked for. */
function recording(environment: Environment, read: Map<string, string | null>): Environment {
  return new Proxy(environment, {
    get(target, name) {
      const value = typeof name === 'string' ? target[name] : undefined;
      if (typeof name === 'string') read.set(name, value ?? null);
      return value;
    },
  });
}

function readKept(file: string): Kept | undefined {
  try {
    const text = unsealText(readFileSync(file, 'utf8'));
    // Written by `keep`, of this build if `format` and `roux` say so.
    const kept: Kept | undefined = text === undefined ? undefined : JSON.parse(text);
    return kept?.name === basename(file) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Used recipes stay when old ones are removed. */
function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {}
}

/** Whether JSON gives back what it was given. */
function isPlain(value: unknown): boolean {
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value)) return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== 'object') return false;
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain);
}
