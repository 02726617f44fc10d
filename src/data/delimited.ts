/** Rows of delimited text: CSV (RFC 4180) and TSV, as a stream. */
import { UserError } from '../artifacts/user-error.js';
import { brokenRow, excerpt, type SourceItem } from './source-row.js';
import { invalidByteProblem } from './text-decoding.js';

/** How delimited text is read. */
export interface DelimitedOptions {
  /** The file's name, for messages. */
  readonly file: string;
  /** One character. */
  readonly delimiter: string;
  /** Fields may stand in double quotes, with delimiters, line breaks and doubled quotes inside. */
  readonly quotes: boolean;
  /** The first row holds the names of the columns. */
  readonly header: boolean;
  /** Names of the columns, in place of the header's; without both they are called `1`, `2`, ... */
  readonly columns?: readonly string[];
}

/** A quoted field that goes on for longer was probably never closed. */
const longestField = 1 << 24;

/** Reads rows from pieces of text. Empty lines are passed over; values are texts. */
export async function* readDelimited(
  pieces: AsyncIterable<string>,
  options: DelimitedOptions,
): AsyncGenerator<SourceItem, void, undefined> {
  const { file } = options;
  let names = options.columns;
  let headerIsDue = options.header;
  let namesLine: number | undefined;
  let row = 0;
  for await (const record of splitRecords(pieces, options)) {
    const { fields, line } = record;
    if (fields.length === 1 && fields[0] === '' && record.problem === undefined) continue;
    if (headerIsDue) {
      headerIsDue = false;
      if (record.problem !== undefined) throw headerError(record.problem, file, line);
      names ??= checkHeader(fields, file, line);
      namesLine = line;
      continue;
    }
    row++;
    if (record.problem !== undefined) {
      yield brokenRow(file, { row, line }, record.problem);
      continue;
    }
    names ??= fields.map((_, index) => String(index + 1));
    const problem =
      fields.length === names.length
        ? invalidByteProblem(fields.join(' '))
        : {
            message: `it has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}, not ${names.length}`,
            found: excerpt(fields.join(options.delimiter === '\t' ? ' ⇥ ' : ` ${options.delimiter} `)),
            expected: names.join(', '),
            help: fieldCountHelp(options),
          };
    if (problem !== undefined) {
      yield brokenRow(file, { row, line }, problem);
      continue;
    }
    const values = Object.fromEntries(names.map((name, index) => [name, fields[index] ?? '']));
    yield { kind: 'row', row, line, ...(namesLine === undefined ? {} : { namesLine }), values };
  }
}

interface FieldRecord {
  readonly fields: readonly string[];
  /** The line it begins in. */
  readonly line: number;
  readonly problem?: { readonly message: string; readonly found: string; readonly help: string };
}

const quote = 34;
const lineFeed = 10;
const carriageReturn = 13;

async function* splitRecords(
  pieces: AsyncIterable<string>,
  options: DelimitedOptions,
): AsyncGenerator<FieldRecord, void, undefined> {
  const delimiter = options.delimiter.charCodeAt(0);
  let state: 'start' | 'plain' | 'quoted' | 'closed' | 'lost' = 'start';
  let fields: string[] = [];
  let field = '';
  let line = 1;
  let recordLine = 1;
  let quoteLine = 1;
  let problem: FieldRecord['problem'];
  let afterReturn = false;

  const endRecord = (): FieldRecord => {
    fields.push(field);
    const record = { fields, line: recordLine, ...(problem === undefined ? {} : { problem }) };
    fields = [];
    field = '';
    problem = undefined;
    state = 'start';
    return record;
  };

  for await (const text of pieces) {
    let index = 0;
    // The second half of a line end that the last piece ended within.
    if (afterReturn && text.charCodeAt(0) === lineFeed) index = 1;
    afterReturn = false;
    while (index < text.length) {
      if (state === 'quoted') {
        const end = text.indexOf('"', index);
        const part = text.slice(index, end === -1 ? text.length : end);
        line += countLines(part);
        field += part;
        if (field.length > longestField) throw unclosedQuote(options.file, quoteLine);
        if (end === -1) break;
        index = end + 1;
        state = 'closed';
        continue;
      }
      const code = text.charCodeAt(index);
      if (code === lineFeed || code === carriageReturn) {
        index++;
        if (code === carriageReturn) {
          if (index === text.length) afterReturn = true;
          else if (text.charCodeAt(index) === lineFeed) index++;
        }
        yield endRecord();
        line++;
        recordLine = line;
        continue;
      }
      if (state === 'lost') {
        index++;
        continue;
      }
      if (code === delimiter) {
        fields.push(field);
        field = '';
        state = 'start';
        index++;
        continue;
      }
      if (code === quote && options.quotes && state === 'start') {
        state = 'quoted';
        quoteLine = line;
        index++;
        continue;
      }
      if (state === 'closed') {
        if (code === quote) {
          field += '"';
          state = 'quoted';
        } else {
          problem = {
            message: 'there is text after the closing quote of a field',
            found: excerpt(`"${field}"${text.slice(index, index + 20)}`),
            help: 'Double a quote that belongs to a quoted field (""), or set quotes: false.',
          };
          state = 'lost';
        }
        index++;
        continue;
      }
      const start = index;
      for (index++; index < text.length; index++) {
        const next = text.charCodeAt(index);
        if (next === delimiter || next === lineFeed || next === carriageReturn) break;
      }
      field += text.slice(start, index);
      state = 'plain';
    }
  }
  if (state === 'quoted') throw unclosedQuote(options.file, quoteLine);
  if (state !== 'start' || field !== '' || fields.length > 0) yield endRecord();
}

/** Line ends inside a quoted field: LF, CR LF, or CR alone where there is no LF. */
function countLines(text: string): number {
  let count = 0;
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) count++;
  return count;
}

function checkHeader(fields: readonly string[], file: string, line: number): readonly string[] {
  const problem = invalidByteProblem(fields.join(' '));
  if (problem !== undefined) throw headerError(problem, file, line);
  const names = fields.map((name) => name.trim());
  const repeated = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw headerError(
      { message: `the column "${repeated}" stands there twice`, found: names.join(', ') },
      file,
      line,
    );
  }
  // Spreadsheets and data frames leave the first column's name empty.
  return names.map((name, index) => (name === '' ? String(index + 1) : name));
}

function headerError(
  problem: { readonly message: string; readonly found?: string; readonly help?: string },
  file: string,
  line: number,
): UserError {
  return new UserError({
    code: 'data/header',
    ...problem,
    message: `The header is broken: ${problem.message}`,
    file,
    line,
  });
}

function unclosedQuote(file: string, line: number): UserError {
  return new UserError({
    code: 'data/unclosed-quote',
    message: 'A quote is opened here and never closed',
    file,
    line,
    help: 'Close it, double it if it belongs to the text (""), or set quotes: false if quotes have no meaning in this file.',
  });
}

function fieldCountHelp(options: DelimitedOptions): string {
  const quoting = options.quotes
    ? `Quote fields that contain ${options.delimiter === '\t' ? 'tabs' : `"${options.delimiter}"`} or line breaks`
    : 'If fields stand in double quotes, set quotes: true';
  return `${quoting}; to leave such rows out, set broken_rows: skip.`;
}
