/** Recipe file -> checked recipe, or everything that is wrong with it. */
import { availableParallelism } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { type Diagnostic, Diagnostics } from '../diagnostics/diagnostic.js';
import { failure, success } from '../diagnostics/result.js';
import { SourceText } from '../diagnostics/source-text.js';
import { type LoadedRegistry, loadRegistry } from '../plugin/load-registry.js';
import type { StageInfo, StageRegistry } from '../plugin/stage-info.js';
import type { RuntimeName } from '../runtime/runtime.js';
import { checkStageValues, findStageType, type StageValues } from './check-stage.js';
import { checkStructure } from './check-structure.js';
import type { CheckedRecipe, CheckedStage } from './checked-recipe.js';
import { composeRecipe } from './compose-recipe.js';
import { Interpolation } from './interpolate.js';
import { resolveParams } from './params.js';
import { parseRecipe } from './parse-recipe.js';
import { readSource } from './read-source.js';
import { entriesOf, excerptOf, locationOf, type MapNode, type RecipeNode, valueAt } from './recipe-node.js';
import { stageOrder } from './stage-order.js';
import { type DraftStage, type Wiring, wire } from './wiring.js';

/** What to check, and what the command line says about it. */
export interface CheckRecipeOptions {
  /** The recipe's path, absolute or from the working directory. */
  readonly file: string;
  /** The recipe's text, where it is not the file's (an editor's unsaved one). */
  readonly text?: string;
  readonly profile?: string;
  /** Files with values of parameters by name, from `workingFolder`; later ones win, and `set` wins over them. */
  readonly paramsFiles?: readonly string[];
  /** What declared environment variables are read from; default: the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `name=value` pairs that override parameters, values in YAML; relative paths in them start from `workingFolder`. */
  readonly set?: readonly string[];
  /** Overrides the recipe's seed, not that of a stage that has its own. */
  readonly seed?: number;
  /** Overrides the recipe's runtime, not that of a stage that has its own. */
  readonly runtime?: RuntimeName;
  /** Overrides the recipe's number of threads. */
  readonly threads?: number;
  /** The stage types that plugins are added to; default: those that come with roux. */
  readonly registry?: StageRegistry;
  /** Where bundled plugins are kept; default: `.roux/plugins` at the project's root. */
  readonly pluginCache?: string;
  /** Default: the working directory. */
  readonly workingFolder?: string;
}

/** A recipe, or its mistakes with the files that they may be in; those are what watch follows until it is right. */
export type CheckRecipeResult =
  | { readonly ok: true; readonly value: CheckedRecipe }
  | { readonly ok: false; readonly error: readonly Diagnostic[]; readonly files: readonly string[] };

/** Reads, fills in and checks a recipe. Mistakes are returned, ordered by position; nothing is thrown for them. */
export async function checkRecipe(options: CheckRecipeOptions): Promise<CheckRecipeResult> {
  const diagnostics = new Diagnostics();
  const files = new Set<string>();
  const checked = await check(options, diagnostics, files);
  if (!checked || diagnostics.hasErrors) return { ...failure(diagnostics.errors()), files: [...files] };
  const warnings = diagnostics.warnings();
  return success(warnings.length > 0 ? { ...checked, warnings } : checked);
}

/** What a stage's random numbers start from where neither recipe nor command line says. */
const defaultSeed = 0;

async function check(
  options: CheckRecipeOptions,
  diagnostics: Diagnostics,
  files: Set<string>,
): Promise<CheckedRecipe | undefined> {
  const workingFolder = options.workingFolder ?? process.cwd();
  const file = resolve(workingFolder, options.file);
  files.add(file);
  const source =
    options.text === undefined
      ? readSource(file, diagnostics)
      : new SourceText(file, options.text, dirname(file));
  const parsed = source && parseRecipe(source, diagnostics);
  if (!parsed) return undefined;
  if (parsed.kind !== 'map') {
    diagnostics.add({
      code: 'recipe/not-a-map',
      message: 'a recipe is a map',
      location: excerptOf(parsed.origin),
      found: parsed.kind === 'list' ? 'a list' : 'a single value',
      help: "a recipe begins with 'recipe: 1' and has 'stages:'",
    });
    return undefined;
  }
  const composed = composeRecipe(parsed, diagnostics, files);
  const recipe = fillIn(composed, options, workingFolder, diagnostics, files);
  if (!recipe) return undefined;
  const loaded = await loadStageTypes(recipe, options, diagnostics, files);
  await checkStructure(recipe, loaded?.registry, diagnostics);
  // Without its plugins' stage types a recipe seems to be full of mistakes.
  if (!loaded) return undefined;
  const drafts = draftStages(recipe, loaded.registry, diagnostics);
  const values = new Map<string, StageValues>();
  const wirings = new Map<string, Wiring>();
  for (const [name, { entry, info }] of drafts) {
    if (info) values.set(name, checkStageValues(entry, info, diagnostics));
  }
  for (const [name, draft] of drafts) wirings.set(name, wire(draft, drafts, diagnostics));
  const order = stageOrder(
    [...drafts.keys()].map((name) => ({ name, edges: wirings.get(name)?.edges ?? [] })),
    diagnostics,
  );
  if (diagnostics.hasErrors) return undefined;
  const stages = order.flatMap((name): CheckedStage[] => {
    const draft = drafts.get(name);
    const own = values.get(name);
    const inputs = wirings.get(name)?.inputs;
    if (!draft?.info || !own || !inputs) return [];
    return [checkedStage(draft, draft.info, own, inputs, recipe, options)];
  });
  const description = textAt(recipe, 'description');
  return {
    file,
    name: textAt(recipe, 'name') ?? basename(file).replace(/\.ya?ml$/i, ''),
    ...(description !== undefined && { description }),
    ...(options.profile !== undefined && { profile: options.profile }),
    stages,
    files: [...files],
  };
}

