import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/data/random.js';
import { weightedStatistics } from '../../src/metrics/classification-metrics.js';
import { holm } from '../../src/metrics/holm.js';
import { mcNemarTest } from '../../src/metrics/mcnemar.js';
import { pairedBootstrap } from '../../src/metrics/paired-bootstrap.js';
import { expectClose } from './expect-close.js';

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/metrics/paired-tests.json', import.meta.url), 'utf8'),
);

describe("McNemar's exact test", () => {
  it('agrees with statsmodels to 1e-9', () => {
    for (const { onlyFirst, onlySecond, pValue } of fixture.mcnemar) {
      expectClose(mcNemarTest(onlyFirst, onlySecond).pValue, pValue, `${onlyFirst} ${onlySecond}`);
      // Relative, too: p values are compared by their order of magnitude.
      expect(mcNemarTest(onlyFirst, onlySecond).pValue / pValue).toBeCloseTo(1, 9);
    }
  });

  it('does not care which classifier is named first, and never exceeds 1', () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), (first, second) => {
        const { pValue } = mcNemarTest(first, second);
        expect(pValue).toBe(mcNemarTest(second, first).pValue);
        expect(pValue).toBeGreaterThanOrEqual(0);
        expect(pValue).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('refuses what is no count', () => {
    expect(() => mcNemarTest(-1, 2)).toThrow(RangeError);
    expect(() => mcNemarTest(0.5, 2)).toThrow(RangeError);
  });
});

describe('the paired bootstrap', () => {
  const { labels, scale, first, second, confidence, draws, expected } = fixture.bootstrap;
  const statisticsOf = (cells: number[][]) =>
    weightedStatistics({
      labels,
      probabilities: cells.map((row) => row.map((cell) => cell / scale)),
      labelNames: ['no', 'yes'],
    });

  it('agrees with scipy over the same draws, to 1e-9', () => {
    const flat: number[] = draws.flat();
    let position = 0;
    const random = { next: () => 0, integer: () => flat[position++] ?? 0 };
    const [a, b] = [statisticsOf(first), statisticsOf(second)];
    const found = pairedBootstrap(labels.length, (weights) => [a(weights), b(weights)], {
      random,
      resamples: draws.length,
      confidence,
    });
    for (const [name, values] of Object.entries(expected)) {
      const { resamples, ...rest } = found[name] ?? { resamples: 0 };
      expectClose(rest, values, name);
      expect(resamples).toBe(draws.length);
    }
    expect(position).toBe(flat.length);
  });

  it('finds no difference between a system and itself', () => {
    const one = statisticsOf(first);
    const found = pairedBootstrap(labels.length, (weights) => [one(weights), one(weights)], {
      random: createRandom(1),
      resamples: 50,
    });
    expect(found.accuracy).toEqual({ difference: 0, low: 0, high: 0, pValue: 1, resamples: 50 });
  });

  it('turns signs around when the systems change places', () => {
    const [a, b] = [statisticsOf(first), statisticsOf(second)];
    const run = (forward: boolean) =>
      pairedBootstrap(labels.length, (w) => (forward ? [a(w), b(w)] : [b(w), a(w)]), {
        random: createRandom(1),
        resamples: 200,
      }).accuracy;
    const [there, back] = [run(true), run(false)];
    expect(back?.difference).toBe(-(there?.difference ?? Number.NaN));
    expect(back?.low).toBeCloseTo(-(there?.high ?? Number.NaN), 12);
    expect(back?.pValue).toBe(there?.pValue);
  });
});

describe('Holm', () => {
  it('agrees with statsmodels', () => {
    for (const { pValues, adjusted } of fixture.holm) expectClose(holm(pValues), adjusted);
  });
});
