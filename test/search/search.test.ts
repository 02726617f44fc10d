import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/data/random.js';
import { Asha, ashaBudgets } from '../../src/search/asha.js';
import { gridPoint, gridSize } from '../../src/search/grid.js';
import { randomPoint } from '../../src/search/random-search.js';
import { type Job, Search, type SearchMethod } from '../../src/search/search.js';
import type { Dimension, Point, Space } from '../../src/search/space.js';
import { type Observation, startupTrials, tpePoint } from '../../src/search/tpe.js';
import { fromUnit, toUnit } from '../../src/search/unit-interval.js';

const range = fc
  .tuple(fc.double({ min: 1e-6, max: 10, noNaN: true }), fc.double({ min: 1, max: 1000, noNaN: true }))
  .chain(([low, width]) =>
    fc.record({
      kind: fc.constant('range' as const),
      minimum: fc.constant(low),
      maximum: fc.constant(low + width),
      scale: fc.constantFrom('linear' as const, 'log' as const),
      whole: fc.constant(false),
    }),
  );
const wholeRange = fc
  .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 50 }))
  .chain(([low, width]) =>
    fc.record({
      kind: fc.constant('range' as const),
      minimum: fc.constant(low),
      maximum: fc.constant(low + width),
      scale: fc.constantFrom('linear' as const, 'log' as const),
      whole: fc.constant(true),
    }),
  );
const choice = fc.record({
  kind: fc.constant('choice' as const),
  values: fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 5 }),
});
const space: fc.Arbitrary<Space> = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(range, wholeRange, choice),
  { minKeys: 1 },
);

describe('points', () => {
  test('lie in the space, drawn at random or by the estimator, and depend on seed and observations alone', () => {
    fc.assert(
      fc.property(space, fc.nat(), (dimensions, seed) => {
        const observations: Observation[] = [];
        for (let trial = 0; trial < startupTrials + 3; trial++) {
          const random = createRandom(seed).fork(String(trial));
          const point = tpePoint(dimensions, observations, random);
          expect(tpePoint(dimensions, observations, createRandom(seed).fork(String(trial)))).toEqual(point);
          for (const [name, dimension] of Object.entries(dimensions)) {
            expect(holds(dimension, point[name]), `${name}: ${JSON.stringify(point[name])}`).toBe(true);
          }
          observations.push({ point, loss: trial % 4 === 3 ? Number.POSITIVE_INFINITY : (trial * 7) % 5 });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('of a grid are all different and all combinations', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), choice, { minKeys: 1 }), (dimensions) => {
        const size = gridSize(dimensions) ?? 0;
        const points = Array.from({ length: size }, (_, trial) => gridPoint(dimensions, trial));
        expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(size);
        expect(size).toBe(
          Object.values(dimensions).reduce((product, { values }) => product * values.length, 1),
        );
      }),
    );
  });

  test('of a range come back from the unit interval', () => {
    fc.assert(
      fc.property(fc.oneof(range, wholeRange), fc.double({ min: 0, max: 1, noNaN: true }), (one, place) => {
        const value = fromUnit(one, place);
        expect(Math.abs(fromUnit(one, toUnit(one, value)) - value)).toBeLessThanOrEqual(1e-3 * value);
      }),
    );
  });

  test('of a log range are spread by ratio', () => {
    const rate: Space = { x: { kind: 'range', minimum: 1e-5, maximum: 1e-1, scale: 'log', whole: false } };
    const low = Array.from({ length: 400 }, (_, i) => randomPoint(rate, createRandom(i))).filter(
      ({ x }) => Number(x) < 1e-3,
    );
    expect(low.length).toBeGreaterThan(160);
    expect(low.length).toBeLessThan(240);
  });
});

describe('the estimator', () => {
  const dimensions: Space = {
    x: { kind: 'range', minimum: 0, maximum: 1, scale: 'linear', whole: false },
    rate: { kind: 'range', minimum: 1e-5, maximum: 1e-1, scale: 'log', whole: false },
    kind: { kind: 'choice', values: ['a', 'b', 'c'] },
  };
  const loss = ({ x, rate, kind }: Point): number =>
    (Number(x) - 0.3) ** 2 + (Math.log10(Number(rate)) + 3) ** 2 / 10 + (kind === 'b' ? 0 : 0.5);

  test('finds better points than chance with as many trials', () => {
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    const bestOf = (method: 'random' | 'tpe', seed: number): number =>
      Math.min(...runAll({ method, space: dimensions, seed }, 60, loss).map(({ loss: value }) => value));
    const wins = seeds.filter((seed) => bestOf('tpe', seed) < bestOf('random', seed)).length;
    expect(wins).toBeGreaterThanOrEqual(16);
    const mean = (method: 'random' | 'tpe') =>
      seeds.reduce((sum, seed) => sum + bestOf(method, seed), 0) / seeds.length;
    expect(mean('tpe')).toBeLessThan(mean('random') / 2);
  });

  test('begins with the random points of the same seed', () => {
    const random = runAll({ method: 'random', space: dimensions, seed: 5 }, startupTrials, loss);
    expect(runAll({ method: 'tpe', space: dimensions, seed: 5 }, startupTrials, loss)).toEqual(random);
  });
});

describe('successive halving', () => {
  test('has budgets that grow by eta and end with the whole one', () => {
    expect(ashaBudgets(1, 9, 3)).toEqual([1, 3, 9]);
    expect(ashaBudgets(1, 10, 3)).toEqual([1, 3, 9, 10]);
    expect(ashaBudgets(2, 3, 4)).toEqual([2, 3]);
    expect(ashaBudgets(0.1, 1, 3)).toEqual([0.1, 0.1 * 3, 0.1 * 3 * 3, 1]);
  });

  test('promotes at most one in eta of a rung, the best of it, and none that failed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(Number.POSITIVE_INFINITY)), {
          maxLength: 40,
        }),
        fc.integer({ min: 2, max: 4 }),
        (losses, eta) => {
          const asha = new Asha(3, eta);
          const rungs = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
          const end = (trial: number, rung: number): void => {
            const loss = losses[trial] ?? 0;
            asha.ended(trial, rung, loss);
            rungs[rung]?.set(trial, loss);
          };
          losses.forEach((_, trial) => {
            for (let next = asha.next(); next; next = asha.next()) {
              const below = rungs[next.rung - 1] ?? new Map();
              const better = [...below.values()].filter((loss) => loss < (losses[next.trial] ?? 0)).length;
              expect(better).toBeLessThan(Math.floor(below.size / eta));
              expect(losses[next.trial]).toBeLessThan(Number.POSITIVE_INFINITY);
              end(next.trial, next.rung);
            }
            end(trial, 0);
          });
        },
      ),
    );
  });

  test('takes the best to the whole budget in the end, and ends even if that fails', () => {
    const method: SearchMethod = {
      method: 'grid',
      space: { x: { kind: 'choice', values: [3, 1, 2] } },
      seed: 0,
      stopping: { eta: 3, budgets: [1, 3, 9] },
    };
    const jobs = runAll(method, 3, ({ x }) => Number(x));
    expect(jobs.map(({ trial, budget }) => [trial, budget])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [2, 3],
      [2, 9],
    ]);
    const failing = runAll(method, 3, ({ x }, budget) =>
      budget === 9 ? Number.POSITIVE_INFINITY : Number(x),
    );
    expect(failing.length).toBeLessThanOrEqual(9);
  });
});

