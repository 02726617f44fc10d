/** Tables for the terminal. */
import { displayWidth, padEnd, padStart, truncate, wrap } from './terminal-text.js';

/** How a table is drawn. */
export interface TableOptions {
  /** Columns of the terminal; the last column is broken or cut so that no row is wider. */
  readonly width: number;
  /** Blanks in front of every row. Default 0. */
  readonly indent?: number;
  /** What happens to a last cell that does not fit. Default `wrap`. */
  readonly overflow?: 'wrap' | 'truncate';
  /** Columns, from 0, whose cells are set flush right. */
  readonly right?: readonly number[];
  /** Colours a cell after it was cut and filled up. */
  readonly paint?: (cell: string, row: number, column: number) => string;
}

/** The narrowest that the last column may become before rows are allowed to be wider than the terminal. */
const narrowestLastColumn = 20;

/**
 * Lays rows of plain cells out in columns, two blanks apart. Cells must be free of control characters.
 *
 * Gives the lines without trailing blanks.
 */
export function formatTable(rows: readonly (readonly string[])[], options: TableOptions): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => displayWidth(row[column] ?? ''))),
  );
  const indent = options.indent ?? 0;
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, indent);
  const room = Math.max(narrowestLastColumn, options.width - before);
  const paint = options.paint ?? ((cell: string) => cell);
  const lines: string[] = [];
  rows.forEach((row, rowIndex) => {
    const last = row[columns - 1] ?? '';
    const parts =
      displayWidth(last) <= room
        ? [last]
        : options.overflow === 'truncate'
          ? [truncate(last, room)]
          : wrap(last, room);
    (parts.length === 0 ? [''] : parts).forEach((part, partIndex) => {
      const cells = widths.map((width, column) => {
        const isLast = column === columns - 1;
        const text = isLast ? part : partIndex === 0 ? (row[column] ?? '') : '';
        const right = options.right?.includes(column) ?? false;
        const filled = right
          ? padStart(text, isLast ? Math.min(width, room) : width)
          : isLast
            ? text
            : padEnd(text, width);
        return paint(filled, rowIndex, column);
      });
      lines.push((' '.repeat(indent) + cells.join('  ')).trimEnd());
    });
  });
  return lines;
}
