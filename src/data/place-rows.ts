/** Decides which rows a data set takes and which split each of them goes to. */
import { type SplitName, splitNames } from '../artifacts/kinds.js';
import { UserError } from '../artifacts/user-error.js';
import type { JsonRecord } from '../formats/json.js';
import type { Random } from './random.js';
import { mostRowsForNearDuplicates, type RowCensus } from './row-census.js';
import { RowGroups } from './row-groups.js';
import { noSplit, type SplitAssignment, type SplitRatios, sampleRows, splitRows } from './splitting.js';
import { lengthSummary } from './statistics.js';

/** `remove`: of equal texts one is kept; `keep`: all are, in one split. */
export type DuplicatePolicy = 'remove' | 'keep';

/** What decides. */
export interface PlacementOptions {
  readonly ratios: SplitRatios;
  /** The splits that sources are given for, in place of ratios; empty when there are none. */
  readonly given: readonly SplitName[];
  readonly limit?: number;
  readonly sample?: number;
  readonly duplicates?: DuplicatePolicy;
  readonly random: Random;
  readonly log?: { warning(message: string): void };
}

/** Where rows go. */
export interface Placement {
  readonly splits: SplitAssignment;
  /** Splits that exist, also those that stayed empty. */
  readonly existing: readonly SplitName[];
  /** Rows taken, by label in order of appearance. */
  readonly labelCounts: readonly number[];
  readonly statistics: JsonRecord;
}

/** Places every row of the census. Throws a UserError when a split would be empty. */
export function placeRows(census: RowCensus, options: PlacementOptions): Placement {
  const { size } = census;
  const removal = findDuplicates(census, options.duplicates ?? 'remove');
  const taken = new Uint8Array(size).fill(1);
  for (let row = 0; row < size; row++) if (removal.removed[row] === 1) taken[row] = 0;
  draw(census, taken, options);

  const groups = new RowGroups(size);
  let nearDuplicates = 0;
  if (census.nearDuplicates !== undefined) {
    nearDuplicates = census.nearDuplicates.join(groups, (row) => taken[row] === 1);
  } else if (census.options.nearDuplicates !== false) {
    options.log?.warning(
      `near-duplicates were not looked for: more than ${mostRowsForNearDuplicates.toLocaleString('en')} rows`,
    );
  }
  const { knownSplits } = census.options;
  const splits = knownSplits ? givenSplits(census, taken) : dealtSplits(census, taken, groups, options);
  const straddling = knownSplits ? countStraddling(splits, (row) => groups.find(row)) : 0;
  const divided =
    knownSplits && census.options.grouped ? countStraddling(splits, (row) => census.groupOf.at(row)) : 0;
  if (removal.conflicting > 0) {
    options.log?.warning(
      `${counted(removal.conflicting, 'text occurs', 'texts occur')} with different labels; ${options.duplicates === 'keep' ? 'all were kept' : 'the first occurrence was kept'}`,
    );
  }
  if (straddling > 0) {
    options.log?.warning(
      `${counted(straddling, 'row is', 'rows are')} almost equal to rows of another given split`,
    );
  }
  if (divided > 0) {
    options.log?.warning(
      `${counted(divided, 'row is', 'rows are')} of groups that the given files divide among splits; group moves no row out of its file`,
    );
  }

  const existing = splitNames.filter((name) =>
    knownSplits ? options.given.includes(name) : (options.ratios[name] ?? 0) > 0,
  );
  const lengths: Record<string, JsonRecord> = {};
  const labelCounts: number[] = [];
  for (const name of existing) {
    const code = splitNames.indexOf(name);
    const members: number[] = [];
    for (let row = 0; row < size; row++) {
      if (splits[row] !== code) continue;
      members.push(census.lengths.at(row));
      const label = census.labels.at(row);
      if (label >= 0) labelCounts[label] = (labelCounts[label] ?? 0) + 1;
    }
    if (members.length === 0) throw emptySplit(name, size);
    lengths[name] = lengthSummary(Int32Array.from(members));
  }
  return {
    splits,
    existing,
    labelCounts,
    statistics: {
      duplicates_removed: removal.count,
      duplicates_with_conflicting_labels: removal.conflicting,
      near_duplicates_joined: nearDuplicates,
      ...(knownSplits ? { near_duplicates_across_given_splits: straddling } : {}),
      characters: lengths,
    },
  };
}