test('a search with more trials goes the same way for longer', () => {
  const loss = ({ x }: Point): number => Math.abs(Number(x) - 0.4);
  const dimensions: Space = { x: { kind: 'range', minimum: 0, maximum: 1, scale: 'linear', whole: false } };
  for (const method of ['random', 'tpe'] as const) {
    const few = runAll({ method, space: dimensions, seed: 3 }, 15, loss);
    expect(runAll({ method, space: dimensions, seed: 3 }, 30, loss).slice(0, 15)).toEqual(few);
    const stopping = { eta: 3, budgets: [1, 3, 9] };
    const search = (trials: number) => runAll({ method, space: dimensions, seed: 3, stopping }, trials, loss);
    const begun = (jobs: readonly Ran[]) => jobs.filter(({ rung }) => rung === 0).map(({ point }) => point);
    expect(begun(search(30)).slice(0, 15)).toEqual(begun(search(15)));
  }
});

type Ran = Job & { readonly loss: number };

function runAll(
  how: SearchMethod,
  trials: number,
  loss: (point: Point, budget: number | undefined) => number,
): readonly Ran[] {
  const search = new Search(how, trials);
  const ran: Ran[] = [];
  for (let job = search.next(); job; job = search.next()) {
    const value = loss(job.point, job.budget);
    search.ended(job, value);
    ran.push({ ...job, loss: value });
  }
  return ran;
}

function holds(dimension: Dimension, value: unknown): boolean {
  if (dimension.kind === 'choice') return dimension.values.some((one) => one === value);
  const inside = typeof value === 'number' && value >= dimension.minimum && value <= dimension.maximum;
  return inside && (!dimension.whole || Number.isInteger(value));
}
