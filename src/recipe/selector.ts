/** Which variants of a stage a reference means: `train[*]`, `train[learning_rate=5e-5]`, `train[seed=*]`. */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import type { Axis, AxisValue, Variant } from './axis.js';
import { excerptOf, type Origin } from './recipe-node.js';

/** What stands in the brackets of a reference. */
export interface Selector {
  /** `*`: every variant. */
  readonly all: boolean;
  /** Axis -> label, or `*` for all of its values. */
  readonly labels: ReadonlyMap<string, string>;
  readonly place: Origin;
}

/** Reads what stands between the brackets; undefined when it cannot be read. */
export function readSelector(text: string, place: Origin): Selector | undefined {
  if (text.trim() === '*') return { all: true, labels: new Map(), place };
  const labels = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1) return undefined;
    labels.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  return { all: false, labels, place };
}

/** The values of one axis that references mean; undefined when that is the reader's own value. */
export function selected(axis: Axis, selectors: readonly Selector[]): readonly AxisValue[] | undefined {
  for (const { all, labels } of selectors) {
    const label = labels.get(axis.name);
    if (all || label === '*') return axis.values;
    if (label !== undefined) return axis.values.filter((value) => value.label === label);
  }
  return undefined;
}

/** The variants of a stage with these axes that a variant of its reader reads, the last axis varying fastest. */
export function selectedVariants(
  axes: readonly Axis[],
  selectors: readonly Selector[],
  reader: Variant,
): readonly Variant[] {
  let variants: readonly (readonly (readonly [Axis, AxisValue])[])[] = [[]];
  for (const axis of axes) {
    const own = reader.get(axis);
    const values = selected(axis, selectors) ?? (own ? [own] : []);
    variants = variants.flatMap((variant) => values.map((value) => [...variant, [axis, value] as const]));
  }
  return variants.map((variant) => new Map(variant));
}

/** Complains about axes and labels that a stage does not have. */
export function checkSelectors(
  name: string,
  axes: readonly Axis[],
  selectors: readonly Selector[],
  diagnostics: Diagnostics,
): void {
  for (const { labels, place } of selectors) {
    for (const [axisName, label] of labels) {
      const axis = axes.find((candidate) => candidate.name === axisName);
      const names = axis ? axis.values.map((value) => value.label) : axes.map((one) => one.name);
      if (axis && (label === '*' || names.includes(label))) continue;
      const help = didYouMean(axis ? label : axisName, names);
      diagnostics.add({
        code: 'matrix/selector',
        message: axis
          ? `'${axisName}' never is '${label}'`
          : `stage '${name}' does not vary with '${axisName}'`,
        location: excerptOf(place),
        expected: names.length === 0 ? 'no brackets: the stage does not vary' : listOfNames(names),
        ...(help && { help }),
        related: axis ? [{ location: excerptOf(axis.key), message: `'${axisName}' varies here` }] : [],
      });
    }
  }
}
