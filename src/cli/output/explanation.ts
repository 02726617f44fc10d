/** Where the values of a recipe come from, as text. */
import { relative } from 'node:path';
import type { SourceLocation } from '../../diagnostics/source-text.js';
import type { ExplainedStage, ExplainedValue, ValueStep } from '../../recipe/explain-values.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** A table per stage: the value's name, the value, and its way from where it is used to where it comes from. */
export function formatExplanation(stages: readonly ExplainedStage[], terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  return stages.flatMap((stage, index) => {
    const title = `${colors.bold(oneLine(stage.name))} (${oneLine(stage.type)})`;
    const rows = stage.values.map((value) => [
      oneLine(value.name),
      shorten(oneLine(formatJson(value.written ?? value.value))),
      oneLine(wayOf(value, terminal.directory)),
    ]);
    return [
      ...(index > 0 ? [''] : []),
      `${title}  ${colors.dim(place(stage.location, terminal.directory))}`,
      ...formatTable(rows, {
        width: terminal.columns,
        indent: 2,
        paint: (cell, _, column) => (column === 2 ? colors.dim(cell) : cell),
      }),
    ];
  });
}

const longestValue = 48;

function shorten(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text;
}

/** Small numbers as people write learning rates. */
function formatJson(value: ExplainedValue['value']): string {
  if (typeof value === 'string') return value === '' ? '""' : value;
  const isSmall = typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3;
  return isSmall ? value.toExponential() : JSON.stringify(value);
}

function wayOf({ steps }: ExplainedValue, directory: string): string {
  return steps
    .map((step) => {
      const instead = (step.instead ?? []).map((one) => describe(one, directory, true)).join('; ');
      return `${describe(step, directory, false)}${instead === '' ? '' : ` (not ${instead})`}`;
    })
    .join(' <- ');
}

function describe({ by, location, text }: ValueStep, directory: string, withText: boolean): string {
  const where = location ? place(location, directory) : '';
  const value = text === undefined ? '' : text.replace(/^(["'])(.*)\1$/s, '$2');
  switch (by) {
    case 'written':
      return withText ? `${value}, ${where}` : where;
    case 'reference':
      return `${where} ${value}`;
    case 'part':
      return where;
    case 'stage type':
      return 'default of the stage type';
    case 'roux':
      return 'default';
    case 'environment':
    case 'command line':
      return `${by} ${value}`.trimEnd();
    case 'default':
    case 'matrix':
    case 'foreach':
    case 'profile':
    case 'params file':
    case 'with':
    case 'sweep': {
      const words = [by, where].filter((part) => part !== '').join(' ');
      return withText || value.includes('${') ? `${value}, ${words}` : words;
    }
  }
}

function place({ file, line, column }: SourceLocation, directory: string): string {
  if (file.startsWith('<')) return '';
  const path = relative(directory, file);
  return `${path.startsWith('..') ? file : path}:${line}:${column}`;
}
