/** Opens a source of rows by its format. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { asText } from './column-mapping.js';
import { readDelimited } from './delimited.js';
import { readJsonLines } from './json-lines.js';
import { readParquet } from './parquet.js';
import { brokenRow, type SourceItem, type SourceValue } from './source-row.js';
import { explainFileError, readText, type TextEncoding } from './text-decoding.js';
import { readTextFolder } from './text-folder.js';
import { readTextLines } from './text-lines.js';

/** How the rows of a source are written. `lines`: one text a line; `folder`: one text a file; `email`: one mail a file. */
export type SourceFormat = 'csv' | 'tsv' | 'jsonl' | 'parquet' | 'lines' | 'folder' | 'email';

/** A source of rows. */
export interface SourceOptions {
  /** A file, or a folder for `folder` and `email`. */
  readonly path: string;
  readonly format: SourceFormat;
  readonly encoding?: TextEncoding;
  /** csv and tsv: the first row names the columns. Default true. */
  readonly header?: boolean;
  /** csv and tsv: names of the columns. */
  readonly columns?: readonly string[];
  /** csv and tsv: fields may be quoted. Default: true for csv, false for tsv. */
  readonly quotes?: boolean;
  /** csv and tsv: the character between fields. */
  readonly delimiter?: string;
  /** folder and email: patterns of files to read and to leave out. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** folder and email: a csv, tsv or jsonl file with a column `file` whose other columns are added to the rows. */
  readonly sideFile?: string;
  /** parquet: the columns that are needed; all of them without it. */
  readonly needed?: readonly string[];
}

/** The format that a path's extension stands for. Throws a UserError when it is none of them. */
export async function formatOf(path: string): Promise<SourceFormat> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    throw explainFileError(path, error);
  }
  if (isFolder) return 'folder';
  const extension = extname(path).toLowerCase();
  const format = formats[extension];
  if (format !== undefined) return format;
  throw new UserError({
    code: 'data/format',
    message: 'The format of this file is not clear from its name',
    found: extension === '' ? 'no extension' : extension,
    expected: Object.keys(formats).join(', '),
    file: path,
    help: 'Give it such an extension, or name the format in the recipe: format: csv | tsv | jsonl | parquet | lines.',
  });
}

const formats: Readonly<Record<string, SourceFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.parquet': 'parquet',
  '.txt': 'lines',
};

/** The rows of a source, read as a stream. */
export async function* readSource(options: SourceOptions): AsyncGenerator<SourceItem, void, undefined> {
  const { path: file, format, encoding } = options;
  const isFolder = await pathIsFolder(file);
  if (isFolder !== (format === 'folder' || format === 'email')) {
    throw new UserError({
      code: 'data/format',
      message: isFolder
        ? `A ${format} source is a file, and this is a folder`
        : `A ${format} source is a folder, and this is a file`,
      file,
      help: isFolder
        ? 'Name the file, or set format: folder.'
        : 'Name the folder, or set the format of the file.',
    });
  }
  switch (format) {
    case 'csv':
    case 'tsv':
      yield* readDelimited(readText(file, encoding), {
        file,
        delimiter: options.delimiter ?? (format === 'csv' ? ',' : '\t'),
        quotes: options.quotes ?? format === 'csv',
        header: options.header ?? true,
        ...(options.columns === undefined ? {} : { columns: options.columns }),
      });
      return;
    case 'jsonl':
      yield* readJsonLines(readText(file, encoding), { file });
      return;
    case 'lines':
      yield* readTextLines(readText(file, encoding), { file });
      return;
    case 'parquet':
      yield* readParquet(file, options.needed === undefined ? {} : { columns: options.needed });
      return;
    case 'folder':
    case 'email':
      yield* readFolder(options);
  }
}

async function* readFolder(options: SourceOptions): AsyncGenerator<SourceItem, void, undefined> {
  const side =
    options.sideFile === undefined ? undefined : await readSideFile(options.sideFile, options.encoding);
  const items = readTextFolder(options.path, {
    content: options.format === 'email' ? 'email' : 'text',
    ...(options.include === undefined ? {} : { include: options.include }),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
  });
  for await (const item of items) {
    if (side === undefined || item.kind === 'broken') {
      yield item;
      continue;
    }
    const file = asText(item.values.file);
    const values = side.get(file);
    if (values !== undefined) yield { ...item, values: { ...values, ...item.values } };
    else {
      yield brokenRow(`${options.path}/${file}`, item, {
        message: 'the side file says nothing about it',
        found: `no row with file "${file}" in ${options.sideFile}`,
        help: 'Add it there, leave the file out with exclude, or set broken_rows: skip.',
      });
    }
  }
}

async function readSideFile(
  path: string,
  encoding: TextEncoding | undefined,
): Promise<ReadonlyMap<string, Readonly<Record<string, SourceValue>>>> {
  const rows = new Map<string, Readonly<Record<string, SourceValue>>>();
  const format = await formatOf(path);
  for await (const item of readSource({ path, format, ...(encoding === undefined ? {} : { encoding }) })) {
    if (item.kind === 'broken') throw new UserError(item.problem);
    const file = item.values.file;
    if (typeof file !== 'string') {
      throw new UserError({
        code: 'data/side-file',
        message: 'The side file has no column "file"',
        found: Object.keys(item.values).join(', '),
        expected: 'a column "file" with paths inside the folder, and columns such as "label"',
        file: path,
      });
    }
    rows.set(file, item.values);
  }
  return rows;
}

async function pathIsFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw explainFileError(path, error);
  }
}
