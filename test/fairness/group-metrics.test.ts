import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { compareGroups, type GroupedDecisions, groupByValue } from '../../src/fairness/group-metrics.js';

const NO_THRESHOLDS = { minimumExamples: 0, minimumPerOutcome: 0 };

function decisions(
  rows: readonly { label: number; predicted: number; score: number; group: string | null }[],
): GroupedDecisions {
  return {
    labels: rows.map(({ label }) => label),
    predicted: rows.map(({ predicted }) => predicted),
    scores: rows.map(({ score }) => score),
    positiveClass: 1,
    groups: groupByValue(rows.map(({ group }) => group)),
  };
}

const balanced = (group: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ label: index % 2, predicted: 1, score: 0.9, group }));

describe('groups that are too small to judge', () => {
  const comparison = compareGroups(
    decisions([
      ...balanced('large', 30),
      ...balanced('also large', 40),
      ...balanced('small', 29),
      ...Array.from({ length: 40 }, (_, index) => ({
        label: index < 4 ? 1 : 0,
        predicted: 0,
        score: 0.1,
        group: 'few positives',
      })),
    ]),
    { bootstrap: { random: { next: () => 0, integer: (below) => below - 1 }, resamples: 5 } },
  );

  it('are named with the reason', () => {
    expect(comparison.leftOut).toEqual(['small', 'few positives']);
    expect(comparison.groups.map(({ tooSmall }) => tooSmall)).toEqual([
      [],
      [],
      ['29 examples, fewer than 30'],
      ['4 positive examples, fewer than 5'],
    ]);
  });

  it('do not enter the gaps and have no intervals', () => {
    expect(comparison.compared).toEqual(['large', 'also large']);
    expect(comparison.gaps.demographicParityDifference).toBe(0);
    expect(comparison.groups[3]?.selectionRate).toBe(0);
    expect(comparison.groups[2]?.intervals).toEqual({});
  });

  it('leave no gap when fewer than two groups remain', () => {
    const { gaps } = compareGroups(decisions(balanced('only', 40)));
    expect(new Set(Object.values(gaps))).toEqual(new Set([null]));
  });
});

describe('edge cases', () => {
  it('rates without examples are null', () => {
    const { groups } = compareGroups(
      { ...decisions(balanced('some', 4)), groups: [{ group: 'none', examples: [] }] },
      { thresholds: NO_THRESHOLDS },
    );
    expect(groups[0]).toMatchObject({ count: 0, selectionRate: null, truePositiveRate: null, auroc: null });
  });

  it('a ratio of rates that are all 0 is null', () => {
    const rows = [...balanced('a', 4), ...balanced('b', 4)].map((row) => ({ ...row, predicted: 0 }));
    const { gaps } = compareGroups(decisions(rows), { thresholds: NO_THRESHOLDS });
    expect(gaps).toMatchObject({
      demographicParityDifference: 0,
      demographicParityRatio: null,
      equalizedOddsRatio: null,
    });
  });

  it('examples without a value belong to no group', () => {
    expect(groupByValue(['x', null, 'y', 'x'])).toEqual([
      { group: 'x', examples: [0, 3] },
      { group: 'y', examples: [2] },
    ]);
  });

  it('nothing to compare and wrong lengths are refused', () => {
    expect(() => compareGroups(decisions([]))).toThrow(UserError);
    expect(() => compareGroups({ ...decisions(balanced('a', 2)), scores: [] })).toThrow(UserError);
    expect(() =>
      compareGroups({ ...decisions(balanced('a', 2)), groups: [{ group: 'a', examples: [2] }] }),
    ).toThrow(RangeError);
  });
});

describe('for all decisions', () => {
  const row = fc.record({
    label: fc.nat(1),
    predicted: fc.nat(1),
    score: fc.nat(10).map((tenths) => tenths / 10),
    group: fc.constantFrom('a', 'b', 'c', null),
  });
  const rows = fc.array(row, { minLength: 1, maxLength: 60 });

  it('gaps lie between 0 and 1 and do not depend on the order of groups', () => {
    fc.assert(
      fc.property(rows, (chosen) => {
        const given = decisions(chosen);
        const { gaps } = compareGroups(given, { thresholds: NO_THRESHOLDS });
        for (const gap of Object.values(gaps)) {
          expect(gap ?? 0).toBeGreaterThanOrEqual(0);
          expect(gap ?? 0).toBeLessThanOrEqual(1);
        }
        const reversed = { ...given, groups: [...given.groups].reverse() };
        expect(compareGroups(reversed, { thresholds: NO_THRESHOLDS }).gaps).toEqual(gaps);
      }),
    );
  });

  it('a group that is compared with its own copy has no gap', () => {
    fc.assert(
      fc.property(rows, (chosen) => {
        const examples = chosen.map((_, index) => index);
        const { gaps } = compareGroups(
          { ...decisions(chosen), groups: ['one', 'two'].map((group) => ({ group, examples })) },
          { thresholds: NO_THRESHOLDS },
        );
        for (const [name, gap] of Object.entries(gaps)) {
          if (gap !== null) expect(gap, name).toBe(name.endsWith('Ratio') ? 1 : 0);
        }
      }),
    );
  });
});
