/**
 * A recipe as a tree of values that know where they were written.
 *
 * Everything after parsing works on this tree, so that every mistake can be shown in its place. Parts of a tree may be
 * shared (YAML aliases); nothing is ever changed in place.
 */
import type { ExcerptedLocation, SourceLocation, SourceText } from '../diagnostics/source-text.js';
import type { Json } from '../plugin/stage-info.js';

/** Where a value was written. */
export interface Origin {
  readonly source: SourceText;
  /** Half-open range of offsets. */
  readonly start: number;
  readonly end: number;
}

/** What a parameter's value was set by, from the weakest to the strongest. */
export type ValueLayer =
  | 'default'
  | 'matrix'
  | 'foreach'
  | 'environment'
  | 'profile'
  | 'params file'
  | 'command line'
  | 'with'
  | 'sweep';

/** Common to all nodes. */
interface NodeBase {
  readonly origin: Origin;
  /** The parameter that the value came from, where it was written as `${params.x}`. */
  readonly from?: RecipeNode;
  /** The parameters that are part of the text: `data/${params.language}.tsv`. */
  readonly parts?: readonly RecipeNode[];
  /** What set it, where the value is a parameter's. */
  readonly layer?: ValueLayer;
  /** The folder that the value starts from if it is a relative path. */
  readonly folder: string;
  /** The value that this one replaced: of a recipe that is extended, or of a weaker layer. */
  readonly instead?: RecipeNode;
  /** The value could not be worked out, and a diagnostic says why: later checks leave it alone. */
  readonly unknown?: boolean;
}

/** A text, number, boolean or null. */
export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** While recipes are merged: a null that removed a key. */
  readonly removes?: true;
  /** While recipes are merged: a null that is a value and removes nothing. */
  readonly literal?: true;
}

/** A list. */
export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly RecipeNode[];
  /** While recipes are merged: the items are to be added to another list. */
  readonly appends?: true;
}

/** One key of a map with its value. */
export interface MapEntry {
  readonly name: string;
  readonly key: Origin;
  readonly value: RecipeNode;
}

/** A map; keys are unique texts. */
export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
  /** While recipes are merged: the map took the place of something else, so nothing further down shines through. */
  readonly replaces?: true;
}

/** A value of a recipe. */
export type RecipeNode = ScalarNode | ListNode | MapNode;

/** The place with the lines around it, for diagnostics. */
export function excerptOf({ source, start, end }: Origin): ExcerptedLocation {
  return source.excerpt(start, end);
}

/** The place alone, for the checked recipe. */
export function locationOf({ source, start, end }: Origin): SourceLocation {
  return source.location(start, end);
}

/** The value of a key, or undefined when the node is no map or lacks it. */
export function valueAt(node: RecipeNode | undefined, name: string): RecipeNode | undefined {
  return node?.kind === 'map' ? node.entries.get(name)?.value : undefined;
}

/** The entries of a map; none for anything else. */
export function entriesOf(node: RecipeNode | undefined): readonly MapEntry[] {
  return node?.kind === 'map' ? [...node.entries.values()] : [];
}

/** The node as plain data. */
export function toJson(node: RecipeNode): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toJson);
    case 'map':
      return toJsonObject(node);
  }
}

/** Plain data as a tree all of which stands at one place. */
export function fromJson(json: Json, origin: Origin, folder: string): RecipeNode {
  if (typeof json !== 'object' || json === null) return { kind: 'scalar', value: json, origin, folder };
  if (isItems(json)) {
    return { kind: 'list', items: json.map((item) => fromJson(item, origin, folder)), origin, folder };
  }
  const entries = Object.entries(json).map(([name, value]): [string, MapEntry] => [
    name,
    { name, key: origin, value: fromJson(value, origin, folder) },
  ]);
  return { kind: 'map', entries: new Map(entries), origin, folder };
}

function isItems(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

/** A map as a plain object; `__proto__` never is a key of a tree. */
export function toJsonObject(node: MapNode): { [key: string]: Json } {
  const object: { [key: string]: Json } = {};
  for (const { name, value } of node.entries.values()) object[name] = toJson(value);
  return object;
}

/** What a JSON pointer leads to. */
export interface Target {
  /** The node, or the last one on the way if the pointer leads further than the text (a default was filled in). */
  readonly node: RecipeNode;
  /** The key under which the node stands, if it stands in a map. */
  readonly entry?: MapEntry;
  /** The pointer was followed to its end. */
  readonly complete: boolean;
  /** Something on the way is unknown. */
  readonly unknown: boolean;
}

/** Follows a JSON pointer ('' is the node itself). */
export function follow(root: RecipeNode, pointer: string): Target {
  let target: Target = { node: root, complete: true, unknown: root.unknown ?? false };
  for (const name of pointerSegments(pointer)) {
    const { node } = target;
    const entry: MapEntry | undefined = node.kind === 'map' ? node.entries.get(name) : undefined;
    const next: RecipeNode | undefined =
      entry?.value ?? (node.kind === 'list' ? node.items[Number(name)] : undefined);
    if (!next) return { ...target, complete: false };
    const unknown: boolean = target.unknown || (next.unknown ?? false);
    target = { node: next, complete: true, unknown, ...(entry && { entry }) };
  }
  return target;
}

/** `/a~1b/0` -> `['a/b', '0']`. */
export function pointerSegments(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** One more step of a JSON pointer. */
export function childPointer(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
