/** Recipe file -> checked recipe, or everything that is wrong with it. */
import { basename, dirname, resolve } from 'node:path';
import { type Diagnostic, Diagnostics } from '../diagnostics/diagnostic.js';
import { failure, success } from '../diagnostics/result.js';
import { SourceText } from '../diagnostics/source-text.js';
import { type LoadedRegistry, loadRegistry } from '../plugin/load-registry.js';
import type { JsonObject, StageRegistry } from '../plugin/stage-info.js';
import type { RuntimeName } from '../runtime/runtime.js';
import { checkStructure } from './check-structure.js';
import type { CheckedRecipe } from './checked-recipe.js';
import { composeRecipe } from './compose-recipe.js';
import { type ExpandedStage, expandStages } from './expand-stages.js';
import { type ExplainedStage, explainStage } from './explain-values.js';
import { pluginsOf } from './named-plugins.js';
import { parseRecipe } from './parse-recipe.js';
import { readSource } from './read-source.js';
import { readSweep } from './read-sweep.js';
import { neededInputs, recipeGraph } from './recipe-graph.js';
import { excerptOf, type MapNode, type RecipeNode, valueAt } from './recipe-node.js';
import { everyUse, gatherDiagnostics, loadUses, type UsedRecipe } from './used-recipe.js';

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
  /** Values of one trial of the recipe's sweep; they win over everything else. */
  readonly trial?: JsonObject;
  /** Overrides the recipe's seed, not that of a stage that has its own. */
  readonly seed?: number;
  /** Overrides the recipe's runtime, not that of a stage that has its own. */
  readonly runtime?: RuntimeName;
  /** Overrides the recipe's number of threads. */
  readonly threads?: number;
  /**
   * A recipe that needs inputs or has outputs is checked as a part of others: its inputs, and params without a value, stand for
   * whatever they are declared to be.
   */
  readonly asPart?: boolean;
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

/** A checked recipe whose values can be explained, or what is wrong with it. */
export type ExplainRecipeResult =
  | {
      readonly ok: true;
      readonly value: { readonly recipe: CheckedRecipe; readonly explain: () => readonly ExplainedStage[] };
    }
  | Extract<CheckRecipeResult, { readonly ok: false }>;

/** Reads, fills in and checks a recipe. Mistakes are returned, ordered by position; nothing is thrown for them. */
export async function checkRecipe(options: CheckRecipeOptions): Promise<CheckRecipeResult> {
  const explained = await explainRecipe(options);
  return explained.ok ? success(explained.value.recipe) : explained;
}

/** Checks a recipe as `checkRecipe` does, and can say of every value where it came from. */
export async function explainRecipe(options: CheckRecipeOptions): Promise<ExplainRecipeResult> {
  const diagnostics = new Diagnostics();
  const files = new Set<string>();
  const checked = await check(options, diagnostics, files);
  if (!checked || diagnostics.hasErrors) return { ...failure(diagnostics.errors()), files: [...files] };
  const warnings = diagnostics.warnings();
  const recipe = warnings.length > 0 ? { ...checked.recipe, warnings } : checked.recipe;
  return success({ recipe, explain: () => checked.expanded.map(explainStage) });
}

