/**
 * Checked recipes on disk. While nothing has changed that a recipe was made of (its files, its plugins, the paths that it names,
 * what the command line and declared environment variables say, roux itself), it need not be parsed and checked again.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { loadBuiltinStages } from '../plugin/builtin-stages.js';
import { generatedFolder, installedVersion } from '../plugin/installation.js';
import {
  findPluginManifest,
  hashOf,
  readPluginManifest,
  stagesOfPlugin,
  writeWhole,
} from '../plugin/plugin-cache.js';
import { projectRoot } from '../plugin/project-root.js';
import { sealText, unsealText } from '../plugin/sealed-text.js';
import type { StageInfo } from '../plugin/stage-info.js';
import type { CheckRecipeOptions, CheckRecipeResult } from './check-recipe.js';
import type { CheckedRecipe, CheckedStage, PathReference } from './checked-recipe.js';
import { resolvePath } from './path-settings.js';

/** Environment variables by name. */
type Environment = Readonly<Record<string, string | undefined>>;

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

/** The folder of recalled recipes of the project that a folder is in. */
export function keptRecipesFolder(folder: string): string {
  return join(projectRoot(folder), '.roux', 'recipes');
}

/** The recipe, absolute, that a file of that folder keeps; undefined when this roux can recall nothing from it. */
export function keptRecipe(file: string): string | undefined {
  const kept = readKept(file);
  return kept?.format === format && kept.roux === rouxIdentity() ? kept.recipe.file : undefined;
}

/** Raise it when the kept form changes its meaning. */
const format = 1;

/** A checked recipe as it is kept. */
interface Kept {
  readonly format: number;
  readonly roux: string;
  /** Environment variables that were asked for, with what they said. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** Every file of the recipe with its SHA-256. */
  readonly files: readonly (readonly [file: string, sha256: string])[];
  /** Manifests of the plugins whose stage types are used. */
  readonly plugins: readonly string[];
  /** The stages have the name of their type, and the digest of a plugin's code, instead of `info`. */
  readonly recipe: Omit<CheckedRecipe, 'stages'>;
  readonly stages: readonly KeptStage[];
}

type KeptStage = Omit<CheckedStage, 'info'> & { readonly type: string; readonly plugin?: string };

function recall(file: string, environment: Environment, cache: string): CheckedRecipe | undefined {
  const kept = readKept(file);
  if (kept === undefined || kept.format !== format || kept.roux !== rouxIdentity()) return undefined;
  const isCurrent =
    Object.entries(kept.environment).every(([name, value]) => (environment[name] ?? null) === value) &&
    kept.files.every(([path, sha256]) => hashOf(path) === sha256);
  if (!isCurrent) return undefined;
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
  return { ...kept.recipe, stages };
}

function keep(
  file: string,
  recipe: CheckedRecipe,
  environment: Kept['environment'],
  options: RecallOptions,
): void {
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
    roux: rouxIdentity(),
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

/** Whether the path still means what it did; a package's file may be found elsewhere since. */
function leadsThere({ absolute, written, location }: PathReference): boolean {
  if (!written.startsWith('npm:')) return existsSync(absolute);
  const resolved = resolvePath(written, dirname(location.file));
  return resolved.ok && resolved.value === absolute;
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

/** The version of roux, and for those who work on it, the build. */
function rouxIdentity(): string {
  const { mtimeMs, size } = statSync(new URL('stages.json', generatedFolder));
  return `${installedVersion()} ${mtimeMs} ${size} ${statSync(new URL(import.meta.url)).mtimeMs}`;
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
    return text === undefined ? undefined : JSON.parse(text);
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
