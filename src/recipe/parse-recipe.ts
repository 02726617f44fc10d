/** YAML text -> a tree of values with places. Mistakes become diagnostics; nothing is thrown. */
import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import type { SourceText } from '../diagnostics/source-text.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { excerptOf, type MapEntry, type MapNode, type Origin, type RecipeNode } from './recipe-node.js';
import { addSyntaxErrors, tooDeep } from './syntax-diagnostics.js';

/** Parses one YAML document. Returns undefined when its syntax is broken; then there is a diagnostic. */
export function parseRecipe(source: SourceText, diagnostics: Diagnostics): RecipeNode | undefined {
  const depth = nestingDepth(source.text);
  if (depth.deepest > maximumFlowDepth) {
    diagnostics.add(tooDeep(source, depth.at));
    return undefined;
  }
  let document: Document.Parsed;
  try {
    // Merge keys, aliases and equal keys are treated below, where the places are known.
    document = parseDocument(source.text, { prettyErrors: false, uniqueKeys: false, merge: false });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    diagnostics.add(tooDeep(source, 0));
    return undefined;
  }
  if (addSyntaxErrors(document, source, diagnostics)) return undefined;
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    diagnostics.add({
      code: 'recipe/empty',
      message: 'the recipe is empty',
      location: source.excerpt(0, 0),
      help: "a recipe begins with 'recipe: 1' and has 'stages:'",
    });
    return undefined;
  }
  return new Converter(source, diagnostics).convert(document.contents);
}

/** Brackets inside brackets beyond this are refused before parsing: the parser is recursive. */
const maximumFlowDepth = 200;
/** The same for the finished tree, in whatever notation. */
const maximumDepth = 64;
/** Values that aliases may add to a file: ten times what it holds, and this many more. */
const aliasAllowance = 100_000;

type YamlNode = Scalar | Alias | YAMLMap | YAMLSeq;

interface Converted {
  readonly node: RecipeNode;
  /** The number of values in it, with every alias counted as a copy. */
  readonly size: number;
}

class Converter {
  readonly #anchors = new Map<string, Converted | 'open'>();
  #ownSize = 0;
  #isRefused = false;

  constructor(
    readonly source: SourceText,
    readonly diagnostics: Diagnostics,
  ) {}

  convert(contents: unknown): RecipeNode | undefined {
    const { node } = this.#value(contents, 0, 0);
    return this.#isRefused ? undefined : node;
  }

  #value(value: unknown, depth: number, position: number): Converted {
    if (!isYamlNode(value)) return this.#null(position);
    const origin = this.#origin(value);
    this.#ownSize++;
    if (depth > maximumDepth) {
      if (!this.#isRefused) this.diagnostics.add(tooDeep(this.source, origin.start));
      this.#isRefused = true;
      return {
        node: { kind: 'scalar', value: null, unknown: true, origin, folder: this.source.folder },
        size: 1,
      };
    }
    if (isAlias(value)) return this.#alias(value, origin);
    if (value.anchor) this.#anchors.set(value.anchor, 'open');
    const converted = this.#collectionOrScalar(value, origin, depth);
    if (value.anchor) this.#anchors.set(value.anchor, converted);
    return converted;
  }

  #collectionOrScalar(value: Scalar | YAMLMap | YAMLSeq, origin: Origin, depth: number): Converted {
    const { folder } = this.source;
    if (isMap(value)) return this.#map(value, origin, depth);
    if (isSeq(value)) {
      const items = value.items.map((item) => this.#value(item, depth + 1, origin.end));
      return {
        node: { kind: 'list', items: items.map(({ node }) => node), origin, folder },
        size: this.#sum(items, origin),
      };
    }
    return { node: { kind: 'scalar', origin, folder, ...this.#scalarValue(value, origin) }, size: 1 };
  }

  #scalarValue(
    { value, source }: Scalar,
    origin: Origin,
  ): { value: string | number | boolean | null; unknown?: true } {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.diagnostics.add({
        code: 'yaml/number',
        message: 'the number is not finite',
        location: excerptOf(origin),
        found: source ?? String(value),
      });
      return { value: null, unknown: true };
    }
    if (
      typeof value === 'number' &&
      Number.isInteger(value) &&
      !Number.isSafeInteger(value) &&
      !/[.eE]/.test(source ?? '')
    ) {
      this.diagnostics.add({
        code: 'yaml/number',
        message: 'the number has more digits than can be kept',
        location: excerptOf(origin),
        found: source ?? String(value),
        help: 'put it in quotes if it is a name',
      });
      return { value: null, unknown: true };
    }
    if (
      typeof value === 'string' ||
      typeof value === 'number' ||
      typeof value === 'boolean' ||
      value === null
    ) {
      return { value };
    }
    return { value: source ?? String(value) };
  }

