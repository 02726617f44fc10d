/** A look at data that nobody has described yet: its format, its columns, and what stands in them. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { SplitName } from '../artifacts/kinds.js';
import { UserError } from '../artifacts/user-error.js';
import { asText } from './column-mapping.js';
import { formatOf, readSource, type SourceFormat, type SourceOptions } from './read-source.js';

/** How a source is to be read, as far as that is not what its extension says. */
export interface SourceShape {
  readonly path: string;
  readonly format: SourceFormat;
  /** csv and tsv: the first row is a row like the others. */
  readonly header?: false;
  readonly delimiter?: string;
}

/** What stands in a column. */
export interface ColumnSurvey {
  readonly name: string;
  /** Rows in which it is empty. */
  readonly empty: number;
  /** How often each value occurs, the commonest first; absent when there are more than `mostValues`. */
  readonly values?: readonly (readonly [string, number])[];
  /** Characters of the values that are not empty. */
  readonly meanLength: number;
  /** All values that are not empty are numbers. */
  readonly isNumeric: boolean;
  /** Values of the first rows, for a tokenizer to measure. */
  readonly sample: readonly string[];
}

/** What was found in a source. */
export interface SourceSurvey {
  readonly shape: SourceShape;
  /** Rows that were read; all of them unless there are more than `mostRows`. */
  readonly rows: number;
  readonly isComplete: boolean;
  /** Rows that cannot be read. */
  readonly broken: number;
  readonly columns: readonly ColumnSurvey[];
}

/** A column of more different values names no labels. */
export const mostValues = 300;
/** Rows of a large file that are looked at. */
const mostRows = 200_000;
/** Values of a column that are kept. */
const sampleSize = 1000;
/** Longer names are no names but texts: the file has no header. */
const longestName = 64;

/** Looks at a file or folder. Throws a `UserError` when it is none that can be read, or has no rows. */
export async function surveySource(path: string): Promise<SourceSurvey> {
  const shape = await shapeOf(path);
  const columns = new Map<string, ColumnCounter>();
  let rows = 0;
  let broken = 0;
  let isComplete = true;
  for await (const item of readSource(optionsOf(shape))) {
    if (rows >= mostRows) {
      isComplete = false;
      break;
    }
    if (item.kind === 'broken') {
      broken++;
      continue;
    }
    for (const [name, value] of Object.entries(item.values)) {
      const counter = columns.get(name) ?? new ColumnCounter(name);
      columns.set(name, counter);
      counter.add(asText(value));
    }
    rows++;
  }
  if (rows === 0) {
    throw new UserError({
      code: 'data/empty',
      message: 'There are no rows in this data',
      found: broken === 0 ? 'nothing, or no more than a header' : `${broken} rows that cannot be read`,
      file: path,
    });
  }
  return {
    shape,
    rows,
    isComplete,
    broken,
    columns: [...columns.values()].map((column) => column.survey(rows)),
  };
}

/** Names of files that hold the other splits of a data set. */
const splitWords: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev', 'development'],
  test: ['test', 'testing', 'eval', 'heldout'],
};

/** Where a file is named for training, the files of the other splits beside it; nothing otherwise. */
export async function siblingSplits(path: string): Promise<Readonly<Partial<Record<SplitName, string>>>> {
  const name = basename(path);
  const word = splitWords.train.find((candidate) => wordPattern(candidate).test(name));
  if (word === undefined) return {};
  const siblings = await readdir(dirname(path));
  const found: Partial<Record<SplitName, string>> = { train: path };
  for (const split of ['validation', 'test'] as const) {
    const names = splitWords[split].map((other) => name.replace(wordPattern(word), `$1${other}$2`));
    const sibling = siblings.find((candidate) => names.includes(candidate));
    if (sibling !== undefined) found[split] = join(dirname(path), sibling);
  }
  return found.validation === undefined && found.test === undefined ? {} : found;
}

/** The word alone: `train.tsv`, `my-train_1.csv`, not `training.csv` or `trains.csv`. */
function wordPattern(word: string): RegExp {
  return new RegExp(`(^|[^a-z])${word}([^a-z]|$)`, 'i');
}

/** What a reader needs to know. */
function optionsOf({ path, format, header, delimiter }: SourceShape): SourceOptions {
  return {
    path,
    format,
    ...(header === undefined ? {} : { header }),
    ...(delimiter === undefined ? {} : { delimiter }),
  };
}

async function shapeOf(path: string): Promise<SourceShape> {
  const format = await formatOf(path);
  if (format === 'folder') return { path, format: (await holdsMails(path)) ? 'email' : 'folder' };
  if (format !== 'csv' && format !== 'tsv') return { path, format };
  const first = await firstLine(path);
  const delimiters = format === 'csv' ? [',', ';', '\t', '|'] : ['\t'];
  const delimiter = delimiters.toSorted((a, b) => first.split(b).length - first.split(a).length)[0] ?? ',';
  const names = first.split(delimiter).map((name) => name.trim().replaceAll(/^"|"$/g, ''));
  // Spreadsheets and data frames leave the first column's name empty.
  const written = names[0] === '' && names.length > 2 ? names.slice(1) : names;
  const looksLikeNames = written.every(
    (name) => name !== '' && name.length <= longestName && Number.isNaN(Number(name)),
  );
  const isHeader = looksLikeNames && new Set(names).size === names.length;
  return {
    path,
    format,
    ...(isHeader ? {} : { header: false }),
    ...(delimiter === (format === 'csv' ? ',' : '\t') ? {} : { delimiter }),
  };
}

async function firstLine(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(65_536) });
    const text = buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, '');
    return text.split(/\r?\n/, 1)[0] ?? '';
  } finally {
    await file.close();
  }
}

async function holdsMails(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  for (const name of names.slice(0, 20)) {
    const path = join(folder, name);
    const files = (await stat(path)).isDirectory() ? await readdir(path) : [name];
    if (files.some((file) => extname(file).toLowerCase() === '.eml')) return true;
  }
  return false;
}

class ColumnCounter {
  #values: Map<string, number> | undefined = new Map();
  #filled = 0;
  #length = 0;
  #isNumeric = true;
  readonly #sample: string[] = [];

  constructor(readonly name: string) {}

  add(value: string): void {
    const text = value.trim();
    if (text === '') return;
    this.#filled++;
    this.#length += text.length;
    if (this.#isNumeric) this.#isNumeric = Number.isFinite(Number(text));
    if (this.#sample.length < sampleSize) this.#sample.push(value);
    if (this.#values === undefined) return;
    this.#values.set(text, (this.#values.get(text) ?? 0) + 1);
    if (this.#values.size > mostValues) this.#values = undefined;
  }

  survey(rows: number): ColumnSurvey {
    const values = this.#values && [...this.#values].sort(([, a], [, b]) => b - a);
    return {
      name: this.name,
      empty: rows - this.#filled,
      ...(values === undefined ? {} : { values }),
      meanLength: this.#filled === 0 ? 0 : this.#length / this.#filled,
      isNumeric: this.#filled > 0 && this.#isNumeric,
      sample: this.#sample,
    };
  }
}
