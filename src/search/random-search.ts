/** Random search (Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 2012). */
import type { Random } from '../data/random.js';
import type { Point, Space, SpaceValue } from './space.js';
import { fromUnit } from './unit-interval.js';

/** A point drawn uniformly, ranges on their scale. Every dimension has a stream of its own: adding one changes no other. */
export function randomPoint(space: Space, random: Random): Point {
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]): [string, SpaceValue] => {
      const stream = random.fork(name);
      return dimension.kind === 'range'
        ? [name, fromUnit(dimension, stream.next())]
        : [name, dimension.values[stream.integer(dimension.values.length)] ?? null];
    }),
  );
}
