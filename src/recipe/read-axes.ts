/** `matrix` and `foreach`: what is written there, as axes. */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import { type Axis, labelsOf } from './axis.js';
import { checkParam } from './check-param.js';
import { Interpolation } from './interpolate.js';
import { layered, type Param } from './params.js';
import {
  entriesOf,
  excerptOf,
  type MapEntry,
  type MapNode,
  type RecipeNode,
  valueAt,
} from './recipe-node.js';
import { paramNamePattern } from './recipe-schema.js';

/**
 * The parameters with what `matrix` varies them over. A parameter that something stronger than its default sets keeps that
 * value: its axis then has this one value, so that stages are called the same.
 */
export function withMatrix(
  recipe: MapNode,
  params: ReadonlyMap<string, Param>,
  diagnostics: Diagnostics,
): ReadonlyMap<string, Param> {
  const written = entriesOf(valueAt(recipe, 'matrix'));
  if (written.length === 0) return params;
  const reader = new AxisReader(written, params, diagnostics);
  const varied = new Map(params);
  for (const entry of written) {
    const param = params.get(entry.name);
    if (!param) {
      const names = [...params.keys()];
      const help = didYouMean(entry.name, names);
      diagnostics.add({
        code: 'matrix/param',
        message: `there is no parameter '${entry.name}' to vary`,
        location: excerptOf(entry.key),
        expected: names.length === 0 ? "a parameter that 'params:' declares" : listOfNames(names),
        ...(help && { help }),
      });
      continue;
    }
    if (param.within) continue;
    const isPinned = param.value !== undefined && param.value.layer !== 'default';
    const axis = isPinned && param.value ? reader.pinned(entry, param.value) : reader.read(entry);
    if (!axis) continue;
    const { declaration } = param;
    const values = axis.values.map(({ label, node }) => {
      const value = isPinned ? node : layered(node, 'matrix', param.value);
      return { label, node: checkParam(declaration, value, diagnostics) };
    });
    varied.set(entry.name, { ...param, axis: { ...axis, values } });
  }
  return varied;
}

/** What the stages' `foreach` name, by name. */
export function readItems(
  recipe: MapNode,
  params: ReadonlyMap<string, Param>,
  diagnostics: Diagnostics,
): ReadonlyMap<string, Axis> {
  const items = new Map<string, Axis>();
  const reader = new AxisReader(entriesOf(valueAt(recipe, 'matrix')), params, diagnostics);
  for (const stage of entriesOf(valueAt(recipe, 'stages'))) {
    for (const entry of entriesOf(valueAt(stage.value, 'foreach'))) {
      const other = items.get(entry.name);
      // A stage that another one is merged into (`<<: *first`) varies with it.
      if (other && other.key.source === entry.key.source && other.key.start === entry.key.start) continue;
      if (other) {
        diagnostics.add({
          code: 'matrix/duplicate',
          message: `two stages vary over an item of the name '${entry.name}'`,
          location: excerptOf(entry.key),
          related: [{ location: excerptOf(other.key), message: 'the other one' }],
        });
        continue;
      }
      if (!new RegExp(paramNamePattern).test(entry.name)) {
        diagnostics.add({
          code: 'matrix/name',
          message: `'${entry.name}' cannot be the name of an item`,
          location: excerptOf(entry.key),
          expected: 'a letter, then letters, digits, hyphens and underscores, at most 100',
        });
      }
      const axis = reader.read(entry);
      if (!axis) continue;
      const values = axis.values.map(({ label, node }) => ({ label, node: layered(node, 'foreach') }));
      items.set(entry.name, { ...axis, values });
    }
  }
  return items;
}

/** Reads lists and maps of values, in which params that do not vary may stand. */
class AxisReader {
  readonly #interpolation: Interpolation;

  constructor(
    varied: readonly MapEntry[],
    params: ReadonlyMap<string, Param>,
    readonly diagnostics: Diagnostics,
  ) {
    const placeholders = new Map(params);
    for (const { name, key } of varied) {
      const param = params.get(name);
      if (param && !param.within) placeholders.set(name, { ...param, axis: { name, key, values: [] } });
    }
    this.#interpolation = new Interpolation({ params: placeholders, items: new Map() }, diagnostics);
  }

  read({ name, key, value }: MapEntry): Axis | undefined {
    const filled = this.#filled(value);
    if (!filled || filled.unknown || filled.kind === 'scalar') return undefined;
    const nodes = filled.kind === 'list' ? filled.items : entriesOf(filled).map((entry) => entry.value);
    const labels = filled.kind === 'list' ? labelsOf(nodes) : [...filled.entries.keys()];
    const wrong = labels.find((label) => /[[\],=*]/.test(label));
    if (wrong !== undefined) {
      this.diagnostics.add({
        code: 'matrix/name',
        message: `'${wrong}' cannot be the name of a value`,
        location: excerptOf(key),
        help: 'brackets, commas, equals signs and asterisks have a meaning in references',
      });
      return undefined;
    }
    const values = nodes.map((node, index) => ({ label: labels[index] ?? String(index + 1), node }));
    return values.length === 0 ? undefined : { name, key, values };
  }

  pinned({ name, key }: MapEntry, value: RecipeNode): Axis | undefined {
    const node = this.#filled(value);
    const [label = '1'] = node ? labelsOf([node]) : [];
    return (
      node && {
        name,
        key,
        values: [{ label, node: { ...node, ...(value.layer && { layer: value.layer }) } }],
      }
    );
  }

  #filled(value: RecipeNode): RecipeNode | undefined {
    const [axis] = this.#interpolation.axesOf(value);
    if (!axis) return this.#interpolation.fill(value);
    this.diagnostics.add({
      code: 'matrix/nested',
      message: `the values of something that varies cannot depend on '${axis.name}', which varies itself`,
      location: excerptOf(value.origin),
      related: [{ location: excerptOf(axis.key), message: `'${axis.name}' varies here` }],
    });
    return undefined;
  }
}
