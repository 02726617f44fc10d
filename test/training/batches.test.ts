import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/data/random.js';
import { batchesPerEpoch, evaluationBatches, trainingBatches } from '../../src/training/batches.js';
import { bucketLengths, bucketOf } from '../../src/training/buckets.js';

const options = { multiple: 8, maximumLength: 64, maximumBuckets: 4, bucketCost: 0 };
const lengthLists = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 200 });

describe('bucket lengths', () => {
  it('hold every sequence, rise, and are multiples or the longest length', () => {
    fc.assert(
      fc.property(lengthLists, (lengths) => {
        const buckets = bucketLengths(lengths, options);
        expect(buckets.length).toBeLessThanOrEqual(4);
        expect([...buckets].sort((a, b) => a - b)).toEqual([...new Set(buckets)]);
        for (const length of lengths)
          expect(buckets[bucketOf(length, buckets)]).toBeGreaterThanOrEqual(length);
      }),
    );
  });

  it('waste no more tokens than any other choice of as many lengths', () => {
    const lengths = [3, 4, 5, 12, 13, 30, 31, 32, 60];
    const wasted = (buckets: readonly number[]) =>
      lengths.reduce((sum, length) => sum + (buckets[bucketOf(length, buckets)] ?? 0) - length, 0);
    const chosen = bucketLengths(lengths, { ...options, maximumBuckets: 2 });
    for (let other = 8; other < 64; other += 8) {
      expect(wasted(chosen)).toBeLessThanOrEqual(wasted([other, 64]));
    }
  });

  it('are fewer when compiling costs more than it saves', () => {
    const lengths = [3, 4, 5, 60];
    expect(bucketLengths(lengths, options)).toEqual([8, 64]);
    expect(bucketLengths(lengths, { ...options, bucketCost: 1000 })).toEqual([64]);
  });

  it('never exceed the longest sequence that the model takes', () => {
    expect(bucketLengths([60], { ...options, maximumLength: 62 })).toEqual([62]);
  });
});

describe('training batches', () => {
  const batching = (lengths: readonly number[], size: number) => ({
    lengths,
    buckets: bucketLengths(lengths, options),
    sizeOf: () => size,
  });

  it('hold every example once, at most one batch is padded, and their number is ceil(examples / size)', () => {
    fc.assert(
      fc.property(lengthLists, fc.integer({ min: 1, max: 17 }), fc.integer(), (lengths, size, seed) => {
        const batches = trainingBatches(batching(lengths, size), createRandom(seed));
        const seen = batches.flatMap((batch) => batch.examples);
        expect([...seen].sort((a, b) => a - b)).toEqual(lengths.map((_, index) => index));
        expect(batches.filter((batch) => batch.examples.length < batch.size).length).toBeLessThanOrEqual(1);
        expect(batches.length).toBe(Math.ceil(lengths.length / size));
        for (const { examples, length } of batches) {
          for (const example of examples) expect(lengths[example]).toBeLessThanOrEqual(length);
        }
      }),
    );
  });

  it('keep within a budget of tokens and have the same number in every epoch', () => {
    fc.assert(
      fc.property(lengthLists, fc.integer({ min: 64, max: 256 }), (lengths, budget) => {
        const sized = { ...batching(lengths, 1), sizeOf: (length: number) => Math.floor(budget / length) };
        for (const epoch of [1, 2, 3]) {
          const batches = trainingBatches(sized, createRandom(epoch));
          expect(batches.length).toBe(batchesPerEpoch(sized));
          for (const batch of batches) expect(batch.size * batch.length).toBeLessThanOrEqual(budget);
          expect(batches.flatMap((batch) => batch.examples).length).toBe(lengths.length);
        }
      }),
    );
  });

  it('are the same for the same seed and others for another', () => {
    const lengths = Array.from({ length: 100 }, (_, index) => 1 + (index % 40));
    const order = (seed: number) => JSON.stringify(trainingBatches(batching(lengths, 8), createRandom(seed)));
    expect(order(1)).toBe(order(1));
    expect(order(1)).not.toBe(order(2));
  });
});

describe('evaluation batches', () => {
  it('go through buckets in order of length, examples in order of the data', () => {
    const batches = evaluationBatches({ lengths: [20, 3, 4, 21], buckets: [8, 24], sizeOf: () => 2 });
    expect(batches).toEqual([
      { length: 8, size: 2, examples: [1, 2] },
      { length: 24, size: 2, examples: [0, 3] },
    ]);
  });
});