async function check(
  options: CheckRecipeOptions,
  diagnostics: Diagnostics,
  files: Set<string>,
): Promise<{ readonly recipe: CheckedRecipe; readonly expanded: readonly ExpandedStage[] } | undefined> {
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
  const asPart =
    options.asPart === true && (neededInputs(composed).length > 0 || composed.entries.has('outputs'));
  const overrides = {
    set: options.set ?? [],
    paramsFiles: options.paramsFiles ?? [],
    environment: options.environment ?? process.env,
    folder: workingFolder,
    trial: options.trial ?? {},
    asPart,
    ...(options.profile !== undefined && { profile: options.profile }),
  };
  const used = loadUses(composed, overrides, diagnostics, files);
  if (!used) return undefined;
  const uses = everyUse(used);
  const loaded = await loadStageTypes(uses, options, files);
  for (const one of uses) await checkStructure(one.recipe, loaded?.registry, one.diagnostics);
  // Without its plugins' stage types a recipe seems to be full of mistakes.
  const expanded = loaded ? expand(used, loaded.registry, { ...options, asPart }, diagnostics) : [];
  for (const stage of expanded) await checkVariant(stage, loaded?.registry);
  const stages = expanded.map(({ stage }) => stage);
  const sweep = readSweep(used, stages, diagnostics);
  gatherDiagnostics(used, diagnostics);
  warnOfUnused(used);
  if (!loaded || diagnostics.hasErrors) return undefined;
  const description = textAt(used.recipe, 'description');
  const recipe: CheckedRecipe = {
    file,
    name: textAt(used.recipe, 'name') ?? basename(file).replace(/\.ya?ml$/i, ''),
    ...(description !== undefined && { description }),
    ...(options.profile !== undefined && { profile: options.profile }),
    stages,
    ...(asPart && { needs: neededInputs(used.recipe) }),
    ...(sweep && { sweep }),
    files: [...files],
  };
  return { recipe, expanded };
}

function expand(
  used: UsedRecipe,
  registry: StageRegistry,
  { seed, runtime, threads, asPart = false }: CheckRecipeOptions,
  diagnostics: Diagnostics,
): readonly ExpandedStage[] {
  const overrides = {
    ...(seed !== undefined && { seed }),
    ...(runtime !== undefined && { runtime }),
    ...(threads !== undefined && { threads }),
  };
  return expandStages(recipeGraph(used, registry, asPart), overrides, diagnostics);
}

/** The structure was checked with the first value of everything that varies; here are the others of seeds and the like. */
async function checkVariant(
  { node, template }: ExpandedStage,
  registry: StageRegistry | undefined,
): Promise<void> {
  const { recipe, entry, localName } = template;
  const isVaried = ['seed', 'runtime', 'threads', 'expect'].some((key) => {
    const written = valueAt(entry.value, key);
    return written !== undefined && recipe.interpolation.axesOf(written).size > 0;
  });
  if (!isVaried || node.kind !== 'map') return;
  const uses = entry.value.kind === 'map' ? entry.value.entries.get('uses') : undefined;
  const stage: MapNode = uses ? { ...node, entries: new Map(node.entries).set('uses', uses) } : node;
  const stages: MapNode = { ...node, entries: new Map([[localName, { ...entry, value: stage }]]) };
  const version = recipe.recipe.entries.get('recipe');
  const entries = new Map([['stages', { name: 'stages', key: entry.key, value: stages }]]);
  if (version) entries.set('recipe', { ...version, value: version.value as MapNode });
  await checkStructure({ ...recipe.recipe, entries }, registry, recipe.diagnostics);
}

/** Sub-recipes are left out: they are written for others, who may not need all of their params. */
function warnOfUnused({ interpolation, diagnostics }: UsedRecipe): void {
  for (const { name, key } of interpolation.unused()) {
    diagnostics.add({
      code: 'params/unused',
      severity: 'warning',
      message: `nothing uses the parameter '${name}'`,
      location: excerptOf(key),
    });
  }
}

async function loadStageTypes(
  uses: readonly UsedRecipe[],
  options: CheckRecipeOptions,
  files: Set<string>,
): Promise<LoadedRegistry | undefined> {
  const [root] = uses;
  if (!root) return undefined;
  const loaded = await loadRegistry({
    plugins: pluginsOf(uses),
    from: root.recipe.folder,
    ...(options.registry && { builtins: options.registry }),
    ...(options.pluginCache !== undefined && { cache: options.pluginCache }),
  });
  for (const file of loaded.ok ? loaded.value.files : loaded.files) files.add(file);
  if (loaded.ok) return loaded.value;
  root.diagnostics.addAll(loaded.error);
  return undefined;
}

function textAt(node: RecipeNode, name: string): string | undefined {
  const value = valueAt(node, name);
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}
