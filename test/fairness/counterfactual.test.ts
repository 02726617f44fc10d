import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { counterfactualMetrics } from '../../src/fairness/counterfactual.js';

const groups = ['female', 'male'] as const;
const variant = (example: number, mentioned: readonly string[], before: number, after: number) => ({
  example,
  groups,
  mentioned,
  original: [1 - before, before],
  changed: [1 - after, after],
});

describe('counterfactual metrics', () => {
  const predictions = [
    variant(0, ['female'], 0.25, 0.75),
    variant(0, ['female'], 0.25, 0.375),
    variant(7, ['male'], 0.75, 0.625),
    variant(9, ['female', 'male'], 0.5, 0.5),
  ];

  it('count examples, variants, flips and shifts of the score', () => {
    expect(counterfactualMetrics(predictions)).toMatchObject({
      examples: 3,
      variants: 4,
      flipRate: 0.25,
      meanAbsoluteShift: 0.1875,
      maximumAbsoluteShift: 0.5,
    });
  });

  it('give the signed shift of each direction, from texts that mention one group only', () => {
    expect(counterfactualMetrics(predictions)?.directions).toEqual([
      { from: 'female', to: 'male', variants: 2, flipRate: 0.5, meanShift: 0.3125, meanShiftInterval: null },
      { from: 'male', to: 'female', variants: 1, flipRate: 0, meanShift: -0.125, meanShiftInterval: null },
    ]);
  });

  it('list the worst variant of each example, flips first', () => {
    const worst = counterfactualMetrics([...predictions, variant(11, [], 0.9, 0.55)], { worst: 3 })?.worst;
    expect(worst?.map(({ index, flipped }) => [index, flipped])).toEqual([
      [0, true],
      [4, false],
      [2, false],
    ]);
  });

  it('resample examples, not variants', () => {
    let draws = 0;
    const bootstrap = {
      resamples: 2,
      random: {
        next: () => 0,
        integer: (below: number) => {
          expect(below).toBe(3);
          draws += 1;
          return 0;
        },
      },
    };
    const metrics = counterfactualMetrics(predictions, { bootstrap });
    expect(draws).toBe(6);
    expect(metrics?.intervals.flipRate).toEqual({ low: 0.5, high: 0.5, resamples: 2 });
    expect(metrics?.directions[0]?.meanShiftInterval).toMatchObject({ low: 0.3125 });
    expect(metrics?.directions[1]?.meanShiftInterval).toBeNull();
  });

  it('score the originally predicted class where there are more than two classes', () => {
    const metrics = counterfactualMetrics([
      { example: 0, groups, mentioned: ['male'], original: [0.25, 0.5, 0.25], changed: [0.25, 0.25, 0.5] },
    ]);
    expect(metrics).toMatchObject({ flipRate: 1 });
    expect(metrics?.directions[0]?.meanShift).toBe(-0.25);
  });

  it('are null without a variant, and refuse NaN', () => {
    expect(counterfactualMetrics([])).toBeNull();
    expect(() => counterfactualMetrics([variant(0, [], 0.5, Number.NaN)])).toThrow(UserError);
  });
});
