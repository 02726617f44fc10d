/** Pieces of Markdown. */
import { printable } from '../../diagnostics/printable-text.js';

/** Digits after the point of a figure. */
const digits = 4;

/** A table; cells are cut to the header's width. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${header.map((_, index) => cell(cells[index] ?? '')).join(' | ')} |`;
  return [line(header), `|${header.map(() => ' --- |').join('')}`, ...rows.map(line)].join('\n');
}

/** Text as it stands, whatever characters it has; those that nobody can see are shown as signs. */
export function code(foreign: string): string {
  const text = printable(foreign);
  const fence = '`'.repeat(longestRun(text) + 1);
  const padding = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${fence}${padding}${text}${padding}${fence}`;
}

/** A number as people read it. */
export function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