/** Everything but `params` and `profiles` with parameters filled in. */
function fillIn(
  parsed: MapNode,
  options: CheckRecipeOptions,
  workingFolder: string,
  diagnostics: Diagnostics,
  files: Set<string>,
): MapNode | undefined {
  const overrides = {
    set: options.set ?? [],
    paramsFiles: options.paramsFiles ?? [],
    environment: options.environment ?? process.env,
    folder: workingFolder,
    ...(options.profile !== undefined && { profile: options.profile }),
  };
  const params = resolveParams(parsed, overrides, diagnostics, files);
  const interpolation = new Interpolation({ params, items: new Map() }, diagnostics);
  interpolation.check();
  const entries = entriesOf(parsed).map((entry) => {
    const isOverride = entry.name === 'params' || entry.name === 'profiles';
    return [entry.name, isOverride ? entry : { ...entry, value: interpolation.fill(entry.value) }] as const;
  });
  const recipe: MapNode = { ...parsed, entries: new Map(entries) };
  if (isTooLarge(recipe)) {
    const message = 'the recipe becomes too large when its parameters are filled in';
    diagnostics.add({
      code: 'params/too-large',
      message,
      location: excerptOf({ ...parsed.origin, end: parsed.origin.start }),
    });
    return undefined;
  }
  for (const { name, key } of interpolation.unused()) {
    diagnostics.add({
      code: 'params/unused',
      severity: 'warning',
      message: `nothing uses the parameter '${name}'`,
      location: excerptOf(key),
    });
  }
  return recipe;
}

async function loadStageTypes(
  recipe: MapNode,
  options: CheckRecipeOptions,
  diagnostics: Diagnostics,
  files: Set<string>,
): Promise<LoadedRegistry | undefined> {
  const plugins = valueAt(recipe, 'plugins');
  const references = (plugins?.kind === 'list' ? plugins.items : []).flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '' && !item.unknown
      ? [{ written: item.value, folder: item.folder, location: excerptOf(item.origin) }]
      : [],
  );
  const loaded = await loadRegistry({
    plugins: references,
    from: recipe.folder,
    ...(options.registry && { builtins: options.registry }),
    ...(options.pluginCache !== undefined && { cache: options.pluginCache }),
  });
  for (const file of loaded.ok ? loaded.value.files : loaded.files) files.add(file);
  if (loaded.ok) return loaded.value;
  diagnostics.addAll(loaded.error);
  return undefined;
}

function draftStages(
  recipe: MapNode,
  registry: StageRegistry,
  diagnostics: Diagnostics,
): ReadonlyMap<string, DraftStage> {
  return new Map(
    entriesOf(valueAt(recipe, 'stages')).map((entry) => [
      entry.name,
      { name: entry.name, entry, info: findStageType(entry, registry, diagnostics) },
    ]),
  );
}

function checkedStage(
  { name, entry }: DraftStage,
  info: StageInfo,
  values: StageValues,
  inputs: CheckedStage['inputs'],
  recipe: MapNode,
  options: CheckRecipeOptions,
): CheckedStage {
  const stage = entry.value;
  const limit = options.threads ?? numberAt(recipe, 'threads') ?? availableParallelism();
  const runtime = textAt(stage, 'runtime') ?? options.runtime ?? textAt(recipe, 'runtime');
  return {
    name,
    info,
    ...values,
    inputs,
    seed: numberAt(stage, 'seed') ?? options.seed ?? numberAt(recipe, 'seed') ?? defaultSeed,
    runtime: runtimeNames.find((candidate) => candidate === runtime) ?? 'onnx',
    threads: numberAt(stage, 'threads') ?? (info.threads === 'all' ? limit : Math.min(info.threads, limit)),
    location: locationOf(entry.key),
  };
}

/** Whether the tree, every shared part counted as often as it appears, is beyond any honest recipe. */
function isTooLarge(root: RecipeNode): boolean {
  const sizes = new Map<RecipeNode, number>();
  const size = (node: RecipeNode): number => {
    const known = sizes.get(node);
    if (known !== undefined) return known;
    const children = node.kind === 'list' ? node.items : entriesOf(node).map(({ value }) => value);
    const total = children.reduce((sum, child) => sum + size(child), 1);
    sizes.set(node, total);
    return total;
  };
  return size(root) > maximumValues;
}

const maximumValues = 1_000_000;
const runtimeNames = ['onnx', 'tensorflow', 'wasm', 'cpu'] as const;

function textAt(node: RecipeNode, name: string): string | undefined {
  const value = valueAt(node, name);
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

function numberAt(node: RecipeNode, name: string): number | undefined {
  const value = valueAt(node, name);
  return value?.kind === 'scalar' && typeof value.value === 'number' ? value.value : undefined;
}
