import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareGroups, groupByValue } from '../../src/fairness/group-metrics.js';
import { expectClose } from '../metrics/expect-close.js';

const NO_THRESHOLDS = { minimumExamples: 0, minimumPerOutcome: 0 };

describe.each(['two-groups', 'four-groups-ties', 'three-classes'])(
  'group metrics agree with Fairlearn to 1e-9: %s',
  (name) => {
    const { decisions, fixture } = readFixture(name);

    it('rates per group', () => {
      const { groups } = compareGroups(decisions);
      const found = groups.map(
        ({ group, positives: _, negatives: __, tooSmall: ___, intervals: ____, ...rates }) => [group, rates],
      );
      expectClose(Object.fromEntries(found), fixture.expected.groups);
    });

    it('gaps', () => {
      const { gaps, compared, leftOut } = compareGroups(decisions, { thresholds: NO_THRESHOLDS });
      expectClose(gaps, fixture.expected.gaps);
      expect(compared).toHaveLength(decisions.groups.length);
      expect(leftOut).toEqual([]);
    });

    it('bootstrap intervals of the gaps over the same draws', () => {
      const draws: number[] = fixture.bootstrap.draws.flat();
      let position = 0;
      const { gapIntervals } = compareGroups(decisions, {
        thresholds: NO_THRESHOLDS,
        bootstrap: {
          random: { next: () => 0, integer: () => draws[position++] ?? 0 },
          resamples: fixture.bootstrap.resamples,
          confidence: fixture.bootstrap.confidence,
        },
      });
      const bounds = Object.entries(gapIntervals).map(([gap, interval]) => [
        gap,
        [interval?.low, interval?.high],
      ]);
      const { accuracyDifference, aurocDifference, ...others } = Object.fromEntries(bounds);
      expectClose(others, fixture.bootstrap.expected);
      expect([accuracyDifference, aurocDifference].flat().every(Number.isFinite)).toBe(true);
    });
  },
);

function readFixture(name: string) {
  const file = new URL(`../fixtures/fairness/${name}.json`, import.meta.url);
  const fixture = JSON.parse(readFileSync(file, 'utf8'));
  return {
    fixture,
    decisions: {
      labels: fixture.labels as number[],
      predicted: fixture.predicted as number[],
      scores: (fixture.scores as number[]).map((score) => score / fixture.scale),
      positiveClass: fixture.positiveClass as number,
      groups: groupByValue(fixture.groups),
    },
  };
}
