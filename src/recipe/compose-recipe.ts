/**
 * `extends`: recipes that build on others.
 *
 * Maps are merged by key; anything else, lists included, is replaced by what the nearer file says. Of several extended
 * files the later one is nearer, and the recipe itself is nearest. Every value keeps the place where it was written, and
 * relative paths start from the file that they are written in.
 */
import { Diagnostics } from '../diagnostics/diagnostic.js';
import { parseRecipe } from './parse-recipe.js';
import { resolvePath } from './path-settings.js';
import { readSource } from './read-source.js';
import {
  entriesOf,
  excerptOf,
  type MapEntry,
  type MapNode,
  type RecipeNode,
  type ScalarNode,
} from './recipe-node.js';

/** The recipe merged with everything that it extends. The files read are added to `files`. */
export function composeRecipe(recipe: MapNode, diagnostics: Diagnostics, files: Set<string>): MapNode {
  return compose(recipe, [recipe.origin.source.file], diagnostics, files);
}

/** A longer chain of recipes that extend each other is refused. */
const maximumChain = 16;

function compose(
  recipe: MapNode,
  chain: readonly string[],
  diagnostics: Diagnostics,
  files: Set<string>,
): MapNode {
  const extended = recipe.entries.get('extends');
  if (!extended) return recipe;
  const own = new Map([...recipe.entries].filter(([name]) => name !== 'extends'));
  let merged: MapNode | undefined;
  for (const node of extended.value.kind === 'list' ? extended.value.items : [extended.value]) {
    const base = readBase(node, chain, diagnostics, files);
    if (base) merged = merged ? mergeMaps(merged, base) : base;
  }
  return merged ? mergeMaps(merged, { ...recipe, entries: own }) : { ...recipe, entries: own };
}

function readBase(
  node: RecipeNode,
  chain: readonly string[],
  diagnostics: Diagnostics,
  files: Set<string>,
): MapNode | undefined {
  if (node.unknown) return undefined;
  const location = excerptOf(node.origin);
  if (!isText(node)) {
    const expected = 'the path of a recipe, or a list of paths';
    diagnostics.add({
      code: 'extends/value',
      message: "the value of 'extends' is not allowed",
      location,
      expected,
    });
    return undefined;
  }
  const path = resolvePath(node.value, node.folder);
  if (!path.ok) {
    diagnostics.add({ ...path.error, code: 'extends/missing', location });
    return undefined;
  }
  const file = path.value;
  files.add(file);
  if (chain.includes(file) || chain.length >= maximumChain) {
    const message = chain.includes(file)
      ? 'the recipe extends itself'
      : 'recipes extend each other too deeply';
    diagnostics.add({ code: 'extends/cycle', message, location, found: [...chain, file].join(' -> ') });
    return undefined;
  }
  const wrong = new Diagnostics();
  const source = readSource(file, wrong);
  const parsed = source && parseRecipe(source, wrong);
  for (const diagnostic of wrong.errors()) {
    const related = [...diagnostic.related, { location, message: 'it is extended here' }];
    diagnostics.add(diagnostic.location ? { ...diagnostic, related } : { ...diagnostic, location });
  }
  if (!parsed) return undefined;
  if (parsed.kind !== 'map') {
    diagnostics.add({
      code: 'recipe/not-a-map',
      message: `${node.value} is no recipe: it is no map`,
      location,
    });
    return undefined;
  }
  return compose(parsed, [...chain, file], diagnostics, files);
}

function mergeMaps(base: MapNode, nearer: MapNode): MapNode {
  const entries = new Map<string, MapEntry>(base.entries);
  for (const entry of entriesOf(nearer)) {
    const known = base.entries.get(entry.name);
    const isMerged = known?.value.kind === 'map' && entry.value.kind === 'map';
    entries.set(entry.name, isMerged ? { ...entry, value: merge(known.value, entry.value) } : entry);
  }
  return { ...nearer, entries };
}

function merge(base: RecipeNode, nearer: RecipeNode): RecipeNode {
  return base.kind === 'map' && nearer.kind === 'map' ? mergeMaps(base, nearer) : nearer;
}

function isText(node: RecipeNode): node is ScalarNode & { readonly value: string } {
  return node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '';
}
