import { expect, it } from 'vitest';
import { startsAnew } from '../../../src/stages/train/continuation.js';
import { isIndependentOfLength, scheduleNames } from '../../../src/training/schedules.js';

it('what the stage declares for roux why is what its training does', () => {
  for (const schedule of scheduleNames) {
    for (const warmup of [0, 0.1, 1, 100]) {
      const values: Readonly<Record<string, string | number>> = { schedule, warmup };
      const applies = startsAnew.some(({ setting, unless, between }) => {
        const value = values[setting] ?? '';
        if (between !== undefined) return Number(value) > between[0] && Number(value) < between[1];
        return !(unless ?? []).includes(value);
      });
      expect([schedule, warmup, applies]).toEqual([
        schedule,
        warmup,
        !isIndependentOfLength(schedule, warmup),
      ]);
    }
  }
});
