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
