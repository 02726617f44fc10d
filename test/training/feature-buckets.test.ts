import { expect, test } from 'vitest';
import { planBuckets } from '../../src/training/feature-buckets.js';

const limits = { maximumLength: 100, batchTokens: 320, denseWeights: 1e9 };

test('buckets hold every sequence once, padded to what it needs', () => {
  const lengths = [3, 100, 17, 16, 33, 0, 97, 64];
  const buckets = planBuckets(lengths, limits);
  expect(buckets.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const { length, members, size } of buckets) {
    for (const member of members) expect(lengths[member]).toBeLessThanOrEqual(length);
    expect(length * size).toBeLessThanOrEqual(320);
    expect(size).toBeLessThanOrEqual(members.length);
  }
  expect(buckets.at(-1)?.length).toBe(100);
});

test('buckets are few where padding is cheaper than compiling', () => {
  expect(planBuckets([3, 100, 17], { ...limits, denseWeights: 1000 })).toHaveLength(1);
});
