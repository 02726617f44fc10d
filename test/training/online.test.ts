import { describe, expect, it } from 'vitest';
import { addFisher, meanFisher, scaleFisher } from '../../src/training/penalties/online.js';
import { float32 } from './fixtures.js';

describe('online EWC', () => {
  it('lets older tasks fade by gamma and keeps what only one task has', () => {
    const old = { a: float32([2], [1, 2]), old_head: float32([1], [8]) };
    const fresh = { a: float32([2], [10, 20]), new_head: float32([1], [3]) };
    const sum = addFisher(old, fresh, 0.5);
    expect([...(sum.a?.data ?? [])]).toEqual([10.5, 21]);
    expect([...(sum.old_head?.data ?? [])]).toEqual([4]);
    expect([...(sum.new_head?.data ?? [])]).toEqual([3]);
  });

  it('is normalised to a mean of 1 by dividing by the mean over all parameters', () => {
    const fisher = { a: float32([2], [1, 2]), b: float32([1], [6]) };
    expect(meanFisher(fisher)).toBe(3);
    expect(meanFisher(scaleFisher(fisher, 1 / meanFisher(fisher)))).toBeCloseTo(1, 6);
  });
});