  #map(value: YAMLMap, origin: Origin, depth: number): Converted {
    const entries = new Map<string, MapEntry>();
    const merged: Converted[] = [];
    const values: Converted[] = [];
    for (const pair of value.items) {
      if (isMergeKey(pair)) {
        merged.push(...this.#mergeSources(pair, depth));
        continue;
      }
      const key = this.#key(pair, entries);
      const converted = this.#value(pair.value, depth + 1, key?.origin.end ?? origin.end);
      values.push(converted);
      if (key) entries.set(key.name, { name: key.name, key: key.origin, value: converted.node });
    }
    // A key of the map itself wins over a merged one, an earlier merged map over a later one.
    for (const { node } of merged) {
      if (node.kind !== 'map') continue;
      for (const [name, entry] of node.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    const node: MapNode = { kind: 'map', entries, origin, folder: this.source.folder };
    return { node, size: this.#sum([...values, ...merged], origin) };
  }

  #mergeSources(pair: Pair, depth: number): readonly Converted[] {
    const sources = isSeq(pair.value) ? pair.value.items : [pair.value];
    return sources.flatMap((item) => {
      const converted = this.#value(item, depth + 1, 0);
      if (converted.node.kind === 'map' || converted.node.unknown) return [converted];
      this.diagnostics.add({
        code: 'yaml/merge',
        message: "'<<' takes a map or a list of maps",
        location: excerptOf(isYamlNode(item) ? this.#origin(item) : this.#origin(pair.key)),
        help: 'for example <<: *defaults',
      });
      return [];
    });
  }

  #key(pair: Pair, entries: ReadonlyMap<string, MapEntry>): { name: string; origin: Origin } | undefined {
    const { key } = pair;
    const origin = this.#origin(key);
    const complain = (code: DiagnosticCode, message: string, related: Origin[] = []): undefined => {
      const places = related.map((place) => ({ location: excerptOf(place), message: 'first written here' }));
      this.diagnostics.add({ code, message, location: excerptOf(origin), related: places });
      return undefined;
    };
    if (!isScalar(key)) return complain('yaml/key', 'a key must be a plain text');
    if (key.value === null || key.value === '') return complain('yaml/key', 'the key is empty');
    const name = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
    if (name === '__proto__') return complain('yaml/key', "'__proto__' cannot be a key");
    const first = entries.get(name);
    if (first) return complain('yaml/duplicate-key', `the key '${name}' is written twice`, [first.key]);
    return { name, origin };
  }

  #alias(alias: Alias, origin: Origin): Converted {
    const anchored = this.#anchors.get(alias.source);
    if (anchored !== undefined && anchored !== 'open') {
      return { node: { ...anchored.node, origin }, size: anchored.size };
    }
    const names = [...this.#anchors].filter(([, value]) => value !== 'open').map(([name]) => name);
    const help = didYouMean(alias.source, names);
    this.diagnostics.add({
      code: 'yaml/alias',
      message:
        anchored === 'open'
          ? `'*${alias.source}' stands inside the value that it names`
          : `no anchor '&${alias.source}' stands before this alias`,
      location: excerptOf(origin),
      ...(help && { help }),
    });
    return {
      node: { kind: 'scalar', value: null, unknown: true, origin, folder: this.source.folder },
      size: 1,
    };
  }

  #sum(children: readonly Converted[], origin: Origin): number {
    const size = children.reduce((total, child) => total + child.size, 1);
    if (size > 10 * this.#ownSize + aliasAllowance && !this.#isRefused) {
      this.#isRefused = true;
      this.diagnostics.add({
        code: 'yaml/alias-bomb',
        message: 'the aliases in this value multiply beyond measure',
        location: excerptOf(origin),
        found: `more than ${aliasAllowance.toLocaleString('en')} values`,
      });
    }
    return size;
  }

  #null(position: number): Converted {
    const origin = { source: this.source, start: position, end: position };
    return { node: { kind: 'scalar', value: null, origin, folder: this.source.folder }, size: 1 };
  }

  #origin(value: unknown): Origin {
    const range = isYamlNode(value) ? value.range : undefined;
    const start = range?.[0] ?? 0;
    const { text } = this.source;
    let end = range?.[1] ?? start;
    // The parser counts the line breaks after a block collection to it.
    if (isCollection(value)) while (end > start && /\s/.test(text[end - 1] ?? '')) end--;
    return { source: this.source, start, end };
  }
}

function isYamlNode(value: unknown): value is YamlNode {
  return isScalar(value) || isAlias(value) || isMap(value) || isSeq(value);
}

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

/** How deep brackets are nested, at most; brackets inside quotes or comments make it an overestimate, which is fine. */
function nestingDepth(text: string): { deepest: number; at: number } {
  let depth = 0;
  let deepest = 0;
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '[' || character === '{') {
      depth++;
      if (depth > deepest) {
        deepest = depth;
        at = index;
      }
    } else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
  }
  return { deepest, at };
}
