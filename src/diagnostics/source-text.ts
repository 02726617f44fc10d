/** A place in a file that the user wrote; line and column count from 1, offsets from 0 in UTF-16 units. */
export interface SourceLocation {
  /** Absolute path, or `<command line>`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly offset: number;
  readonly length: number;
}

/** One line of a code frame; long lines are cut to the neighbourhood of what they are shown for. */
export interface ExcerptLine {
  /** Counts from 1. */
  readonly line: number;
  /** The column of the first character of `text`; greater than 1 when the line was cut at its start. */
  readonly startColumn: number;
  readonly text: string;
  /** The line goes on after `text`. */
  readonly cutAtEnd: boolean;
}

/** A location with the lines around it, so that a diagnostic can be shown when the file has changed since. */
export interface ExcerptedLocation extends SourceLocation {
  readonly excerpt: readonly ExcerptLine[];
}

/** Lines shown before the line of the mistake. */
const contextLines = 1;
/** A range over many lines is marked on the first of them only up to this number. */
const maximumRangeLines = 3;
/** A longer line is cut around the range. */
const maximumLineLength = 160;
/** Characters kept before the range when a line is cut. */
const keptBeforeRange = 40;

/** The text of a file, with the way from offsets to lines and columns. */
export class SourceText {
  readonly #lineStarts: readonly number[];

  constructor(
    /** Absolute path, or a name in angle brackets. */
    readonly file: string,
    readonly text: string,
    /** The folder that relative paths written in this text start from. */
    readonly folder: string,
  ) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
  }

  /** The location of the half-open range of offsets. */
  location(start: number, end: number): SourceLocation {
    const offset = Math.max(0, Math.min(start, this.text.length));
    const line = this.#lineAt(offset);
    return {
      file: this.file,
      line: line + 1,
      column: offset - this.#lineStart(line) + 1,
      offset,
      length: Math.max(0, Math.min(end, this.text.length) - offset),
    };
  }

  /** The location with the lines around it. */
  excerpt(start: number, end: number): ExcerptedLocation {
    const location = this.location(start, end);
    const first = location.line - 1;
    const lastOffset = Math.max(location.offset, location.offset + location.length - 1);
    const last = Math.min(this.#lineAt(lastOffset), first + maximumRangeLines - 1);
    const excerpt: ExcerptLine[] = [];
    for (let line = Math.max(0, first - contextLines); line <= last; line++) {
      excerpt.push(this.#excerptLine(line, line === first ? location.column - 1 : 0));
    }
    return { ...location, excerpt };
  }

  /** The location of a line and column that count from 1, as compilers report them. */
  excerptAt(line: number, column: number, length: number): ExcerptedLocation {
    const start = this.#lineStart(Math.min(line, this.#lineStarts.length) - 1) + column - 1;
    return this.excerpt(start, start + length);
  }

  #lineStart(line: number): number {
    return this.#lineStarts[line] ?? this.text.length;
  }

  #lineAt(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStart(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #excerptLine(line: number, focus: number): ExcerptLine {
    const start = this.#lineStart(line);
    const next = this.#lineStarts[line + 1];
    const full = this.text.slice(start, next === undefined ? this.text.length : next - 1).replace(/\r$/, '');
    const from = full.length <= maximumLineLength ? 0 : Math.max(0, focus - keptBeforeRange);
    const text = full.slice(from, from + maximumLineLength);
    return { line: line + 1, startColumn: from + 1, text, cutAtEnd: from + text.length < full.length };
  }
}
