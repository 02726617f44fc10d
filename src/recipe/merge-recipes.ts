/**
 * How two recipes become one.
 *
 * Maps are merged by key. Every other value is replaced by the nearer one. A nearer `null` removes what the base has under
 * that key. A nearer `{ $append: [...] }` adds to the base's list. It does not matter how a row of recipes is grouped, only
 * in which order they stand: merging is associative, since what was removed or replaced remembers that it was.
 */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import {
  entriesOf,
  excerptOf,
  type ListNode,
  type MapEntry,
  type MapNode,
  type RecipeNode,
} from './recipe-node.js';

/** The only key of a map that stands for a list to be added to another one. */
export const appendKey = '$append';

/** Reads `{ $append: [...] }` anywhere in a recipe as a list that appends. */
export function readAppends(node: MapNode, diagnostics: Diagnostics): MapNode {
  return withAppends(node, diagnostics);
}

/** The nearer map laid over the base. Removed keys stay as marked nulls until `finishMerge`. */
export function mergeMaps(base: MapNode, nearer: MapNode, diagnostics: Diagnostics): MapNode {
  if (nearer.replaces) return nearer;
  const entries = new Map<string, MapEntry>(base.entries);
  for (const entry of nearer.entries.values()) {
    const known = base.entries.get(entry.name);
    entries.set(
      entry.name,
      known ? { ...entry, value: merge(known.value, entry.value, diagnostics) } : entry,
    );
  }
  return { ...nearer, entries, ...(base.replaces && { replaces: true }) };
}

/** Leaves out what was removed. */
export function finishMerge(node: MapNode): MapNode {
  return withoutMarks(node);
}

function merge(base: RecipeNode, nearer: RecipeNode, diagnostics: Diagnostics): RecipeNode {
  if (nearer.kind === 'list' && nearer.appends) return append(base, nearer, diagnostics);
  if (nearer.kind === 'map') {
    if (base.kind === 'map') return mergeMaps(base, nearer, diagnostics);
    return insteadOf({ ...nearer, replaces: true }, base);
  }
  if (nearer.kind === 'scalar' && nearer.value === null && !nearer.unknown && !nearer.literal) {
    return insteadOf({ ...nearer, removes: true }, base);
  }
  return insteadOf(nearer, base);
}

function append(base: RecipeNode, nearer: ListNode, diagnostics: Diagnostics): RecipeNode {
  const { appends, ...plain } = nearer;
  if (base.kind === 'list') {
    return { ...plain, items: [...base.items, ...nearer.items], ...(base.appends && { appends }) };
  }
  const isNothing = base.kind === 'scalar' && base.value === null;
  if (!isNothing && !base.unknown) {
    diagnostics.add({
      code: 'extends/append',
      message: 'there is no list to append to',
      location: excerptOf(nearer.origin),
      found: base.kind === 'map' ? 'a map' : 'a single value',
      expected: 'a list in the recipe that is extended',
      related: [{ location: excerptOf(base.origin), message: 'the value that is extended' }],
    });
    return { ...plain, unknown: true };
  }
  return insteadOf(plain, base);
}

/** The node, remembering below all that it has replaced already that it replaced this one, too. */
function insteadOf(node: RecipeNode, base: RecipeNode): RecipeNode {
  return { ...node, instead: node.instead ? insteadOf(node.instead, base) : base };
}

function withAppends<Node extends RecipeNode>(node: Node, diagnostics: Diagnostics): Node;
function withAppends(node: RecipeNode, diagnostics: Diagnostics): RecipeNode {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') {
    const items = node.items.map((item) => appended(item, diagnostics));
    return items.every((item, index) => item === node.items[index]) ? node : { ...node, items };
  }
  let isChanged = false;
  const entries = new Map<string, MapEntry>();
  for (const entry of node.entries.values()) {
    const value = appended(entry.value, diagnostics);
    isChanged ||= value !== entry.value;
    entries.set(entry.name, value === entry.value ? entry : { ...entry, value });
  }
  return isChanged ? { ...node, entries } : node;
}

function appended(node: RecipeNode, diagnostics: Diagnostics): RecipeNode {
  const entry = node.kind === 'map' ? node.entries.get(appendKey) : undefined;
  if (!entry || node.kind !== 'map') return withAppends(node, diagnostics);
  const { value } = entry;
  const others = entriesOf(node).filter(({ name }) => name !== appendKey);
  if (value.kind === 'list' && others.length === 0) {
    return { ...withAppends(value, diagnostics), appends: true };
  }
  if (!value.unknown) {
    diagnostics.add({
      code: 'extends/append',
      message: `'${appendKey}' stands alone in its map and has a list`,
      location: excerptOf(entry.key),
      help: `for example freeze: { ${appendKey}: [pooler] }`,
      ...(others[0] && {
        related: [{ location: excerptOf(others[0].key), message: 'this stands beside it' }],
      }),
    });
  }
  return { ...node, unknown: true };
}

function withoutMarks<Node extends RecipeNode>(node: Node): Node;
function withoutMarks(node: RecipeNode): RecipeNode {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') {
    const { appends, ...plain } = node;
    const items = node.items.map((item) => withoutMarks(item));
    const isSame = !appends && items.every((item, index) => item === node.items[index]);
    return isSame ? node : { ...plain, items };
  }
  let isChanged = node.replaces === true;
  const entries = new Map<string, MapEntry>();
  for (const entry of node.entries.values()) {
    if (entry.value.kind === 'scalar' && entry.value.removes) {
      isChanged = true;
      continue;
    }
    const value = withoutMarks(entry.value);
    isChanged ||= value !== entry.value;
    entries.set(entry.name, value === entry.value ? entry : { ...entry, value });
  }
  if (!isChanged) return node;
  const { replaces, ...plain } = node;
  return { ...plain, entries };
}
