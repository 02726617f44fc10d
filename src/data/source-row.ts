/** What the readers of this folder give: rows of named values, and rows that could not be read. */
import type { CodedDetails, UserErrorDetails } from '../artifacts/user-error.js';

/** A value of a row. Dates are ISO texts, nested values JSON texts. */
export type SourceValue = string | number | boolean | null;

/** A row that was read. */
export interface SourceRow {
  readonly kind: 'row';
  /** From 1, header not counted, broken rows counted. */
  readonly row: number;
  /** Line of the file that the row begins in, from 1; absent for formats without lines. */
  readonly line?: number;
  /** Line of the file that names the columns; absent where every row does, or none. */
  readonly namesLine?: number;
  readonly values: Readonly<Record<string, SourceValue>>;
}

/** A row that could not be read. */
export interface BrokenRow {
  readonly kind: 'broken';
  readonly row: number;
  /** What is wrong with it, as the user will read it. */
  readonly problem: CodedDetails;
}

/** One step of a reader. */
export type SourceItem = SourceRow | BrokenRow;

/** Makes a broken row; the message gets file, row and line. */
export function brokenRow(
  file: string,
  position: { readonly row: number; readonly line?: number | undefined },
  problem: Pick<UserErrorDetails, 'message' | 'found' | 'expected' | 'help'>,
): BrokenRow {
  return {
    kind: 'broken',
    row: position.row,
    problem: {
      code: 'data/broken-row',
      ...problem,
      message: `Row ${position.row} is broken: ${problem.message}`,
      file,
      ...(position.line === undefined ? {} : { line: position.line }),
    },
  };
}

/** The beginning of a text, for messages. */
export function excerpt(text: string, length = 80): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= length ? line : `${line.slice(0, length)}…`;
}
