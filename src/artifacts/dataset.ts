/**
 * The `dataset` artifact: rows of text.
 *
 * `dataset.json` names the labels, the further columns and the splits; `<split>.jsonl` has one row a line:
 *
 *     {"id": "7", "text": "...", "text_pair": "...", "label": 1, "columns": {"sender": "..."}}
 *
 * `text_pair`, `label` (an index into the labels) and `columns` are left out where a row has none.
 */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatJson, isObject, type JsonRecord, readJsonFile } from '../formats/json.js';
import { type SplitName, splitNames } from './kinds.js';
import { UserError } from './user-error.js';

/** What a column can hold. */
export type ColumnValue = string | number | boolean | null;

/** One row. */
export interface DatasetRow {
  /** Unique in the data set, stable under splitting and sampling. */
  readonly id: string;
  readonly text: string;
  /** The second text of a pair. */
  readonly textPair?: string;
  /** Index into the data set's labels. */
  readonly label?: number;
  /** Everything else that the source had, by column name. */
  readonly columns?: Readonly<Record<string, ColumnValue>>;
}

/** What is known of one split. */
export interface DatasetSplit {
  readonly rows: number;
  /** Rows by label, in the order of the labels; absent where there are none. */
  readonly labelCounts?: readonly number[];
}

/** What `dataset.json` says. */
export interface DatasetDescription {
  /** Names of the labels; null for text without labels. */
  readonly labels: readonly string[] | null;
  /** Names of the further columns. */
  readonly columns: readonly string[];
  /** Rows may have a second text. */
  readonly pairs: boolean;
  /** Figures for people: duplicates removed, lengths, share of empty rows. */
  readonly statistics: JsonRecord;
}

/** A data set that was opened. */
export interface Dataset extends DatasetDescription {
  readonly path: string;
  /** The splits that exist. */
  readonly splits: Readonly<Partial<Record<SplitName, DatasetSplit>>>;
}

/** Writes a data set row by row. */
export interface DatasetWriter {
  /** Adds a row to a split. Throws when the label is negative or no whole number. */
  write(split: SplitName, row: DatasetRow): void;
  /** Writes `dataset.json`. A split that got no row does not exist unless `splits` names it. */
  finish(description: DatasetDescription, splits?: readonly SplitName[]): Promise<Dataset>;
  /** Closes the files of a data set that is given up. */
  abort(): void;
}

const formatVersion = 1;

/** Text is written in pieces of this many characters. */
const writeBuffer = 1 << 20;

/** Reads `dataset.json`. A folder that holds no data set is a `UserError`. */
export async function openDataset(path: string): Promise<Dataset> {
  const fields = await readJsonFile(join(path, 'dataset.json'));
  if (fields.integer('version') !== formatVersion) throw fields.wrong('version', String(formatVersion));
  const splitFields = fields.fields('splits');
  const splits: Partial<Record<SplitName, DatasetSplit>> = {};
  for (const split of splitNames) {
    if (splitFields.raw(split) === undefined) continue;
    const one = splitFields.fields(split);
    const counts = one.raw('label_counts');
    splits[split] = { rows: one.integer('rows'), ...(isCounts(counts) ? { labelCounts: counts } : {}) };
  }
  return {
    path,
    labels: fields.stringsOrNull('labels'),
    columns: fields.strings('columns'),
    pairs: fields.boolean('pairs', false),
    statistics: fields.record('statistics'),
    splits,
  };
}

/** The rows of a split, in order, read as a stream. A split that does not exist is a `UserError`. */
export async function* readRows(
  dataset: Dataset,
  split: SplitName,
): AsyncGenerator<DatasetRow, void, undefined> {
  if (dataset.splits[split] === undefined) {
    throw missingSplit('data set', split, Object.keys(dataset.splits));
  }
  const file = join(dataset.path, `${split}.jsonl`);
  let line = 0;
  for await (const text of readLines(file)) {
    line++;
    yield parseRow(text, file, line);
  }
}

/** Starts a data set in an empty folder. */
export function createDatasetWriter(path: string): DatasetWriter {
  return new FileDatasetWriter(path);
}

/** The error for a split that an artifact does not have. */
export function missingSplit(what: string, split: string, existing: readonly string[]): UserError {
  return new UserError({
    code: 'data/no-split',
    message: `the ${what} has no split '${split}'`,
    found: existing.length > 0 ? existing.join(', ') : 'no split at all',
    help: 'Name the split in the settings of the load-dataset stage (split: or a file per split).',
  });
}

