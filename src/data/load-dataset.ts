/**
 * From files of rows to a data set: columns mapped, duplicates removed, rows sampled and dealt out to splits.
 *
 * Sources are read twice: the first time to fingerprint every row and decide where it goes, the second time to write
 * it. Only a few numbers per row stay in memory (and the rows themselves while they are few), so files may be larger
 * than memory.
 */
import { join } from 'node:path';
import { createDatasetWriter, type Dataset } from '../artifacts/dataset.js';
import { type SplitName, splitNames } from '../artifacts/kinds.js';
import { UserError } from '../artifacts/user-error.js';
import {
  type ColumnMapping,
  createLabelIndex,
  type LabelNames,
  type MappedRow,
  mapRow,
} from './column-mapping.js';
import { type DuplicatePolicy, placeRows } from './place-rows.js';
import type { Random } from './random.js';
import { readSource, type SourceOptions } from './read-source.js';
import { RowCensus } from './row-census.js';
import type { BrokenRow, SourceRow, SourceValue } from './source-row.js';
import type { SplitRatios } from './splitting.js';
import { noSplit } from './splitting.js';

/** A source, with the split that its rows go to where that is given. */
export interface DatasetSource extends SourceOptions {
  readonly split?: SplitName;
  /** Written before the numbers of its rows to make their ids; needed where there are several sources. */
  readonly idPrefix?: string;
}

/** How a data set is made. */
export interface LoadDatasetOptions {
  /** Sources without a split, or one per split; given splits in the order train, validation, test. */
  readonly sources: readonly DatasetSource[];
  readonly mapping: ColumnMapping;
  readonly labels?: LabelNames;
  /** Shares of the splits, for sources without a split. */
  readonly ratios: SplitRatios;
  /** Only rows whose columns have one of these values are taken. */
  readonly where?: Readonly<Record<string, readonly SourceValue[]>>;
  /** Most rows: of all splits together, or of each where a source is given for each. */
  readonly limit?: number;
  /** Share of the rows to draw, in (0, 1]. */
  readonly sample?: number;
  /** Default `remove`. */
  readonly duplicates?: DuplicatePolicy;
  /** Least similarity of near-duplicates, which are kept in one split; false turns the search off. Default 0.8. */
  readonly nearDuplicates?: number | false;
  /** Whether rows that cannot be read end the work or are left out and counted. Default `error`. */
  readonly brokenRows?: 'error' | 'skip';
  readonly random: Random;
  readonly log?: { info(message: string): void; warning(message: string): void };
  readonly progress?: (progress: {
    readonly done: number;
    readonly total?: number;
    readonly unit: string;
  }) => void;
  readonly signal?: AbortSignal;
}

/** Rows are kept for the second reading while they have fewer characters than this. */
const longestKept = 32_000_000;
/** Broken rows that are described one by one. */
const mostDescribed = 3;
const progressStep = 20_000;

