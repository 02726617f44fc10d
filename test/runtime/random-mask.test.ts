import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import { fillRandomMask, randomMask } from '../../src/runtime/random-mask.js';
import type { RuntimeName } from '../../src/runtime/runtime.js';

const SIZE = 200_000;
/** Five standard deviations of the mean of a fair sample: wrong once in two million samples. */
const DEVIATIONS = 5;

function mask(keepProbability: number, seed: number, site: number, size = SIZE): Float32Array {
  const result = new Float32Array(size);
  fillRandomMask(result, keepProbability, seed, site);
  return result;
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

describe('a random mask', () => {
  it.each([0, 0.1, 0.5, 0.9, 1])('keeps a share of %d', (keep) => {
    const values = mask(keep, 7, 0);
    expect(new Set(values).size).toBe(keep === 0 || keep === 1 ? 1 : 2);
    expect(Math.abs(mean(values) - keep)).toBeLessThanOrEqual(
      DEVIATIONS * Math.sqrt((keep * (1 - keep)) / SIZE) + 2 ** -16,
    );
  });

  it('is the same for the same seed and site, in bytes as in floats, and a prefix of a longer one', () => {
    const bytes = new Uint8Array(1001);
    fillRandomMask(bytes, 0.7, 5, 3);
    expect(Array.from(bytes)).toEqual(Array.from(mask(0.7, 5, 3, 1001)));
    expect(Array.from(mask(0.7, 5, 3, 2000).subarray(0, 1001))).toEqual(Array.from(bytes));
  });

  it.each([
    ['seeds', mask(0.5, 1, 0), mask(0.5, 2, 0)],
    ['sites', mask(0.5, 1, 0), mask(0.5, 1, 1)],
    ['a seed and its successor at exchanged sites', mask(0.5, 1, 2), mask(0.5, 2, 1)],
    ['neighbouring elements', mask(0.5, 1, 0).subarray(1), mask(0.5, 1, 0).subarray(0, -1)],
    ['elements two apart', mask(0.5, 1, 0).subarray(2), mask(0.5, 1, 0).subarray(0, -2)],
  ])('is independent between %s', (_, a, b) => {
    const agreement = mean(Array.from(a, (value, index) => Number(value === b[index])));
    expect(Math.abs(agreement - 0.5)).toBeLessThan(DEVIATIONS * Math.sqrt(0.25 / a.length));
  });

  it('is the same on all runtimes, and another one in each call of a function and for each seed', async () => {
    const draw = async (name: RuntimeName, seed: number) => {
      const runtime = await openRuntime(name, { threads: 1 });
      const fn = () => ({
        outputs: { first: randomMask([3, 5], 0.5), second: tf.mul(randomMask([3, 5], 0.5), 1) },
      });
      const variables = runtime.createVariables({});
      const compiled = await runtime.compile(fn, { name: 'masks', inputs: {}, variables });
      const { first, second } = await compiled.run({}, { seed });
      await runtime.dispose();
      return { first: first?.data, second: second?.data };
    };
    const reference = await draw('cpu', 11);
    expect(reference.first).not.toEqual(reference.second);
    expect(await draw('onnx', 11)).toEqual(reference);
    expect(await draw('wasm', 11)).toEqual(reference);
    expect((await draw('onnx', 12)).first).not.toEqual(reference.first);
  });

  it('is refused outside a function that a runtime runs, and for what is no probability', () => {
    expect(() => randomMask([2], 0.5)).toThrow(/inside a function that a runtime runs/);
    expect(() => randomMask([2], 1.5)).toThrow(/between 0 and 1/);
  });
});
