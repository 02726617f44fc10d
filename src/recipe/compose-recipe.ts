/**
 * `extends`: recipes that build on others.
 *
 * Of several extended files the later one is nearer, and the recipe itself is nearest; `merge-recipes.ts` says what that
 * means; `plugins` of all of them add up. Every value keeps the place where it was written, and relative paths start from the file that they are written in.
 */
import type { DiagnosticCode } from '../diagnostics/codes.js';
import { Diagnostics, type RelatedLocation } from '../diagnostics/diagnostic.js';
import { finishMerge, mergeMaps, readAppends } from './merge-recipes.js';
import { inLongForm, withNullDefaults } from './param-declaration.js';
import { parseRecipe } from './parse-recipe.js';
import { readSource } from './read-source.js';
import {
  excerptOf,
  type ListNode,
  type MapNode,
  type Origin,
  type RecipeNode,
  type ScalarNode,
} from './recipe-node.js';
import { resolveRecipe } from './recipe-reference.js';

/** The recipe merged with everything that it extends. The files read are added to `files`. */
export function composeRecipe(recipe: MapNode, diagnostics: Diagnostics, files: Set<string>): MapNode {
  const composer = new Composer(diagnostics, files);
  const composed = composer.compose(recipe, [], recipe.origin.source.file);
  if (composer.lacksRecipes) diagnostics.leaveOut(signsOfAbsence);
  return withNullDefaults(finishMerge(composed));
}

/** What looks wrong where a recipe that is extended could not be read: it may hold what is missed, or what a null removes. */
const signsOfAbsence: ReadonlySet<DiagnosticCode> = new Set<DiagnosticCode>([
  'recipe/missing',
  'recipe/type',
  'recipe/unknown-stage-type',
  'setting/missing',
  'wiring/missing-input',
  'wiring/unknown-stage',
  'params/missing',
  'params/unknown',
  'params/unknown-profile',
  'params/unused',
  'matrix/param',
  'matrix/unknown',
  'subrecipe/output',
  'sweep/goal',
  'sweep/param',
]);

/** A longer chain of recipes that extend each other is refused. */
const maximumChain = 16;

/** One step from a recipe to one that it extends. */
interface Link {
  /** The file that is extended. */
  readonly file: string;
  /** Where that is written. */
  readonly place: Origin;
}

class Composer {
  /** Every file is composed once, however many recipes extend it. */
  readonly #composed = new Map<string, MapNode | undefined>();
  /** Something that is extended could not be read. */
  lacksRecipes = false;

  constructor(
    readonly diagnostics: Diagnostics,
    readonly files: Set<string>,
  ) {}

  compose(written: MapNode, chain: readonly Link[], root: string): MapNode {
    const recipe = withGatheredPlugins(inLongForm(readAppends(withoutAnchorKeys(written), this.diagnostics)));
    const extended = recipe.entries.get('extends');
    if (!extended) return recipe;
    const own = new Map([...recipe.entries].filter(([name]) => name !== 'extends'));
    let merged: MapNode | undefined;
    for (const node of extended.value.kind === 'list' ? extended.value.items : [extended.value]) {
      const base = this.#base(node, chain, root);
      if (base) merged = merged ? mergeMaps(merged, base, this.diagnostics) : base;
      else this.lacksRecipes = true;
    }
    const nearest = { ...recipe, entries: own };
    return merged ? mergeMaps(merged, nearest, this.diagnostics) : nearest;
  }

  #base(node: RecipeNode, chain: readonly Link[], root: string): MapNode | undefined {
    if (node.unknown) return undefined;
    const location = excerptOf(node.origin);
    if (!isText(node)) {
      this.diagnostics.add({
        code: 'extends/value',
        message: "the value of 'extends' is not allowed",
        location,
        expected: 'the path of a recipe, or a list of paths',
      });
      return undefined;
    }
    const resolved = resolveRecipe(node.value, node.folder);
    if (!resolved.ok) {
      const help = node.value.includes('${')
        ? "params cannot stand in 'extends': it is read before them"
        : resolved.error.help;
      this.diagnostics.add({
        code: 'extends/missing',
        message: resolved.error.message,
        location,
        ...(help !== undefined && { help }),
        related: wayOf(chain),
      });
      return undefined;
    }
    const file = resolved.value;
    this.files.add(file);
    const way = [...chain, { file, place: node.origin }];
    const isCycle = file === root || chain.some((link) => link.file === file);
    if (isCycle || chain.length >= maximumChain) {
      this.diagnostics.add({
        code: 'extends/cycle',
        message: isCycle ? 'the recipe extends itself' : 'recipes extend each other too deeply',
        location,
        found: [root, ...way.map((link) => link.file)].join(' -> '),
        related: wayOf(chain),
      });
      return undefined;
    }
    if (!this.#composed.has(file)) this.#composed.set(file, this.#read(file, way, root));
    return this.#composed.get(file);
  }

  #read(file: string, way: readonly Link[], root: string): MapNode | undefined {
    const wrong = new Diagnostics();
    const source = readSource(file, wrong);
    const parsed = source && parseRecipe(source, wrong);
    const place = way.at(-1)?.place;
    for (const diagnostic of wrong.errors()) {
      this.diagnostics.add(
        diagnostic.location || !place
          ? { ...diagnostic, related: [...diagnostic.related, ...wayOf(way)] }
          : { ...diagnostic, location: excerptOf(place), related: wayOf(way.slice(0, -1)) },
      );
    }
    if (!parsed) return undefined;
    if (parsed.kind !== 'map') {
      this.diagnostics.add({
        code: 'recipe/not-a-map',
        message: `${file} is no recipe: it is no map`,
        ...(place && { location: excerptOf(place) }),
        related: wayOf(way.slice(0, -1)),
      });
      return undefined;
    }
    return this.compose(parsed, way, root);
  }
}

/** Without keys that begin with `x-`: they hold anchors, whose values stand wherever they were named. */
function withoutAnchorKeys(recipe: MapNode): MapNode {
  const entries = [...recipe.entries].filter(([name]) => !name.startsWith('x-'));
  return entries.length === recipe.entries.size ? recipe : { ...recipe, entries: new Map(entries) };
}

/** Plugins add up: the stages of an extended recipe need theirs, whatever the nearer one needs besides. */
function withGatheredPlugins(recipe: MapNode): MapNode {
  const plugins = recipe.entries.get('plugins');
  if (plugins?.value.kind !== 'list') return recipe;
  const value: ListNode = { ...plugins.value, appends: true };
  return { ...recipe, entries: new Map(recipe.entries).set('plugins', { ...plugins, value }) };
}

/** The chain from the nearest file outwards. */
function wayOf(chain: readonly Link[]): readonly RelatedLocation[] {
  return [...chain]
    .reverse()
    .map(({ place }) => ({ location: excerptOf(place), message: 'extended from here' }));
}

function isText(node: RecipeNode): node is ScalarNode & { readonly value: string } {
  return node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '';
}