/** Reads the sources and writes the data set into an empty folder. What is wrong with the data is a UserError. */
export async function loadDataset(folder: string, options: LoadDatasetOptions): Promise<Dataset> {
  const labelIndex = createLabelIndex(options.mapping.label === undefined ? undefined : options.labels);
  const given = options.sources.map(({ split }) => split).filter((split) => split !== undefined);
  const census = new RowCensus({
    nearDuplicates: options.nearDuplicates ?? 0.8,
    knownSplits: given.length > 0,
    grouped: options.mapping.group !== undefined,
  });
  const kept = new KeptRows();
  const columns = new Set<string>();
  const reader = new ExampleReader(options);

  for await (const read of reader.read()) {
    const { example, split, file } = read;
    let label = -1;
    if (example.label !== undefined) {
      const index = labelIndex.index(example.label);
      if (index === undefined) {
        reader.reject(unknownLabel(example, file, options.labels));
        continue;
      }
      label = index;
    }
    for (const name of Object.keys(example.columns)) columns.add(name);
    census.add({ example, label, split, file });
    kept.add(read, label);
    if (census.size % progressStep === 0) options.progress?.({ done: census.size, unit: 'rows' });
  }
  reader.warn();
  const { names, order } = labelIndex.finish();
  if (census.size === 0) throw emptyDataset(options, reader);
  const nameOf = (label: number): string => names[order[label] ?? label] ?? '';
  checkLabels(census.labelCounts, nameOf, options);
  const placement = placeRows(census, { ...options, given });
  checkLabels(placement.labelCounts, nameOf, options);

  const writer = createDatasetWriter(folder);
  const finalLabel = (label: number): { label?: number } =>
    label < 0 ? {} : { label: order[label] ?? label };
  const write = (row: number, { example, idPrefix }: Example, label: number): void => {
    const code = placement.splits[row] ?? noSplit;
    const split = splitNames[code];
    if (code === noSplit || split === undefined) return;
    writer.write(split, {
      id: example.id ?? `${idPrefix}${example.row}`,
      text: example.text,
      ...(example.textPair === undefined ? {} : { textPair: example.textPair }),
      ...finalLabel(label),
      columns: example.columns,
    });
  };
  try {
    if (kept.complete) for (const [row, { read, label }] of kept.rows.entries()) write(row, read, label);
    else {
      const again = new ExampleReader({ ...options, log: silent });
      let row = 0;
      for await (const read of again.read()) {
        const { label: written } = read.example;
        const label = written === undefined ? -1 : labelIndex.index(written);
        if (label === undefined) continue;
        write(row, read, label);
        row++;
        if (row % progressStep === 0)
          options.progress?.({ done: row, total: census.size, unit: 'rows written' });
      }
      if (row !== census.size) throw changedSource(options);
    }
    const dataset = await writer.finish(
      {
        labels: options.mapping.label === undefined ? null : names,
        columns: [...columns],
        pairs: options.mapping.textPair !== undefined,
        statistics: { ...reader.statistics(), ...placement.statistics },
      },
      placement.existing,
    );
    warnOfUnseenLabels(dataset, options);
    return dataset;
  } catch (error) {
    writer.abort();
    throw error;
  }
}

interface Example {
  readonly example: MappedRow;
  readonly split: SplitName | undefined;
  readonly file: string;
  readonly idPrefix: string;
}

/** Reads all sources, leaves out what is to be left out, and counts it. */
class ExampleReader {
  readonly #options: LoadDatasetOptions;
  #read = 0;
  #broken = 0;
  #filtered = 0;
  #empty = 0;

  constructor(options: LoadDatasetOptions) {
    this.#options = options;
  }

