/** Sampling rows and dealing them out to splits: seeded, in proportion to labels, groups kept whole. */
import { type SplitName, splitNames } from '../artifacts/kinds.js';
import type { Random } from './random.js';

/** Shares of the splits; each in [0, 1], together 1. */
export type SplitRatios = Readonly<Partial<Record<SplitName, number>>>;

/** Rows to be dealt out. */
export interface SplittableRows {
  /** How many rows there are. */
  readonly size: number;
  /** Rows that take part; iterated more than once. */
  readonly rows: Iterable<number>;
  /** A whole number by label; rows with the same one are spread in proportion. -1 for rows without a label. */
  label(row: number): number;
  /** A whole number by group, in [0, size); a group is never divided. */
  group(row: number): number;
}

/** Split of each row, as an index into `splitNames`; 255 for rows that do not take part. */
export type SplitAssignment = Uint8Array;

/** A row in no split. */
export const noSplit = 255;

/**
 * Deals rows out to splits by ratios.
 *
 * Groups of several rows go first, the largest first, each to the split that its labels are missing most in; single
 * rows then fill every label's share to the row. So each label's share is exact unless large groups stand against it.
 */
export function splitRows(rows: SplittableRows, ratios: SplitRatios, random: Random): SplitAssignment {
  const names = splitNames.filter((name) => (ratios[name] ?? 0) > 0);
  const codes = names.map((name) => splitNames.indexOf(name));
  const shares = names.map((name) => ratios[name] ?? 0);
  const assignment = new Uint8Array(rows.size).fill(noSplit);

  const { groups, singles, labelSizes } = collect(rows);
  // What each split still lacks of each label.
  const lacking = new Map<number, number[]>();
  const carried = shares.map(() => 0);
  for (const [label, size] of [...labelSizes].sort(([first], [second]) => first - second)) {
    lacking.set(label, apportion(size, shares, carried));
  }
  const lack = (label: number): number[] => lacking.get(label) ?? [];

  const units = random.fork('groups').shuffle([...groups.values()]);
  units.sort((first, second) => second.length - first.length);
  for (const unit of units) {
    const counts = new Map<number, number>();
    for (const row of unit) counts.set(rows.label(row), (counts.get(rows.label(row)) ?? 0) + 1);
    let best = 0;
    let bestFit = Number.NEGATIVE_INFINITY;
    for (let split = 0; split < names.length; split++) {
      let fit = 0;
      for (const [label, count] of counts) {
        // How much of the label's share is still open, and by how much the group would overfill it.
        const open = lack(label)[split] ?? 0;
        const whole = (labelSizes.get(label) ?? 1) * (shares[split] ?? 1);
        fit += (count * (open - Math.max(0, count - open) * 4)) / whole;
      }
      if (fit > bestFit) {
        bestFit = fit;
        best = split;
      }
    }
    for (const [label, count] of counts) {
      const open = lack(label);
      open[best] = (open[best] ?? 0) - count;
    }
    for (const row of unit) assignment[row] = codes[best] ?? noSplit;
  }

  for (const label of [...singles.keys()].sort((first, second) => first - second)) {
    const members = random.fork(`label ${label}`).shuffle(singles.get(label) ?? []);
    // Groups may have overfilled a split: what is left goes by what the others lack.
    const open = lack(label).map((count) => Math.max(0, count));
    const quotas = apportion(members.length, open.some((count) => count > 0) ? open : shares);
    let from = 0;
    for (const [split, quota] of quotas.entries()) {
      for (const row of members.slice(from, from + quota)) assignment[row] = codes[split] ?? noSplit;
      from += quota;
    }
  }
  return assignment;
}

/**
 * Draws `count` of the rows, each label in proportion to its size; all of them when there are no more.
 *
 * The drawn rows come in ascending order.
 */
export function sampleRows(
  rows: Iterable<number>,
  label: (row: number) => number,
  count: number,
  random: Random,
): number[] {
  const byLabel = new Map<number, number[]>();
  let total = 0;
  for (const row of rows) {
    total++;
    const members = byLabel.get(label(row));
    if (members === undefined) byLabel.set(label(row), [row]);
    else members.push(row);
  }
  const labels = [...byLabel.keys()].sort((first, second) => first - second);
  const quotas = apportion(
    Math.min(count, total),
    labels.map((name) => byLabel.get(name)?.length ?? 0),
  );
  const chosen: number[] = [];
  for (const [index, name] of labels.entries()) {
    const members = random.fork(`label ${name}`).shuffle(byLabel.get(name) ?? []);
    for (const row of members.slice(0, quotas[index])) chosen.push(row);
  }
  return chosen.sort((first, second) => first - second);
}

/**
 * Divides a whole number in proportion to shares, by largest remainders (Hamilton's method).
 *
 * @param carried what earlier divisions by the same shares owe to each part; updated. With it the parts of many small
 * numbers add up to the shares too, instead of all being rounded the same way.
 */
export function apportion(total: number, shares: readonly number[], carried?: number[]): number[] {
  const sum = shares.reduce((result, share) => result + share, 0);
  if (sum <= 0) return shares.map(() => 0);
  const exact = shares.map((share, index) => (total * share) / sum + (carried?.[index] ?? 0));
  // A hair above the floor, so that 0.1 * 30 counts as 3.
  const quotas = exact.map((value) => Math.max(0, Math.floor(value + 1e-9)));
  let left = total - quotas.reduce((result, quota) => result + quota, 0);
  const order = exact
    .map((value, index) => ({ index, remainder: value - (quotas[index] ?? 0) }))
    .sort((first, second) => second.remainder - first.remainder || first.index - second.index);
  for (const { index } of order) {
    if (left <= 0) break;
    quotas[index] = (quotas[index] ?? 0) + 1;
    left--;
  }
  // A part that owed more than it gets now may have pushed the sum over the total.
  for (const { index } of order.reverse()) {
    for (; left < 0 && (quotas[index] ?? 0) > 0; left++) quotas[index] = (quotas[index] ?? 0) - 1;
  }
  if (carried !== undefined) {
    for (const [index, value] of exact.entries()) carried[index] = value - (quotas[index] ?? 0);
  }
  return quotas;
}

function collect(rows: SplittableRows): {
  readonly groups: ReadonlyMap<number, number[]>;
  readonly singles: ReadonlyMap<number, number[]>;
  readonly labelSizes: ReadonlyMap<number, number>;
} {
  const groupSizes = new Int32Array(rows.size);
  for (const row of rows.rows) {
    const group = rows.group(row);
    groupSizes[group] = (groupSizes[group] ?? 0) + 1;
  }
  const groups = new Map<number, number[]>();
  const singles = new Map<number, number[]>();
  const labelSizes = new Map<number, number>();
  for (const row of rows.rows) {
    const label = rows.label(row);
    labelSizes.set(label, (labelSizes.get(label) ?? 0) + 1);
    const group = rows.group(row);
    const isSingle = groupSizes[group] === 1;
    const target = isSingle ? singles : groups;
    const key = isSingle ? label : group;
    const list = target.get(key);
    if (list === undefined) target.set(key, [row]);
    else list.push(row);
  }
  return { groups, singles, labelSizes };
}