/** The lines of a UTF-8 file, without their ends; an empty last line is left out. */
export async function* readLines(file: string): AsyncGenerator<string, void, undefined> {
  let rest: Buffer[] = [];
  const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: 1 << 18 });
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10, start); end !== -1; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      if (rest.length === 0) yield piece.toString('utf8');
      else {
        yield Buffer.concat([...rest, piece]).toString('utf8');
        rest = [];
      }
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8');
}

/** Appends lines to a file through a buffer. */
export class LineWriter {
  #descriptor: number | undefined;
  #pending: string[] = [];
  #size = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'w');
  }

  write(line: string): void {
    this.#pending.push(line);
    this.#size += line.length;
    if (this.#size >= writeBuffer) this.#flush();
  }

  /** Writes what is left and closes the file. */
  close(): void {
    try {
      this.#flush();
    } finally {
      this.abandon();
    }
  }

  /** Closes the file without writing what is left. Does nothing when the file is closed. */
  abandon(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const descriptor = this.#descriptor;
    if (descriptor === undefined) throw new Error('the file is closed');
    const bytes = Buffer.from(`${this.#pending.join('\n')}\n`, 'utf8');
    this.#pending = [];
    this.#size = 0;
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
  }
}

class FileDatasetWriter implements DatasetWriter {
  readonly #path: string;
  readonly #splits = new Map<SplitName, { file: LineWriter; rows: number; labelCounts: number[] }>();

  constructor(path: string) {
    this.#path = path;
  }

  write(split: SplitName, row: DatasetRow): void {
    const state = this.#split(split);
    if (row.label !== undefined) {
      if (!Number.isSafeInteger(row.label) || row.label < 0)
        throw new Error(`${row.label} is no label index`);
      state.labelCounts[row.label] = (state.labelCounts[row.label] ?? 0) + 1;
    }
    state.rows++;
    state.file.write(
      JSON.stringify({
        id: row.id,
        text: row.text,
        text_pair: row.textPair,
        label: row.label,
        columns: row.columns === undefined || Object.keys(row.columns).length === 0 ? undefined : row.columns,
      }),
    );
  }

  async finish(description: DatasetDescription, splits: readonly SplitName[] = []): Promise<Dataset> {
    for (const split of splits) this.#split(split);
    for (const state of this.#splits.values()) state.file.close();
    const { labels } = description;
    const summaries: Partial<Record<SplitName, DatasetSplit>> = {};
    for (const name of splitNames) {
      const state = this.#splits.get(name);
      if (state === undefined) continue;
      if (state.labelCounts.length > (labels?.length ?? 0))
        throw new Error('a row has a label without a name');
      summaries[name] = {
        rows: state.rows,
        ...(labels === null ? {} : { labelCounts: labels.map((_, index) => state.labelCounts[index] ?? 0) }),
      };
    }
    await writeFile(join(this.#path, 'dataset.json'), formatJson(describe(description, summaries)));
    return { ...description, path: this.#path, splits: summaries };
  }

  abort(): void {
    for (const state of this.#splits.values()) state.file.abandon();
  }

  #split(name: SplitName): { file: LineWriter; rows: number; labelCounts: number[] } {
    const existing = this.#splits.get(name);
    if (existing !== undefined) return existing;
    const created = { file: new LineWriter(join(this.#path, `${name}.jsonl`)), rows: 0, labelCounts: [] };
    this.#splits.set(name, created);
    return created;
  }
}

function describe(
  description: DatasetDescription,
  splits: Readonly<Partial<Record<SplitName, DatasetSplit>>>,
): object {
  return {
    version: formatVersion,
    labels: description.labels,
    columns: description.columns,
    pairs: description.pairs,
    splits: Object.fromEntries(
      Object.entries(splits).map(([name, { rows, labelCounts }]) => [
        name,
        { rows, label_counts: labelCounts },
      ]),
    ),
    statistics: description.statistics,
  };
}

function parseRow(text: string, file: string, line: number): DatasetRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw brokenRow(file, line);
  }
  if (!isObject(value)) throw brokenRow(file, line);
  const { id, text: rowText, text_pair: textPair, label, columns }: Record<string, unknown> = { ...value };
  if (typeof id !== 'string' || typeof rowText !== 'string') throw brokenRow(file, line);
  return {
    id,
    text: rowText,
    ...(typeof textPair === 'string' ? { textPair } : {}),
    ...(typeof label === 'number' ? { label } : {}),
    ...(isColumns(columns) ? { columns } : {}),
  };
}

function brokenRow(file: string, line: number): UserError {
  return new UserError({
    code: 'data/row',
    message: `${file}:${line} is not a row of a data set`,
    expected: 'a JSON object with the texts "id" and "text"',
    file,
    line,
  });
}

function isColumns(value: unknown): value is Readonly<Record<string, ColumnValue>> {
  return isObject(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count));
}
