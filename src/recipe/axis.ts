/** What varies in a recipe: a parameter in `matrix`, or an item in `foreach`. */
import type { Origin, RecipeNode } from './recipe-node.js';

/** One value of an axis. */
export interface AxisValue {
  /** Short, and unlike those of the other values: `5e-5`. */
  readonly label: string;
  readonly node: RecipeNode;
}

/** Something that takes several values; compared by identity. */
export interface Axis {
  readonly name: string;
  /** Where it is written. */
  readonly key: Origin;
  readonly values: readonly AxisValue[];
}

/** A value for each of some axes. */
export type Variant = ReadonlyMap<Axis, AxisValue>;

/** The variant of everything that does not vary. */
export const noVariant: Variant = new Map();

/** `train` as one of its variants: `train[learning_rate=5e-5,seed=1]`. */
export function variantName(name: string, axes: readonly Axis[], variant: Variant): string {
  const parts = axes.flatMap((axis) => {
    const value = variant.get(axis);
    return value ? [`${axis.name}=${value.label}`] : [];
  });
  return parts.length === 0 ? name : `${name}[${parts.join(',')}]`;
}

/** Every combination of the axes' values, the last axis varying fastest. */
export function* variantsOf(axes: readonly Axis[]): Generator<Variant> {
  const positions = axes.map(() => 0);
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  for (let done = 0; done < count; done++) {
    const variant = new Map<Axis, AxisValue>();
    axes.forEach((axis, index) => {
      const value = axis.values[positions[index] ?? 0];
      if (value) variant.set(axis, value);
    });
    yield variant;
    for (let index = axes.length - 1; index >= 0; index--) {
      const next = (positions[index] ?? 0) + 1;
      const isOver = next >= (axes[index]?.values.length ?? 0);
      positions[index] = isOver ? 0 : next;
      if (!isOver) break;
    }
  }
}

/**
 * Labels for the values of an axis: short texts and numbers as they are, lists of them joined by `+`, everything else by
 * its position from 1. Equal ones get their position as well.
 */
export function labelsOf(nodes: readonly RecipeNode[]): readonly string[] {
  const labels = nodes.map((node, index) => labelOf(node) ?? String(index + 1));
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.map((label, index) => ((counts.get(label) ?? 0) > 1 ? `${label}#${index + 1}` : label));
}

const longestLabel = 32;

function labelOf(node: RecipeNode): string | undefined {
  const text =
    node.kind === 'scalar'
      ? scalarLabel(node.value)
      : node.kind === 'list' && node.items.length > 0
        ? node.items.map((item) => (item.kind === 'scalar' ? scalarLabel(item.value) : '\0')).join('+')
        : undefined;
  return text !== undefined && text.length <= longestLabel && /^[\p{L}\p{N}_.+/:@~ -]+$/u.test(text)
    ? text
    : undefined;
}

/** As people write learning rates: 5e-5, not 0.00005. */
function scalarLabel(value: string | number | boolean | null): string {
  const isSmall = typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3;
  return isSmall ? value.toExponential() : String(value);
}
