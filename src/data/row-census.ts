/** What is remembered of every row between the first reading and the second: some numbers, no text. */
import { type SplitName, splitNames } from '../artifacts/kinds.js';
import { UserError } from '../artifacts/user-error.js';
import type { MappedRow } from './column-mapping.js';
import { createNearDuplicateFinder, type NearDuplicateFinder } from './near-duplicates.js';
import { NumberList } from './number-list.js';
import { FirstRows, hashText, normalizeForComparison } from './text-hash.js';

/** What the census is to look for. */
export interface CensusOptions {
  /** Least similarity of near-duplicates, or false. */
  readonly nearDuplicates: number | false;
  /** Every row comes with its split. */
  readonly knownSplits: boolean;
  /** Rows have groups. */
  readonly grouped: boolean;
}

/** A row as it is counted. */
export interface CountedRow {
  readonly example: MappedRow;
  /** Index of the label in order of appearance; -1 for none. */
  readonly label: number;
  readonly split: SplitName | undefined;
  readonly file: string;
}

/** With more rows than this, signatures would take more than 128 MiB; near-duplicates are then not looked for. */
export const mostRowsForNearDuplicates = 2_000_000;

/** Numbers by row, the rows numbered from 0 in the order in which they were added. */
export class RowCensus {
  /** Index of the label in order of appearance, -1 for none. */
  readonly labels = new NumberList();
  /** Length of the text and its pair, in characters (UTF-16 code units). */
  readonly lengths = new NumberList();
  /** The first row with an equal text, or -1. */
  readonly duplicateOf = new NumberList();
  /** The first row of the same group; empty without groups. */
  readonly groupOf = new NumberList();
  /** Index of the split in `splitNames`; empty unless splits are known. */
  readonly splits = new NumberList();
  /** Rows by label, in order of appearance. */
  readonly labelCounts: number[] = [];
  readonly options: CensusOptions;
  /** Undefined when it is turned off, or when there are too many rows. */
  nearDuplicates: NearDuplicateFinder | undefined;
  readonly #texts = new FirstRows();
  readonly #groups = new FirstRows();
  readonly #ids = new FirstRows();
  /** By row, its number in its file; empty unless rows have ids. */
  readonly #numbers = new NumberList();
  /** The files, each with its first row; only where rows have ids. */
  readonly #files: { readonly file: string; readonly from: number }[] = [];

  constructor(options: CensusOptions) {
    this.options = options;
    if (options.nearDuplicates !== false)
      this.nearDuplicates = createNearDuplicateFinder(options.nearDuplicates);
  }

  get size(): number {
    return this.labels.length;
  }

  /** Counts a row. Throws a UserError when its id was there before. */
  add({ example, label, split, file }: CountedRow): void {
    const row = this.size;
    const pair = example.textPair;
    if (example.id !== undefined) this.#addId(example.id, example.row, file);
    const text = normalizeForComparison(example.text);
    const normalized = pair === undefined ? text : `${text}\u0000${normalizeForComparison(pair)}`;
    this.duplicateOf.push(this.#texts.findOrAdd(hashText(normalized), row));
    this.labels.push(label);
    if (label >= 0) this.labelCounts[label] = (this.labelCounts[label] ?? 0) + 1;
    this.lengths.push(example.text.length + (pair?.length ?? 0));
    if (split !== undefined) this.splits.push(splitNames.indexOf(split));
    if (example.group !== undefined) {
      const first = this.#groups.findOrAdd(hashText(example.group), row);
      this.groupOf.push(first === -1 ? row : first);
    }
    if (row >= mostRowsForNearDuplicates) this.nearDuplicates = undefined;
    this.nearDuplicates?.add(normalized);
  }

  /** Evaluation joins what it finds by id, so that equal ids would put the predictions of different rows together. */
  #addId(id: string, number: number, file: string): void {
    const row = this.#numbers.length;
    const first = this.#ids.findOrAdd(hashText(id), row);
    if (first !== -1) {
      const earlier = this.#files.findLast(({ from }) => from <= first)?.file ?? file;
      const place = `row ${this.#numbers.at(first)}${earlier === file ? '' : ` of ${earlier}`}`;
      throw new UserError({
        code: 'data/repeated-id',
        message: `Row ${number} has the same id as ${place}`,
        found: `"${id}"`,
        expected: 'a different id in every row of all splits',
        file,
        help: 'Name another column with id, or leave it out: rows are then numbered.',
      });
    }
    if (this.#files.at(-1)?.file !== file) this.#files.push({ file, from: row });
    this.#numbers.push(number);
  }
}
