import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { bootstrapIntervals, quantile } from '../../src/metrics/bootstrap.js';
import { calibration } from '../../src/metrics/calibration.js';
import { classificationMetrics, scalarMetrics } from '../../src/metrics/classification-metrics.js';
import { aggregateTokenLosses } from '../../src/metrics/perplexity.js';
import { checkPredictions } from '../../src/metrics/predictions.js';

const NAMES = ['ham', 'spam'];

describe('predictions that cannot be measured are refused with what was found', () => {
  it.each([
    ['no example', [], [], NAMES, 'metrics/empty'],
    ['one label name', [0], [[1]], ['ham'], 'metrics/one-class'],
    ['fewer rows than labels', [0, 1], [[1, 0]], NAMES, 'metrics/length'],
    ['a label beyond the classes', [2], [[1, 0]], NAMES, 'metrics/label'],
    ['a label that is no whole number', [0.5], [[1, 0]], NAMES, 'metrics/label'],
    ['a row of the wrong length', [0], [[0.5, 0.25, 0.25]], NAMES, 'metrics/row-length'],
    ['NaN', [0], [[Number.NaN, 1]], NAMES, 'metrics/not-a-probability'],
    ['infinity', [0], [[Number.POSITIVE_INFINITY, 1]], NAMES, 'metrics/not-a-probability'],
    ['a negative value', [0], [[-0.5, 1.5]], NAMES, 'metrics/not-a-probability'],
    ['a row that does not sum to 1', [0], [[0.5, 0.4]], NAMES, 'metrics/probability-sum'],
  ])('%s', (_, labels, probabilities, labelNames, code) => {
    const check = () => checkPredictions({ labels, probabilities, labelNames });
    expect(check).toThrow(UserError);
    try {
      check();
    } catch (error) {
      expect(error instanceof UserError && error.details.code).toBe(code);
    }
  });

  it('float32 softmax rows pass', () => {
    const row = Float32Array.from([0.1, 0.2, 0.7]);
    expect(
      checkPredictions({ labels: [2], probabilities: [row], labelNames: ['a', 'b', 'c'] }).predicted[0],
    ).toBe(2);
  });
});

describe('edge cases', () => {
  it('equal probabilities predict the first class', () => {
    const { predicted } = checkPredictions({ labels: [1], probabilities: [[0.5, 0.5]], labelNames: NAMES });
    expect(predicted[0]).toBe(0);
  });

  it('with one class only AUROC is null and everything else is a number', () => {
    const metrics = classificationMetrics({
      labels: [1, 1],
      probabilities: [
        [0.2, 0.8],
        [0.7, 0.3],
      ],
      labelNames: NAMES,
    });
    expect(metrics.absentClasses).toEqual(['ham']);
    const undefinedScalars = Object.entries(scalarMetrics(metrics))
      .filter(([, value]) => value === null)
      .map(([name]) => name);
    expect(undefinedScalars).toEqual(['auroc', 'macro_auroc', 'weighted_auroc']);
  });

  it('the positive class can be the first one', () => {
    const metrics = classificationMetrics(
      {
        labels: [0, 0, 1],
        probabilities: [
          [0.9, 0.1],
          [0.4, 0.6],
          [0.2, 0.8],
        ],
        labelNames: NAMES,
      },
      { positiveClass: 0 },
    );
    expect(scalarMetrics(metrics)).toMatchObject({ precision: 1, recall: 0.5 });
  });

  it('an interval is null when most resamples leave the statistic undefined', () => {
    const random = { next: () => 0, integer: () => 0 };
    expect(bootstrapIntervals(3, () => ({ never: null, always: 1 }), { random, resamples: 10 })).toEqual({
      never: null,
      always: { low: 1, high: 1, resamples: 10 },
    });
  });

  it('quantiles interpolate between neighbours', () => {
    expect(quantile([1, 2, 4], 0.75)).toBe(3);
    expect(quantile([5], 0.2)).toBe(5);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it('a confidence on the edge of two bins belongs to the lower one', () => {
    const predictions = checkPredictions({
      labels: [0],
      probabilities: [[0.6, 0.4]],
      labelNames: NAMES,
    });
    const filled = calibration(predictions, predictions.unitWeights, 5).reliability.findIndex(
      ({ count }) => count > 0,
    );
    expect(filled).toBe(2);
  });

  it('settings out of range are programming errors', () => {
    const predictions = { labels: [0], probabilities: [[0.6, 0.4]], labelNames: NAMES };
    const random = { next: () => 0, integer: () => 0 };
    expect(() => classificationMetrics(predictions, { positiveClass: 2 })).toThrow(RangeError);
    expect(() => classificationMetrics(predictions, { calibrationBins: 0 })).toThrow(RangeError);
    expect(() => bootstrapIntervals(0, () => ({}), { random })).toThrow(RangeError);
    expect(() => bootstrapIntervals(1, () => ({}), { random, resamples: 0 })).toThrow(RangeError);
    expect(() => bootstrapIntervals(1, () => ({}), { random, confidence: 1 })).toThrow(RangeError);
  });
});

describe('language-model loss', () => {
  it('counts every token the same, whatever its batch', () => {
    const loss = aggregateTokenLosses([
      { lossSum: 3, tokens: 1, correct: 0 },
      { lossSum: 3, tokens: 3, correct: 2 },
    ]);
    expect(loss).toEqual({ loss: 1.5, perplexity: Math.exp(1.5), accuracy: 0.5, tokens: 4 });
  });

  it('has no accuracy when a batch does not say, and no perplexity beyond the range of numbers', () => {
    expect(aggregateTokenLosses([{ lossSum: 2000, tokens: 1 }])).toEqual({
      loss: 2000,
      perplexity: null,
      accuracy: null,
      tokens: 1,
    });
  });

  it('refuses a set without tokens and a loss that is not finite', () => {
    expect(() => aggregateTokenLosses([])).toThrow(UserError);
    expect(() => aggregateTokenLosses([{ lossSum: Number.NaN, tokens: 1 }])).toThrow(UserError);
  });
});
