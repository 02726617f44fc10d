import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitNames } from '../../src/artifacts/kinds.js';
import { createNearDuplicateFinder } from '../../src/data/near-duplicates.js';
import { createRandom } from '../../src/data/random.js';
import { RowGroups } from '../../src/data/row-groups.js';
import { apportion, noSplit, sampleRows, splitRows } from '../../src/data/splitting.js';
import { FirstRows, hashText, normalizeForComparison } from '../../src/data/text-hash.js';

interface Row {
  readonly label: number;
  readonly group: number;
}

const rowsArbitrary = fc.array(fc.record({ label: fc.nat(3), group: fc.nat(30) }), {
  minLength: 1,
  maxLength: 120,
});
const ratios = { train: 0.7, validation: 0.1, test: 0.2 };

/** Splits rows; a row's group is the first row with the same group number. */
function split(rows: readonly Row[], seed = 1, shares: Parameters<typeof splitRows>[1] = ratios): number[] {
  const firsts = rows.map((row) => rows.findIndex((other) => other.group === row.group));
  return [
    ...splitRows(
      {
        size: rows.length,
        rows: [...rows.keys()],
        label: (row) => rows[row]?.label ?? 0,
        group: (row) => firsts[row] ?? row,
      },
      shares,
      createRandom(seed),
    ),
  ];
}

const single = (count: number, label: (row: number) => number): Row[] =>
  Array.from({ length: count }, (_, row) => ({ label: label(row), group: row }));

describe('splitting rows', () => {
  it('gives every row one split and never divides a group', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.integer(), (rows, seed) => {
        const splits = split(rows, seed);
        const byGroup = new Map<number, number>();
        for (const [row, code] of splits.entries()) {
          expect(code).toBeLessThan(splitNames.length);
          const group = rows[row]?.group ?? 0;
          expect(byGroup.get(group) ?? code).toBe(code);
          byGroup.set(group, code);
        }
      }),
    );
  });

  it('is the same for the same seed and another for another', () => {
    const rows = single(200, (row) => row % 2);
    expect(split(rows, 3)).toEqual(split(rows, 3));
    expect(split(rows, 3)).not.toEqual(split(rows, 4));
  });

  it('gives every split its share of every label, to the row', () => {
    const splits = split(single(1000, (row) => (row % 10 === 0 ? 1 : 0)));
    const count = (code: number, label: number) =>
      splits.filter((split, row) => split === code && (row % 10 === 0 ? 1 : 0) === label).length;
    expect([0, 1, 2].map((code) => [count(code, 0), count(code, 1)])).toEqual([
      [630, 70],
      [90, 10],
      [180, 20],
    ]);
  });

  it('keeps to the shares over many small labels', () => {
    const splits = split(single(300, (row) => row % 90));
    expect([0, 1, 2].map((code) => splits.filter((split) => split === code).length)).toEqual([210, 30, 60]);
  });

  it('keeps to the shares with groups of several rows too', () => {
    const rows = Array.from({ length: 1000 }, (_, row) => ({ label: row % 2, group: Math.floor(row / 7) }));
    const splits = split(rows);
    for (const [index, share] of [0.7, 0.1, 0.2].entries()) {
      const size = splits.filter((code) => code === index).length;
      expect(Math.abs(size - share * 1000)).toBeLessThanOrEqual(10);
    }
  });

  it('uses no split without a share', () => {
    expect(
      new Set(
        split(
          single(50, () => 0),
          1,
          { train: 0.5, test: 0.5 },
        ),
      ),
    ).toEqual(new Set([0, 2]));
  });

  it('leaves rows out that do not take part', () => {
    const splits = splitRows(
      { size: 3, rows: [1], label: () => 0, group: (row) => row },
      { train: 1 },
      createRandom(1),
    );
    expect([...splits]).toEqual([noSplit, 0, noSplit]);
  });
});

describe('sampling rows', () => {
  it('draws each label in proportion, without repetition', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { maxLength: 100 }),
        fc.nat(120),
        fc.integer(),
        (labels, count, seed) => {
          const drawn = sampleRows(labels.keys(), (row) => labels[row] ?? 0, count, createRandom(seed));
          expect(new Set(drawn).size).toBe(Math.min(count, labels.length));
          for (const label of [0, 1, 2]) {
            const share = labels.filter((other) => other === label).length / Math.max(1, labels.length);
            const of = drawn.filter((row) => labels[row] === label).length;
            expect(Math.abs(of - share * drawn.length)).toBeLessThan(1 + 1e-9);
          }
        },
      ),
    );
  });

  it('apportions a whole number exactly', () => {
    expect(apportion(10, [1, 1, 1])).toEqual([4, 3, 3]);
    expect(apportion(30, [0.8, 0.1, 0.1])).toEqual([24, 3, 3]);
    expect(apportion(5, [0, 0])).toEqual([0, 0]);
  });
});

describe('equal texts', () => {
  it('are equal whatever their case and white space', () => {
    expect(normalizeForComparison('  A\u00a0b\n\tC ')).toBe('a b c');
    expect(normalizeForComparison('Cafe\u0301')).toBe(normalizeForComparison('CAFÉ'));
  });

  it('are found again among many, and different ones are not taken for them', () => {
    const rows = new FirstRows();
    for (let row = 0; row < 50_000; row++) expect(rows.findOrAdd(hashText(`text ${row}`), row)).toBe(-1);
    for (let row = 0; row < 50_000; row += 997) expect(rows.findOrAdd(hashText(`text ${row}`), -5)).toBe(row);
  });
});

describe('near-duplicates', () => {
  const words = Array.from({ length: 2000 }, (_, index) => `w${((index * 7919) % 99991).toString(36)}`);
  function texts(seed: number, count: number): string[] {
    const random = createRandom(seed);
    return Array.from({ length: count }, () =>
      Array.from({ length: 60 }, () => words[random.integer(words.length)]).join(' '),
    );
  }
  function groupsOf(all: readonly string[], threshold = 0.8): RowGroups {
    const finder = createNearDuplicateFinder(threshold);
    for (const text of all) finder.add(text);
    const groups = new RowGroups(all.length);
    finder.join(groups, () => true);
    return groups;
  }

  it('are joined when a word or two differ', () => {
    const random = createRandom(9);
    const originals = texts(1, 300);
    const changed = originals.map((text) => {
      const parts = text.split(' ');
      parts[random.integer(parts.length)] = 'changed';
      return parts.join(' ');
    });
    const groups = groupsOf([...originals, ...changed]);
    const found = originals.filter((_, row) => groups.find(row) === groups.find(row + 300)).length;
    expect(found).toBeGreaterThanOrEqual(297);
  });

  it('are not joined when texts only share their words', () => {
    const groups = groupsOf(texts(2, 2000));
    for (let row = 0; row < 2000; row++) expect(groups.find(row)).toBe(row);
  });

  it('are joined when only numbers differ, and short texts when they are equal', () => {
    const groups = groupsOf([
      'your code is 123456, thank you',
      'your code is 998877, thank you',
      'ok',
      'ok',
      'no',
    ]);
    expect(groups.find(1)).toBe(0);
    expect(groups.find(3)).toBe(2);
    expect(groups.find(4)).toBe(4);
  });

  it('does not compare rows that are not considered', () => {
    const finder = createNearDuplicateFinder(0.8);
    for (const text of ['the same text', 'the same text', 'the same text']) finder.add(text);
    const groups = new RowGroups(3);
    expect(finder.join(groups, (row) => row !== 1)).toBe(1);
    expect([0, 1, 2].map((row) => groups.find(row))).toEqual([0, 1, 0]);
  });
});
