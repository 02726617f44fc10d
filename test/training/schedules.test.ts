import { describe, expect, it } from 'vitest';
import { createSchedule, type ScheduleName, warmupSteps } from '../../src/training/schedules.js';
import { readFixture } from './fixtures.js';

interface Case {
  readonly schedule: ScheduleName;
  readonly warmup: number;
  readonly total: number;
  readonly rates: readonly number[];
}
const cases: readonly Case[] = readFixture('schedules');

describe('learning rate schedules', () => {
  it.each(cases)('$schedule over $total steps with $warmup of warmup is that of transformers', (expected) => {
    const schedule = createSchedule({
      schedule: expected.schedule,
      learningRate: 3e-4,
      totalSteps: expected.total,
      warmupSteps: expected.warmup,
    });
    expected.rates.forEach((rate, step) => {
      expect(schedule(step)).toBeCloseTo(rate, 12);
    });
  });

  it('takes a warmup below 1 for a ratio, rounded up, and a whole number for steps', () => {
    expect(warmupSteps(0.1, 101)).toBe(11);
    expect(warmupSteps(0, 101)).toBe(0);
    expect(warmupSteps(25, 101)).toBe(25);
  });

  it('refuses a warmup that is neither', () => {
    expect(() => warmupSteps(1.5, 100)).toThrow('neither a ratio nor a number of steps');
  });
});
