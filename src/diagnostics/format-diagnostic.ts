/** Diagnostics as text for people. */
import type { Diagnostic } from './diagnostic.js';
import { displayWidth, printable } from './printable-text.js';
import { shortPath, withShortPaths } from './short-path.js';
import type { ExcerptedLocation, ExcerptLine, SourceLocation } from './source-text.js';

/** How diagnostics are written out. */
export interface FormatOptions {
  /** Paths are shown relative to this folder; default: absolute. */
  readonly folder?: string;
  /** Paints parts of the text; default: no colours. */
  readonly paint?: Paint;
  /** After this number only a count follows; default 20. */
  readonly limit?: number;
}

/** Colours by role, so that this module needs no terminal library. */
interface Paint {
  error(text: string): string;
  warning(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
  help(text: string): string;
}

/** All of them, a blank line between two, with a last line that counts them. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], options: FormatOptions = {}): string {
  const limit = options.limit ?? defaultLimit;
  const shown = diagnostics.slice(0, limit).map((diagnostic) => formatDiagnostic(diagnostic, options));
  const hidden = diagnostics.length - shown.length;
  if (hidden > 0) shown.push(`and ${hidden} more\n`);
  return shown.join('\n');
}

/** One diagnostic: where, what, the code frame, found and expected, help, related places. Ends with a newline. */
export function formatDiagnostic(diagnostic: Diagnostic, options: FormatOptions = {}): string {
  const paint = options.paint ?? noPaint;
  const severity = paint[diagnostic.severity](diagnostic.severity);
  const where = diagnostic.location ? `${paint.strong(place(diagnostic.location, options))}: ` : '';
  const code = paint.faint(`[${diagnostic.code}]`);
  const words = (text: string): string =>
    printable(options.folder === undefined ? text : withShortPaths(text, options.folder));
  const lines = [`${where}${severity}: ${paint.strong(words(diagnostic.message))} ${code}`];
  if (diagnostic.location) lines.push(...frame(diagnostic.location, '^', paint[diagnostic.severity], paint));
  const facts: [string, string | undefined][] = [
    ['found', diagnostic.found],
    ['expected', diagnostic.expected],
    ['help', diagnostic.help],
  ];
  for (const [name, text] of facts) {
    if (text !== undefined) lines.push(`  ${paint.help(`${name}:`.padEnd(9))} ${words(text)}`);
  }
  for (const { location, message } of diagnostic.related) {
    lines.push(`  ${paint.strong(place(location, options))}: ${words(message)}`);
    lines.push(...frame(location, '-', paint.help, paint));
  }
  return `${lines.join('\n')}\n`;
}

/** `recipes/spam.yaml:12:7`, relative to the folder. */
function formatLocation(location: SourceLocation, folder?: string): string {
  const file = folder === undefined ? location.file : shortPath(location.file, folder);
  return `${printable(file)}:${location.line}:${location.column}`;
}

const defaultLimit = 20;
const tab = '    ';
const same = (text: string): string => text;
const noPaint: Paint = { error: same, warning: same, strong: same, faint: same, help: same };

function place(location: SourceLocation, options: FormatOptions): string {
  return formatLocation(location, options.folder);
}

function frame(
  location: ExcerptedLocation,
  mark: string,
  paintMark: (text: string) => string,
  paint: Paint,
): string[] {
  const gutter = Math.max(3, ...location.excerpt.map(({ line }) => String(line).length));
  const lines: string[] = [];
  let left = location.length;
  for (const excerpt of location.excerpt) {
    const before = excerpt.startColumn > 1 ? '…' : '';
    const after = excerpt.cutAtEnd ? '…' : '';
    const text = `${before}${printable(excerpt.text, tab)}${after}`;
    lines.push(`${paint.faint(`${String(excerpt.line).padStart(gutter)} |`)} ${text}`.trimEnd());
    if (excerpt.line < location.line) continue;
    const start = excerpt.line === location.line ? location.column - excerpt.startColumn : indentOf(excerpt);
    const end = Math.min(
      excerpt.text.length,
      start + Math.max(1, left - (excerpt.line === location.line ? 0 : start)),
    );
    left -= excerpt.text.length - (excerpt.line === location.line ? start : 0) + 1;
    const blank = displayWidth(before + printable(excerpt.text.slice(0, start), tab));
    const marked = Math.max(1, displayWidth(printable(excerpt.text.slice(start, end).trimEnd(), tab)));
    lines.push(
      `${paint.faint(`${' '.repeat(gutter)} |`)} ${' '.repeat(blank)}${paintMark(mark.repeat(marked))}`,
    );
  }
  return lines;
}

function indentOf(excerpt: ExcerptLine): number {
  return excerpt.text.length - excerpt.text.trimStart().length;
}
