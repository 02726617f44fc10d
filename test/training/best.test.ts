import { describe, expect, it } from 'vitest';
import {
  afterEvaluation,
  type BestOptions,
  modeOf,
  noEvaluation,
  shouldStop,
} from '../../src/training/best.js';

const options: BestOptions = { metric: 'loss', mode: 'min', patience: 2, minimumDifference: 0.01 };
const evaluated = (values: readonly number[], settings = options) =>
  values.reduce((state, value, index) => afterEvaluation(state, index + 1, value, settings), noEvaluation);

describe('the best evaluation', () => {
  it('is the first one until one is better by the smallest difference', () => {
    expect(evaluated([0.5, 0.495, 0.48]).best).toEqual({ step: 3, value: 0.48 });
    expect(evaluated([0.5, 0.495]).best).toEqual({ step: 1, value: 0.5 });
  });

  it('is the largest where large is good', () => {
    expect(evaluated([0.5, 0.7, 0.6], { ...options, mode: 'max' }).best).toEqual({ step: 2, value: 0.7 });
  });

  it('ends training when patience has run out', () => {
    expect(shouldStop(evaluated([0.5, 0.6]), options)).toBe(false);
    expect(shouldStop(evaluated([0.5, 0.6, 0.7]), options)).toBe(true);
    expect(shouldStop(evaluated([0.5, 0.6, 0.4, 0.5]), options)).toBe(false);
  });

  it('is small for losses and large for scores', () => {
    expect(modeOf('loss')).toBe('min');
    expect(modeOf('macro_f1')).toBe('max');
  });
});
