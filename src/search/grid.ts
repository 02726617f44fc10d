import type { Point, Space, SpaceValue } from './space.js';

/** The number of points of a grid; undefined when a dimension is a range, which has no end of them. */
export function gridSize(space: Space): number | undefined {
  let size = 1;
  for (const dimension of Object.values(space)) {
    if (dimension.kind === 'range') return undefined;
    size *= dimension.values.length;
  }
  return size;
}

/** The point of a trial (from 0) in a grid: the last dimension varies fastest. Ranges stand at their lower end. */
export function gridPoint(space: Space, trial: number): Point {
  const entries: [string, SpaceValue][] = [];
  let rest = trial;
  for (const [name, dimension] of Object.entries(space).reverse()) {
    if (dimension.kind === 'range') {
      entries.push([name, dimension.minimum]);
      continue;
    }
    const { values } = dimension;
    entries.push([name, values[rest % values.length] ?? null]);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(entries.reverse());
}
