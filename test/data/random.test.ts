import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, createRandomFrom } from '../../src/data/random.js';

const take = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

describe('the seeded generator', () => {
  it('is xoshiro128**: the words from a known state are those of the published algorithm', () => {
    // From state 1, 2, 3, 4: computed by hand from the published C code (first word is rotl(2 * 5, 7) * 9).
    const random = createRandomFrom({ key: '', words: [1, 2, 3, 4] });
    expect(take(4, () => random.integer(2 ** 32))).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('gives the same numbers for the same seed, and others for another one', () => {
    const numbers = (seed: number) => take(20, createRandom(seed).next.bind(createRandom(seed)));
    expect(numbers(13)).toEqual(numbers(13));
    expect(numbers(13)).not.toEqual(numbers(14));
  });

  it('goes on from a stored state', () => {
    const random = createRandom(5);
    take(7, () => random.next());
    const stored = JSON.parse(JSON.stringify(random.state()));
    const expected = take(5, () => random.normal());
    const restored = createRandomFrom(stored);
    expect(take(5, () => restored.normal())).toEqual(expected);
    expect(restored.fork('x').next()).toBe(random.fork('x').next());
  });

  it('forks by name, whatever was drawn before and however names contain slashes', () => {
    const random = createRandom(5);
    const before = random.fork('a').next();
    random.next();
    expect(random.fork('a').next()).toBe(before);
    expect(random.fork('b').next()).not.toBe(before);
    expect(random.fork('a/b').next()).not.toBe(random.fork('a').fork('b').next());
  });

  it('draws integers evenly and inside the range', () => {
    const random = createRandom(1);
    const counts = [0, 0, 0, 0, 0];
    for (let index = 0; index < 50_000; index++) {
      const value = random.integer(5);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (below) => {
        const value = random.integer(below);
        return Number.isSafeInteger(value) && value >= 0 && value < below;
      }),
    );
  });

  it('draws normals with mean 0 and variance 1', () => {
    const random = createRandom(2);
    const values = take(50_000, () => random.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
  });

  it('shuffles to a permutation of the same items', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const shuffled = createRandom(seed).shuffle([...items]);
        expect(shuffled.toSorted()).toEqual(items.toSorted());
      }),
    );
    expect(createRandom(1).shuffle(Int32Array.from([1, 2, 3, 4, 5, 6, 7, 8]))).not.toEqual(
      Int32Array.from([1, 2, 3, 4, 5, 6, 7, 8]),
    );
  });

  it('refuses seeds, ranges and states that are none', () => {
    expect(() => createRandom(0.5)).toThrow(RangeError);
    expect(() => createRandom(1).integer(0)).toThrow(RangeError);
    expect(() => createRandomFrom({ key: '', words: [0, 0, 0, 0] })).toThrow(RangeError);
  });
});
