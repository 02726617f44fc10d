import { describe, expect, it } from 'vitest';
import {
  createSchedule,
  isIndependentOfLength,
  type ScheduleOptions,
  scheduleNames,
  stepsOf,
} from '../../src/training/schedules.js';
import { readFixture } from './fixtures.js';

interface Fixture {
  readonly peak: number;
  readonly cases: readonly { readonly options: ScheduleOptions; readonly rates: readonly number[] }[];
}
const fixture: Fixture = readFixture('schedules');

describe('learning rate schedules', () => {
  it.each(fixture.cases.map((one) => ({ ...one, title: JSON.stringify(one.options) })))(
    '$title is that of transformers or PyTorch',
    ({ options, rates }) => {
      const schedule = createSchedule(options);
      const found = rates.map((_, step) => schedule(step) * fixture.peak);
      found.forEach((rate, step) => {
        expect(rate).toBeCloseTo(rates[step] ?? Number.NaN, 12);
      });
    },
  );

  it('are all compared', () => {
    const compared = new Set(fixture.cases.map(({ options }) => options.schedule));
    expect([...compared].sort()).toEqual([...scheduleNames].sort());
  });

  it.each(scheduleNames)(
    '%s goes through the same factors in a longer training, or says that it does not',
    (name) => {
      for (const warmup of [0, 0.1, 4]) {
        const of = (totalSteps: number) =>
          createSchedule({ schedule: name, totalSteps, warmupSteps: stepsOf(warmup, totalSteps) });
        const [short, long] = [of(30), of(50)];
        const isSame = Array.from({ length: 30 }, (_, step) => short(step) === long(step)).every(Boolean);
        expect([warmup, isSame]).toEqual([warmup, isIndependentOfLength(name, warmup)]);
      }
    },
  );

  it('take a number below 1 for a ratio, rounded up, and a whole number for steps', () => {
    expect(stepsOf(0.1, 101)).toBe(11);
    expect(stepsOf(0, 101)).toBe(0);
    expect(stepsOf(25, 101)).toBe(25);
  });

  it('refuse a number of steps that is neither', () => {
    expect(() => stepsOf(1.5, 100)).toThrow('warmup is neither a ratio nor a number of steps');
    expect(() => stepsOf(1.5, 100, 'decay')).toThrow('decay is neither');
  });
});