interface Removal {
  readonly removed: Uint8Array;
  readonly count: number;
  /** Texts with more than one label. */
  readonly conflicting: number;
}

/**
 * Of rows with equal texts, one stays: the first, or where splits are given the first one of the test split, else of
 * the validation split, so that published test sets stay whole.
 */
function findDuplicates(census: RowCensus, policy: DuplicatePolicy): Removal {
  const { size } = census;
  const removed = new Uint8Array(size);
  const conflicts = new Set<number>();
  const stays = new Map<number, number>();
  let count = 0;
  for (let row = 0; row < size; row++) {
    const first = census.duplicateOf.at(row);
    if (first === -1) continue;
    if (census.labels.at(first) !== census.labels.at(row)) conflicts.add(first);
    if (policy === 'keep') continue;
    count++;
    const current = stays.get(first) ?? first;
    const isBetter = census.options.knownSplits && census.splits.at(row) > census.splits.at(current);
    removed[isBetter ? current : row] = 1;
    stays.set(first, isBetter ? row : current);
  }
  return { removed, count, conflicting: conflicts.size };
}

/** Leaves out what `sample` and `limit` have no room for. */
function draw(census: RowCensus, taken: Uint8Array, options: PlacementOptions): void {
  const { limit, sample } = options;
  if (limit === undefined && sample === undefined) return;
  const label = (row: number): number => census.labels.at(row);
  const splitOf = (row: number): number => (census.options.knownSplits ? census.splits.at(row) : 0);
  for (const [code] of splitNames.entries()) {
    const candidates: number[] = [];
    for (let row = 0; row < census.size; row++)
      if (taken[row] === 1 && splitOf(row) === code) candidates.push(row);
    const count = Math.min(limit ?? candidates.length, Math.ceil((sample ?? 1) * candidates.length));
    for (const row of candidates) taken[row] = 0;
    for (const row of sampleRows(candidates, label, count, options.random.fork(`sample ${code}`)))
      taken[row] = 1;
  }
}

function givenSplits(census: RowCensus, taken: Uint8Array): SplitAssignment {
  const splits = new Uint8Array(census.size);
  for (let row = 0; row < census.size; row++)
    splits[row] = taken[row] === 1 ? census.splits.at(row) : noSplit;
  return splits;
}

function dealtSplits(
  census: RowCensus,
  taken: Uint8Array,
  groups: RowGroups,
  options: PlacementOptions,
): SplitAssignment {
  const rows = function* (): Generator<number> {
    for (let row = 0; row < census.size; row++) if (taken[row] === 1) yield row;
  };
  for (const row of rows()) {
    if (census.options.grouped) groups.join(row, census.groupOf.at(row));
    const first = census.duplicateOf.at(row);
    if (first !== -1) groups.join(row, first);
  }
  return splitRows(
    {
      size: census.size,
      rows: { [Symbol.iterator]: rows },
      label: (row) => census.labels.at(row),
      group: (row) => groups.find(row),
    },
    options.ratios,
    options.random.fork('split'),
  );
}

/** Rows in groups whose rows are in more than one split. */
function countStraddling(splits: SplitAssignment, groupOf: (row: number) => number): number {
  const splitOfGroup = new Map<number, number>();
  const mixed = new Set<number>();
  for (const [row, split] of splits.entries()) {
    if (split === noSplit) continue;
    const group = groupOf(row);
    const known = splitOfGroup.get(group);
    if (known === undefined) splitOfGroup.set(group, split);
    else if (known !== split) mixed.add(group);
  }
  let count = 0;
  for (const [row, split] of splits.entries()) if (split !== noSplit && mixed.has(groupOf(row))) count++;
  return count;
}

function emptySplit(name: SplitName, rows: number): UserError {
  return new UserError({
    code: 'data/empty-split',
    message: `No row is left for the split "${name}"`,
    found: `${rows} rows in all, before duplicates were removed and rows were drawn`,
    help: 'Give it a larger share, raise limit, or leave the split out. Groups and near-duplicates are never divided.',
  });
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}
