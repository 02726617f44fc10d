/** From the columns of a source to the parts of an example. */
import type { ColumnValue } from '../artifacts/dataset.js';
import { UserError } from '../artifacts/user-error.js';
import { matchesAnyPattern } from './path-patterns.js';
import { type BrokenRow, brokenRow, type SourceRow, type SourceValue } from './source-row.js';

/** Which column is what. */
export interface ColumnMapping {
  readonly text: string;
  readonly textPair?: string;
  readonly label?: string;
  /** Rows with the same value stay in one split. */
  readonly group?: string;
  readonly id?: string;
  /** Columns kept along; every other one of the source when it is `all`. */
  readonly keep: readonly string[] | 'all';
}

/** An example, with its label still as it stands in the source. */
export interface MappedRow {
  readonly kind: 'mapped';
  readonly row: number;
  /** The line it begins in, in formats with lines. */
  readonly line?: number;
  readonly text: string;
  readonly textPair?: string;
  readonly label?: string;
  readonly group?: string;
  readonly id?: string;
  readonly columns: Readonly<Record<string, ColumnValue>>;
}

/**
 * Maps one row. Throws a UserError when the first row that is mapped of a file lacks a column; a later one that does, and one
 * with an empty label or id, is broken.
 */
export function mapRow(
  row: SourceRow,
  mapping: ColumnMapping,
  { file, isFirst }: { readonly file: string; readonly isFirst: boolean },
): MappedRow | BrokenRow {
  const { values } = row;
  const roles = [mapping.text, mapping.textPair, mapping.label, mapping.group, mapping.id];
  for (const name of roles) {
    if (name === undefined || Object.hasOwn(values, name)) continue;
    if (isFirst) throw missingColumn(name, row, file);
    return brokenRow(file, row, { message: `it has no "${name}"`, found: Object.keys(values).join(', ') });
  }

  const label = mapping.label === undefined ? undefined : asText(values[mapping.label]).trim();
  if (label === '') {
    return brokenRow(file, row, {
      message: 'it has no label',
      found: `nothing in the column "${mapping.label}"`,
      help: 'Give it one, or leave such rows out with broken_rows: skip.',
    });
  }
  const id = mapping.id === undefined ? undefined : asText(values[mapping.id]);
  if (id?.trim() === '') {
    return brokenRow(file, row, {
      message: 'it has no id',
      found: `nothing in the column "${mapping.id}"`,
      help: 'Give it one, or leave id out: rows are then numbered.',
    });
  }
  const taken = new Set([mapping.text, mapping.textPair, mapping.label, mapping.id]);
  const kept = mapping.keep === 'all' ? Object.keys(values).filter((name) => !taken.has(name)) : mapping.keep;
  const absent = kept.find((name) => !Object.hasOwn(values, name));
  if (absent !== undefined && isFirst) throw missingColumn(absent, row, file);
  return {
    kind: 'mapped',
    row: row.row,
    ...(row.line === undefined ? {} : { line: row.line }),
    text: asText(values[mapping.text]),
    ...(mapping.textPair === undefined ? {} : { textPair: asText(values[mapping.textPair]) }),
    ...(label === undefined ? {} : { label }),
    ...(mapping.group === undefined ? {} : { group: asText(values[mapping.group]) }),
    ...(id === undefined ? {} : { id }),
    columns: Object.fromEntries(kept.map((name) => [name, values[name] ?? null])),
  };
}

/**
 * Names of labels: a list in their order, or for each name the values (or patterns) of the source that mean it. Where the source
 * has 0, 1, ... and no name of the list is a number, they count as positions in the list.
 */
export type LabelNames = readonly string[] | Readonly<Record<string, readonly string[]>>;

/** Turns labels of a source into indices. */
export interface LabelIndex {
  /** The index of a label; undefined when the names were given and it is none of them. */
  index(label: string): number | undefined;
  /** Names in their final order, and the final index of each index that `index` gave. */
  finish(): { readonly names: readonly string[]; readonly order: Int32Array };
}

/**
 * Starts an index. Without names the labels found are sorted at the end: by number where all of them are numbers, by code
 * units otherwise.
 */
export function createLabelIndex(names: LabelNames | undefined): LabelIndex {
  const found = new Map<string, number>();
  if (names === undefined) {
    return {
      index(label) {
        const known = found.get(label);
        if (known !== undefined) return known;
        if (found.size >= mostLabels) throw tooManyLabels(label);
        found.set(label, found.size);
        return found.size - 1;
      },
      finish() {
        const labels = [...found.keys()];
        const numeric = labels.every((label) => label !== '' && Number.isFinite(Number(label)));
        const sorted = labels.toSorted((first, second) =>
          numeric ? Number(first) - Number(second) || compare(first, second) : compare(first, second),
        );
        return { names: sorted, order: Int32Array.from(labels, (label) => sorted.indexOf(label)) };
      },
    };
  }
  const list = isList(names) ? names : Object.keys(names);
  const patterns: { readonly values: readonly string[]; readonly index: number }[] = [];
  for (const [index, name] of list.entries()) {
    const values = isList(names) ? [name] : (names[name] ?? []);
    patterns.push({ values, index });
  }
  const unknown = -1;
  const hasPositions = isList(names) && !list.some((name) => /^\d+$/.test(name));
  const find = (label: string): number | undefined => {
    const exact = patterns.find(({ values }) => values.includes(label))?.index;
    if (exact !== undefined) return exact;
    if (!isList(names)) return patterns.find(({ values }) => matchesAnyPattern(label, values))?.index;
    return hasPositions && /^\d+$/.test(label) && Number(label) < list.length ? Number(label) : undefined;
  };
  return {
    index(label) {
      let known = found.get(label);
      if (known === undefined) {
        known = find(label) ?? unknown;
        found.set(label, known);
      }
      return known === unknown ? undefined : known;
    },
    finish: () => ({ names: list, order: Int32Array.from(list, (_, index) => index) }),
  };
}

/** The text of a value; '' for null. */
export function asText(value: SourceValue | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}

/** More different labels are a sign of a wrong column. */
const mostLabels = 10_000;

function tooManyLabels(label: string): UserError {
  return new UserError({
    code: 'data/too-many-labels',
    message: `There are more than ${mostLabels} different labels`,
    found: `"${label.slice(0, 60)}" is one more`,
    help: 'Is label the name of the right column? A column of text or of ids is none.',
  });
}

function missingColumn(name: string, row: SourceRow, file: string): UserError {
  const names = Object.keys(row.values);
  const line = row.namesLine ?? row.line;
  return new UserError({
    code: 'data/no-column',
    message: `There is no column "${name}"`,
    found: `the columns ${names.map((column) => `"${column}"`).join(', ')}`,
    file,
    ...(line === undefined ? {} : { line }),
    help: names.every((column) => /^\d+$/.test(column))
      ? 'A file without a header has the columns 1, 2, ...; give them names with columns: [...].'
      : 'Column names must match exactly, upper and lower case included.',
  });
}

function isList(names: LabelNames): names is readonly string[] {
  return Array.isArray(names);
}

function compare(first: string, second: string): number {
  return first < second ? -1 : first > second ? 1 : 0;
}
