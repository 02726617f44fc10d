/**
 * A recipe in the place where it is used: the one that is checked, or one that is a stage of another (`uses: ./sub.yaml`).
 *
 * Every use has params of its own: those of a sub-recipe are set by the stage's `with`. What is wrong inside a sub-recipe is
 * shown together with the place that uses it.
 */
import { Diagnostics, type RelatedLocation } from '../diagnostics/diagnostic.js';
import type { Axis } from './axis.js';
import { composeRecipe } from './compose-recipe.js';
import { Interpolation } from './interpolate.js';
import { declaredParams, Overriding, type Param, type ParamOverrides, resolveParams } from './params.js';
import { parseRecipe } from './parse-recipe.js';
import { readItems, withMatrix } from './read-axes.js';
import { readSource } from './read-source.js';
import { entriesOf, excerptOf, type MapEntry, type MapNode, type Origin, valueAt } from './recipe-node.js';
import { resolveRecipe } from './recipe-reference.js';

/** One use of a recipe. */
export interface UsedRecipe {
  /** Begins the names of its stages: `prepare/`; empty for the recipe that is checked. */
  readonly prefix: string;
  /** Composed, params not filled in. */
  readonly written: MapNode;
  /** The same with params filled in, everything that varies by its first value. */
  readonly recipe: MapNode;
  readonly interpolation: Interpolation;
  readonly items: ReadonlyMap<string, Axis>;
  /** The recipes that its stages are, by the stage's name. */
  readonly parts: ReadonlyMap<string, UsedRecipe>;
  /** Stages whose recipe could not be read, which was complained about. */
  readonly broken: ReadonlySet<string>;
  /** Where it is used; absent for the recipe that is checked. */
  readonly use?: { readonly by: UsedRecipe; readonly stage: MapEntry };
  readonly diagnostics: Diagnostics;
}

/** Whether `uses` names a recipe and not a stage type. */
export function isRecipeReference(uses: string): boolean {
  return /\.ya?ml$/i.test(uses) || /^(npm:|\.{0,2}\/)/.test(uses);
}

/** Loads the recipes that stages of a composed recipe are, and theirs. Files read are added to `files`. */
export function loadUses(
  written: MapNode,
  overrides: ParamOverrides,
  diagnostics: Diagnostics,
  files: Set<string>,
): UsedRecipe | undefined {
  const loader = new Loader(overrides, files);
  return loader.root(written, diagnostics);
}

/** The recipe and all that it uses, the outer ones first. */
export function everyUse(recipe: UsedRecipe): readonly UsedRecipe[] {
  return [recipe, ...[...recipe.parts.values()].flatMap(everyUse)];
}

/** Reports what was found in sub-recipes, with the places that use them. */
export function gatherDiagnostics(recipe: UsedRecipe, into: Diagnostics): void {
  for (const part of everyUse(recipe)) {
    if (!part.use) continue;
    const related = waysTo(part);
    for (const diagnostic of [...part.diagnostics.errors(), ...part.diagnostics.warnings()]) {
      into.add({ ...diagnostic, related: [...diagnostic.related, ...related] });
    }
  }
}

/** More uses than this are a mistake, or malice. */
const maximumUses = 1000;
/** Recipes that use recipes that use recipes: longer chains are refused. */
const maximumDepth = 16;

class Loader {
  #count = 0;
  readonly #composed = new Map<string, MapNode | undefined>();

  constructor(
    readonly overrides: ParamOverrides,
    readonly files: Set<string>,
  ) {}

  root(written: MapNode, diagnostics: Diagnostics): UsedRecipe | undefined {
    const params = resolveParams(written, this.overrides, diagnostics, this.files);
    return this.#load(written, params, { prefix: '', diagnostics }, [written.origin.source.file]);
  }

