/** What went wrong, as a user reads it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { UserErrorDetails } from '../../artifacts/user-error.js';
import { shortPath, withShortPaths } from '../../diagnostics/short-path.js';
import type { StageFailure } from '../../engine/events.js';
import { readableStack } from './readable-stack.js';
import type { Colors, Terminal } from './terminal.js';
import { manyLines, oneLine } from './terminal-text.js';

/** Lines shown before the faulty one. */
const linesBefore = 1;

/** Line numbers are set in at least this many columns, as in the diagnostics of recipes. */
const narrowestGutter = 3;

/** Longer source lines are cut: a JSONL row can be megabytes long. */
const widestSourceLine = 120;

/** A failed stage: its name, what is wrong, found, expected, help, the place in the file, or the stack for bugs. */
export function formatFailure(stage: string, failure: StageFailure, terminal: Terminal): string {
  const { colors } = terminal;
  const title = `${colors.red(colors.bold('failed'))} ${colors.bold(oneLine(stage))}`;
  const body = formatUserError(failure, terminal);
  if (failure.kind === 'bug') {
    const stack = failure.stack === undefined ? '' : `\n${colors.dim(indent(manyLines(failure.stack), 2))}`;
    return `${title}: ${body}\n  This is a mistake in the stage's code, not in your recipe.${stack}`;
  }
  if (failure.kind === 'crash' && failure.stack !== undefined) {
    return `${title}: ${body}\n${colors.dim(indent(manyLines(failure.stack), 2))}`;
  }
  return `${title}: ${body}`;
}

/** The message of a user's mistake with all that is known of it. */
export function formatUserError(details: UserErrorDetails, terminal: Terminal): string {
  const { colors } = terminal;
  const words = (text: string): string => withShortPaths(text, terminal.directory);
  const code = details.code === undefined ? '' : ` ${colors.dim(`[${oneLine(details.code)}]`)}`;
  const lines = [manyLines(words(details.message)) + code];
  if (details.file !== undefined) {
    const shown = shortPath(details.file, terminal.directory);
    const place = [shown, details.line, details.column].filter((part) => part !== undefined).join(':');
    lines.push(`  ${colors.cyan(oneLine(place))}`);
    if (details.line !== undefined) {
      lines.push(...codeFrame(details.file, details.line, details.column, terminal));
    }
  }
  if (details.found !== undefined) lines.push(labelled('found', words(details.found), colors));
  if (details.expected !== undefined) lines.push(labelled('expected', words(details.expected), colors));
  if (details.help !== undefined) lines.push(labelled('help', words(details.help), colors));
  return lines.join('\n');
}

/** An exception of ours: message and stack. */
export function formatBug(error: unknown, terminal: Terminal): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause =
    error instanceof Error && error.cause !== undefined ? `\ncaused by: ${String(error.cause)}` : '';
  return [
    `${terminal.colors.red('roux stopped because of a mistake of its own.')}`,
    terminal.colors.dim(manyLines(readableStack(stack) + cause)),
    'Please report it with these lines and the recipe.',
  ].join('\n');
}

function labelled(label: string, text: string, colors: Colors): string {
  const [first = '', ...rest] = manyLines(text).split('\n');
  return [
    `  ${colors.dim(`${label}:`.padEnd(10))}${first}`,
    ...rest.map((line) => ' '.repeat(12) + line),
  ].join('\n');
}

/** The lines around a place in a text file with a marker below it; none when the file cannot be read. */
function codeFrame(
  file: string,
  line: number,
  column: number | undefined,
  terminal: Terminal,
): readonly string[] {
  const { colors } = terminal;
  const lines = readLines(resolve(terminal.directory, file));
  if (lines === undefined || line < 1 || line > lines.length) return [];
  const first = Math.max(1, line - linesBefore);
  const width = Math.max(narrowestGutter, String(line).length);
  const frame: string[] = [];
  for (let number = first; number <= line; number += 1) {
    const text = oneLine((lines[number - 1] ?? '').slice(0, widestSourceLine));
    frame.push(`${colors.dim(`${String(number).padStart(width)} |`)} ${text}`);
  }
  if (column !== undefined && column >= 1 && column <= widestSourceLine) {
    frame.push(`${colors.dim(`${' '.repeat(width)} |`)} ${' '.repeat(column - 1)}${colors.red('^')}`);
  }
  return frame;
}

/** Files above this size are data whose frame is not worth reading them for. */
const largestFramedFile = 5_000_000;

function readLines(file: string): readonly string[] | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return text.length > largestFramedFile ? undefined : text.split(/\r?\n/);
  } catch {
    return undefined;
  }
}

function indent(text: string, blanks: number): string {
  return text
    .split('\n')
    .map((line) => ' '.repeat(blanks) + line)
    .join('\n');
}
