import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClassificationMetricsOptions,
  classificationMetrics,
  scalarMetrics,
} from '../../src/metrics/classification-metrics.js';
import { aggregateTokenLosses } from '../../src/metrics/perplexity.js';
import type { Predictions } from '../../src/metrics/predictions.js';

const EXACT = 1e-9;

const example = (classes: number) =>
  fc.record({
    label: fc.nat(classes - 1),
    probabilities: fc
      .array(fc.integer({ min: 1, max: 20 }), { minLength: classes, maxLength: classes })
      .map((parts) => parts.map((part) => part / parts.reduce((sum, value) => sum + value, 0))),
  });

type Example = { readonly label: number; readonly probabilities: readonly number[] };

const examples = fc
  .integer({ min: 2, max: 5 })
  .chain((classes) => fc.array(example(classes), { minLength: 1, maxLength: 40 }));

function predictionsOf(rows: readonly Example[]): Predictions {
  return {
    labels: rows.map(({ label }) => label),
    probabilities: rows.map(({ probabilities }) => probabilities),
    labelNames: (rows[0]?.probabilities ?? []).map((_, index) => `class ${index}`),
  };
}

function scalars(rows: readonly Example[], options?: ClassificationMetricsOptions) {
  return scalarMetrics(classificationMetrics(predictionsOf(rows), options));
}

function expectSame(found: Readonly<Record<string, number | null>>, expected: typeof found) {
  for (const [name, value] of Object.entries(expected)) {
    const other = found[name];
    if (value === null) expect(other, name).toBeNull();
    else expect(Math.abs((other ?? Number.NaN) - value), name).toBeLessThanOrEqual(EXACT);
  }
}

describe('for all predictions', () => {
  it('every metric lies in its range', () => {
    fc.assert(
      fc.property(examples, (rows) => {
        const values = scalars(rows);
        for (const [name, value] of Object.entries(values)) {
          if (value === null) continue;
          const low = name === 'mcc' ? -1 : 0;
          const high = name === 'log_loss' ? 40 : name === 'brier_score' ? 2 : 1;
          expect(value, name).toBeGreaterThanOrEqual(low - EXACT);
          expect(value, name).toBeLessThanOrEqual(high + EXACT);
        }
      }),
    );
  });

  it('the order of examples does not matter', () => {
    fc.assert(
      fc.property(
        examples.chain((rows) =>
          fc.tuple(
            fc.constant(rows),
            fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
          ),
        ),
        ([rows, shuffled]) => expectSame(scalars(shuffled), scalars(rows)),
      ),
    );
  });

  it('listing every example twice changes nothing', () => {
    fc.assert(fc.property(examples, (rows) => expectSame(scalars([...rows, ...rows]), scalars(rows))));
  });

  it('micro averages equal accuracy, and the mean over the diagonal too', () => {
    fc.assert(
      fc.property(examples, (rows) => {
        const metrics = classificationMetrics(predictionsOf(rows));
        const { micro } = metrics.precisionRecallF1;
        for (const value of Object.values(micro)) expect(value).toBeCloseTo(metrics.accuracy, 12);
        expect(metrics.confusionMatrix.total).toBe(rows.length);
        expect(metrics.confusionMatrix.correct / rows.length).toBeCloseTo(metrics.accuracy, 12);
        const binned = metrics.calibration.reliability.reduce((sum, bin) => sum + bin.count, 0);
        expect(binned).toBe(rows.length);
      }),
    );
  });

  it('renaming the classes permutes the values per class and leaves macro averages alone', () => {
    fc.assert(
      fc.property(examples, (rows) => {
        const classes = rows[0]?.probabilities.length ?? 0;
        const renamed = rows.map(({ label, probabilities }) => ({
          label: classes - 1 - label,
          probabilities: [...probabilities].reverse(),
        }));
        const before = classificationMetrics(predictionsOf(rows)).auroc;
        const after = classificationMetrics(predictionsOf(renamed)).auroc;
        expect([...after.perClass].reverse()).toEqual(before.perClass);
        if (before.macro !== null) expect(after.macro).toBeCloseTo(before.macro, 12);
      }),
    );
  });

  it('AUROC of two classes is the share of pairs that are ordered right, ties counting half', () => {
    fc.assert(
      fc.property(fc.array(example(2), { minLength: 2, maxLength: 30 }), (rows) => {
        const score = (row: Example) => row.probabilities[1] ?? 0;
        const positives = rows.filter(({ label }) => label === 1);
        const negatives = rows.filter(({ label }) => label === 0);
        const pairs = positives.flatMap((positive) =>
          negatives.map((negative) => (Math.sign(score(positive) - score(negative)) + 1) / 2),
        );
        const expected = pairs.length ? pairs.reduce((sum, value) => sum + value, 0) / pairs.length : null;
        expectSame({ auroc: classificationMetrics(predictionsOf(rows)).auroc.binary }, { auroc: expected });
      }),
    );
  });

  it('the same seed gives the same intervals, and low <= high', () => {
    fc.assert(
      fc.property(examples, fc.integer(), (rows, seed) => {
        const intervals = () =>
          classificationMetrics(predictionsOf(rows), {
            bootstrap: { random: linearCongruential(seed), resamples: 20 },
          }).intervals;
        expect(intervals()).toEqual(intervals());
        for (const interval of Object.values(intervals())) {
          if (interval) expect(interval.low).toBeLessThanOrEqual(interval.high);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('splitting batches does not change the language-model loss', () => {
    const batch = fc.record({ lossSum: fc.double({ min: 0, max: 1e6, noNaN: true }), tokens: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1 }), (batches) => {
        fc.pre(batches.some(({ tokens }) => tokens > 0));
        const forwards = aggregateTokenLosses(batches).loss;
        const backwards = aggregateTokenLosses([...batches].reverse()).loss;
        expect(Math.abs(forwards - backwards)).toBeLessThanOrEqual(1e-12 * Math.max(1, forwards));
      }),
    );
  });
});

/** A tiny generator for tests: its quality does not matter, only that it repeats. */
function linearCongruential(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { next, integer: (below: number) => Math.floor(next() * below) };
}