  #load(
    written: MapNode,
    declared: ReadonlyMap<string, Param>,
    place: Pick<UsedRecipe, 'prefix' | 'diagnostics' | 'use'>,
    chain: readonly string[],
  ): UsedRecipe | undefined {
    const { diagnostics, prefix } = place;
    const params = withMatrix(written, declared, diagnostics);
    const items = readItems(written, params, diagnostics);
    const interpolation = new Interpolation({ params, items }, diagnostics);
    interpolation.check();
    const recipe = filled(written, interpolation);
    if (isTooLarge(recipe)) {
      diagnostics.add({
        code: 'params/too-large',
        message: 'the recipe becomes too large when its parameters are filled in',
        location: excerptOf({ ...written.origin, end: written.origin.start }),
      });
      return undefined;
    }
    const parts = new Map<string, UsedRecipe>();
    const broken = new Set<string>();
    const loaded: UsedRecipe = { ...place, written, recipe, interpolation, items, parts, broken };
    for (const stage of entriesOf(valueAt(written, 'stages'))) {
      const uses = valueAt(valueAt(valueAt(recipe, 'stages'), stage.name), 'uses');
      if (uses?.kind !== 'scalar' || typeof uses.value !== 'string' || uses.unknown) continue;
      if (!isRecipeReference(uses.value)) continue;
      const read = this.#read(uses.value, uses.folder, uses.origin, chain, diagnostics);
      const part = read && this.#use(read.node, stage, loaded, [...chain, read.file], prefix);
      if (part) parts.set(stage.name, part);
      else broken.add(stage.name);
    }
    return loaded;
  }

  #use(
    written: MapNode,
    stage: MapEntry,
    by: UsedRecipe,
    chain: readonly string[],
    prefix: string,
  ): UsedRecipe | undefined {
    const diagnostics = new Diagnostics();
    const params = declaredParams(written, this.overrides, diagnostics);
    const section = written.entries.get('params');
    const override = new Overriding(
      params,
      by.diagnostics,
      section ? [{ location: excerptOf(section.key), message: 'the params of that recipe' }] : [],
    );
    const given = valueAt(stage.value, 'with');
    // A whole map may come from a parameter.
    const values = given?.kind === 'scalar' ? by.interpolation.fill(given) : given;
    for (const entry of entriesOf(values)) override.set(entry, 'with', by.interpolation);
    const place = { prefix: `${prefix}${stage.name}/`, diagnostics, use: { by, stage } };
    return this.#load(written, params, place, chain);
  }

  #read(
    uses: string,
    folder: string,
    place: Origin,
    chain: readonly string[],
    diagnostics: Diagnostics,
  ): { readonly node: MapNode; readonly file: string } | undefined {
    const location = excerptOf(place);
    const resolved = resolveRecipe(uses, folder);
    if (!resolved.ok) {
      diagnostics.add({ ...resolved.error, code: 'subrecipe/missing', location });
      return undefined;
    }
    const file = resolved.value;
    this.files.add(file);
    this.#count++;
    if (chain.includes(file) || chain.length > maximumDepth || this.#count > maximumUses) {
      const isLoop = chain.includes(file);
      diagnostics.add({
        code: 'subrecipe/recursion',
        message: isLoop ? 'the recipe is a stage of itself' : 'recipes use each other beyond measure',
        location,
        found: [...chain, file].join(' -> '),
      });
      return undefined;
    }
    if (!this.#composed.has(file)) this.#composed.set(file, this.#compose(file, place, diagnostics));
    const node = this.#composed.get(file);
    return node && { node, file };
  }

  #compose(file: string, place: Origin, outer: Diagnostics): MapNode | undefined {
    const location = excerptOf(place);
    const wrong = new Diagnostics();
    const source = readSource(file, wrong);
    const parsed = source && parseRecipe(source, wrong);
    const composed = parsed?.kind === 'map' ? composeRecipe(parsed, wrong, this.files) : undefined;
    for (const diagnostic of wrong.errors()) {
      outer.add(
        diagnostic.location
          ? { ...diagnostic, related: [...diagnostic.related, { location, message: 'used from here' }] }
          : { ...diagnostic, location },
      );
    }
    if (parsed && parsed.kind !== 'map') {
      outer.add({ code: 'recipe/not-a-map', message: `${file} is no recipe: it is no map`, location });
    }
    return composed;
  }
}

function waysTo(recipe: UsedRecipe): readonly RelatedLocation[] {
  if (!recipe.use) return [];
  const { by, stage } = recipe.use;
  const place = valueAt(stage.value, 'uses')?.origin ?? stage.key;
  return [{ location: excerptOf(place), message: `used from here, as '${stage.name}'` }, ...waysTo(by)];
}

/** Everything but what params are made of with references filled in. */
function filled(written: MapNode, interpolation: Interpolation): MapNode {
  const entries = entriesOf(written).map((entry) => {
    const isSource = entry.name === 'params' || entry.name === 'profiles';
    return [entry.name, isSource ? entry : { ...entry, value: interpolation.fill(entry.value) }] as const;
  });
  return { ...written, entries: new Map(entries) };
}

/** Whether the tree, every shared part counted as often as it appears, is beyond any honest recipe. */
function isTooLarge(root: MapNode): boolean {
  const sizes = new Map<object, number>();
  const size = (node: MapEntry['value']): number => {
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
