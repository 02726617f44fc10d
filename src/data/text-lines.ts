/** Plain text with one example a line. */
import { UserError } from '../artifacts/user-error.js';
import { brokenRow, type SourceItem } from './source-row.js';
import { invalidByteProblem } from './text-decoding.js';

/** A longer line is a file of another format. */
const longestLine = 1 << 27;

/** Reads one row a line, with the column `text`. Empty lines are passed over. */
export async function* readTextLines(
  pieces: AsyncIterable<string>,
  options: { readonly file: string },
): AsyncGenerator<SourceItem, void, undefined> {
  const { file } = options;
  let row = 0;
  for await (const { text, line } of splitLines(pieces, file)) {
    if (text.trim() === '') continue;
    row++;
    const problem = invalidByteProblem(text);
    if (problem !== undefined) yield brokenRow(file, { row, line }, problem);
    else yield { kind: 'row', row, line, values: { text } };
  }
}

/** The lines of a text, without their ends (LF or CR LF), with their numbers from 1. */
export async function* splitLines(
  pieces: AsyncIterable<string>,
  file: string,
): AsyncGenerator<{ readonly text: string; readonly line: number }, void, undefined> {
  let line = 0;
  let open: string[] = [];
  let openLength = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', start)) {
      open.push(piece.slice(start, end));
      line++;
      yield { text: withoutReturn(open.length === 1 ? (open[0] ?? '') : open.join('')), line };
      open = [];
      openLength = 0;
      start = end + 1;
    }
    if (start < piece.length) {
      open.push(piece.slice(start));
      openLength += piece.length - start;
      if (openLength > longestLine) {
        throw new UserError({
          code: 'data/line-too-long',
          message: `A line is longer than ${longestLine >> 20} million characters`,
          file,
          line: line + 1,
          help: 'Is this a file of another format? Name it with format.',
        });
      }
    }
  }
  if (open.length > 0) yield { text: withoutReturn(open.join('')), line: line + 1 };
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