  async *read(): AsyncGenerator<Example, void, undefined> {
    const { sources, mapping, where, signal } = this.#options;
    for (const source of sources) {
      // The first row to be mapped, which is not always the file's first: `where` may have left that one out.
      let isFirst = true;
      for await (const item of readSource(source)) {
        if (this.#read % 1024 === 0) signal?.throwIfAborted();
        this.#read++;
        if (item.kind === 'broken') {
          this.reject(item);
          continue;
        }
        if (where !== undefined && !fits(item.values, where, source.path)) {
          this.#filtered++;
          continue;
        }
        const file = fileOf(item, source);
        const example = mapRow(item, mapping, { file, isFirst });
        isFirst = false;
        if (example.kind === 'broken') this.reject(example);
        else if (example.text.trim() === '') this.#empty++;
        else yield { example, split: source.split, file, idPrefix: source.idPrefix ?? '' };
      }
    }
  }

  /** Ends the work with the row's problem, or counts it. */
  reject(row: BrokenRow): void {
    if (this.#options.brokenRows !== 'skip') throw new UserError(row.problem);
    this.#broken++;
    if (this.#broken <= mostDescribed) {
      const { file, line, message, found } = row.problem;
      const place = `${file ?? ''}${line === undefined ? '' : `:${line}`}`;
      this.#options.log?.warning(`${place}: ${message}${found === undefined ? '' : ` (${found})`}; left out`);
    }
  }

  warn(): void {
    const { log } = this.#options;
    if (this.#broken > 0) log?.warning(`${this.#broken} of ${this.#read} rows are broken and were left out`);
    if (this.#empty > 0)
      log?.warning(`${this.#empty} of ${this.#read} rows have an empty text and were left out`);
  }

  statistics(): Record<string, number> {
    return {
      rows_read: this.#read,
      rows_broken: this.#broken,
      rows_filtered_out: this.#filtered,
      rows_empty: this.#empty,
    };
  }
}

/** Rows in memory, until they become too many. */
class KeptRows {
  rows: { readonly read: Example; readonly label: number }[] = [];
  complete = true;
  #length = 0;

  add(read: Example, label: number): void {
    if (!this.complete) return;
    const { text, textPair = '', columns } = read.example;
    this.#length += text.length + textPair.length + 200;
    for (const value of Object.values(columns)) this.#length += typeof value === 'string' ? value.length : 8;
    if (this.#length > longestKept) {
      this.complete = false;
      this.rows = [];
    } else this.rows.push({ read, label });
  }
}

const silent = { info() {}, warning() {} };

/** The file that a row stands in; in a folder of texts every row has one of its own. */
function fileOf(row: SourceRow, { path, format }: DatasetSource): string {
  const inFolder = format === 'folder' || format === 'email';
  return inFolder && typeof row.values.file === 'string' ? join(path, row.values.file) : path;
}

/** Labels that a training will never see although it is measured on them: a column or a file that is not the right one. */
function warnOfUnseenLabels({ labels, splits }: Dataset, { log }: LoadDatasetOptions): void {
  const learned = splits.train?.labelCounts;
  if (labels === null || learned === undefined) return;
  const elsewhere = (label: number): number =>
    (splits.validation?.labelCounts?.[label] ?? 0) + (splits.test?.labelCounts?.[label] ?? 0);
  const unseen = labels.filter((_, label) => (learned[label] ?? 0) === 0 && elsewhere(label) > 0);
  if (unseen.length === 0) return;
  const named = unseen.slice(0, mostDescribed).map((name) => `"${name}"`);
  const more = unseen.length > named.length ? ` and ${unseen.length - named.length} more` : '';
  log?.warning(
    `${unseen.length} of ${labels.length} labels have rows, but none in the train split, so they cannot be learned: ${named.join(', ')}${more}`,
  );
}

function fits(
  values: Readonly<Record<string, SourceValue>>,
  where: Readonly<Record<string, readonly SourceValue[]>>,
  file: string,
): boolean {
  return Object.entries(where).every(([name, wanted]) => {
    if (!Object.hasOwn(values, name)) {
      throw new UserError({
        code: 'data/no-column',
        message: `There is no column "${name}" to filter by`,
        found: Object.keys(values).join(', '),
        file,
      });
    }
    // Files of text know no numbers, so 1 and "1" are the same.
    return wanted.some((value) => String(value ?? '') === String(values[name] ?? ''));
  });
}

function unknownLabel(example: MappedRow, file: string, labels: LabelNames | undefined): BrokenRow {
  const names = labels === undefined ? [] : Array.isArray(labels) ? labels : Object.values(labels).flat();
  return {
    kind: 'broken',
    row: example.row,
    problem: {
      code: 'data/unknown-label',
      message: `Row ${example.row} has a label that labels does not name`,
      found: `"${example.label}"`,
      expected: names.join(', '),
      file,
      ...(example.line === undefined ? {} : { line: example.line }),
      help: 'Add it to labels, or choose the rows to take with where.',
    },
  };
}

function emptyDataset(options: LoadDatasetOptions, reader: ExampleReader): UserError {
  const counts = Object.entries(reader.statistics()).map(([name, count]) => `${name}: ${count}`);
  return new UserError({
    code: 'data/empty',
    message: 'The data set is empty',
    found: counts.join(', '),
    expected: 'at least one row with a text',
    file: options.sources[0]?.path ?? '',
  });
}

function checkLabels(
  counts: readonly number[],
  name: (label: number) => string,
  options: LoadDatasetOptions,
): void {
  if (options.mapping.label === undefined) return;
  const used = counts.flatMap((count, label) => (count > 0 ? [label] : []));
  if (used.length > 1) return;
  throw new UserError({
    code: 'data/one-class',
    message: 'All rows have the same label, so there is nothing to tell apart',
    found: used.map((label) => `"${name(label)}"`).join(', '),
    expected: 'rows of at least two labels',
    file: options.sources[0]?.path ?? '',
    help: `Is "${options.mapping.label}" the right column? Leave label out for text without labels.`,
  });
}

function changedSource(options: LoadDatasetOptions): UserError {
  return new UserError({
    code: 'data/changed',
    message: 'The data changed while it was read',
    file: options.sources[0]?.path ?? '',
    help: 'Run again when nothing writes to it any more.',
  });
}
