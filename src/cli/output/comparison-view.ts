/** A comparison of runs as text. */
import { relative } from 'node:path';
import type { ChangedExample, PredictionComparison } from '../../comparison/compare-predictions.js';
import type { Comparison, PredictionTest } from '../../comparison/compare-runs.js';
import { chooseFigures, isBetterWhenSmaller, leadingFigures } from '../../comparison/figure-choice.js';
import { formatNumber as formatSettingNumber } from '../../engine/reasons.js';
import { countOf, formatCount, formatDifference, formatDuration, formatNumber } from './format-value.js';
import { formatStart } from './run-list.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine, truncate } from './terminal-text.js';

/** What is shown of the figures. */
export interface ComparisonWish {
  readonly all: boolean;
  readonly metrics?: readonly string[];
}

/** Below this p value a difference is called significant. */
const significance = 0.05;

/** Runs are called A, B, C in the tables: their names are long. */
function letter(index: number): string {
  return (
    String.fromCharCode('A'.charCodeAt(0) + (index % 26)) + (index < 26 ? '' : String(Math.floor(index / 26)))
  );
}

/** The whole comparison as lines. */
export function formatComparison(
  comparison: Comparison,
  wish: ComparisonWish,
  terminal: Terminal,
): readonly string[] {
  return [
    ...runLines(comparison, terminal),
    ...differenceLines(comparison, terminal),
    ...figureLines(comparison, wish, terminal),
    ...comparison.tests.flatMap((test) => testLines(test, comparison, wish, terminal)),
    ...costLines(comparison, terminal),
  ];
}

/** The comparison without paths into the store, for `--json`. */
export function comparisonAsJson(comparison: Comparison): unknown {
  return {
    ...comparison,
    differences: comparison.differences.map((difference) => ({
      ...difference,
      values: difference.values.map((value) => value ?? null),
    })),
    figures: comparison.figures.map((figure) => ({
      ...figure,
      values: figure.values.map((value) => value ?? null),
      intervals: figure.intervals.map((interval) => interval ?? null),
    })),
  };
}

function runLines({ runs }: Comparison, terminal: Terminal): readonly string[] {
  const { colors, directory } = terminal;
  return formatTable(
    [
      ['', 'run', 'started', 'outcome', 'recipe'],
      ...runs.map((run, index) => [
        letter(index),
        oneLine(run.label === run.id ? run.id : `${run.label} (${run.id})`),
        run.startedAt === undefined ? '' : formatStart(run.startedAt),
        oneLine(run.outcome),
        oneLine(relative(directory, run.recipe) || run.recipe) +
          (run.profile === undefined ? '' : ` (profile ${oneLine(run.profile)})`),
      ]),
    ],
    {
      width: terminal.columns,
      paint: (cell, row, column) => (row === 0 ? colors.dim(cell) : column === 0 ? colors.bold(cell) : cell),
    },
  );
}

function differenceLines({ runs, differences }: Comparison, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  if (differences.length === 0) return ['', 'All settings are the same.'];
  const rows = differences.map(({ stage, what, name, values }) => [
    oneLine(stage),
    what === 'stage' ? '' : oneLine(what === 'input' ? `in ${name}` : name),
    ...values.map((value) => truncate(formatSetting(value), widestValue)),
  ]);
  return [
    '',
    colors.bold('what was done differently'),
    ...formatTable([['stage', 'setting', ...runs.map((_, index) => letter(index))], ...rows], {
      width: terminal.columns,
      indent: 2,
      paint: (cell, row) => (row === 0 ? colors.dim(cell) : cell),
    }),
  ];
}

/** Longer values of settings are cut; --json has them whole. */
const widestValue = 40;

function figureLines(comparison: Comparison, wish: ComparisonWish, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const { runs } = comparison;
  const { shown, left } = chooseFigures(comparison.figures, wish);
  const isPair = runs.length === 2;
  const rows = shown.map(({ stage, name, values, intervals }) => {
    const [first, second] = values;
    const cells = values.map((value, index) => {
      const interval = intervals[index];
      const range =
        interval === undefined ? '' : ` (${formatNumber(interval.low)} to ${formatNumber(interval.high)})`;
      return value === undefined ? '-' : `${formatNumber(value)}${range}`;
    });
    const change = first === undefined || second === undefined ? '' : formatDifference(second - first);
    return [oneLine(stage), oneLine(name), ...cells, ...(isPair ? [change] : [])];
  });
  const header = ['stage', 'figure', ...runs.map((_, index) => letter(index)), ...(isPair ? ['B - A'] : [])];
  const more = left === 0 ? [] : [colors.dim(`  ${countOf(left, 'figure')} more or the same: --all`)];
  if (rows.length === 0) return ['', 'All figures are the same.', ...more];
  return [
    '',
    colors.bold('figures'),
    ...formatTable([header, ...rows], {
      width: terminal.columns,
      indent: 2,
      paint: (cell, row, column) => {
        if (row === 0) return colors.dim(cell);
        const figure = shown[row - 1];
        if (!isPair || column !== header.length - 1 || figure === undefined) return cell;
        const better = cell.trim().startsWith('-') === isBetterWhenSmaller(figure.name);
        return cell.trim() === '' || cell.includes('±')
          ? cell
          : better
            ? colors.green(cell)
            : colors.red(cell);
      },
    }),
    ...more,
  ];
}

function testLines(
  test: PredictionTest,
  comparison: Comparison,
  wish: ComparisonWish,
  terminal: Terminal,
): readonly string[] {
  const { colors } = terminal;
  const [a, b] = [letter(test.first), letter(test.second)];
  const title = colors.bold(`${b} against ${a}: ${oneLine(test.stage)}.${oneLine(test.port)}`);
  if (test.same) return ['', title, '  The predictions are the same, byte for byte.'];
  const found = test.comparison;
  if (found === undefined) return ['', title, '  They share no labelled example.'];
  return [
    '',
    `${title}, ${countOf(found.examples, 'example')} of both${leftOut(found)}`,
    ...mcNemarLines(test, found, terminal),
    ...bootstrapLines(found, comparison, wish, terminal),
    ...exampleLines(`only ${a} is right`, found.lost, terminal),
    ...exampleLines(`only ${b} is right`, found.won, terminal),
  ];
}

function leftOut({ onlyInFirst, onlyInSecond }: PredictionComparison): string {
  return onlyInFirst + onlyInSecond === 0
    ? ''
    : ` (${formatCount(onlyInFirst)} and ${formatCount(onlyInSecond)} are only in one of them)`;
}

function mcNemarLines(
  { adjustedPValue }: PredictionTest,
  { accuracy }: PredictionComparison,
  { colors }: Terminal,
): readonly string[] {
  const { first, second, onlyFirst, onlySecond, pValue } = accuracy;
  const p = adjustedPValue ?? pValue;
  const holm = p === pValue ? '' : `, ${formatP(p)} after Holm's correction`;
  const verdict =
    p < significance
      ? (second > first ? colors.green : colors.red)(
          `${second > first ? 'better' : 'worse'}, and hardly by chance`,
        )
      : 'could be chance';
  return [
    `  accuracy ${formatNumber(first)} -> ${formatNumber(second)}: ${verdict}`,
    colors.dim(
      `  McNemar, exact: ${countOf(onlyFirst, 'example')} lost, ${formatCount(onlySecond)} won, p ${formatP(pValue)}${holm}`,
    ),
  ];
}

function bootstrapLines(
  { differences }: PredictionComparison,
  { confidence, resamples }: Comparison,
  wish: ComparisonWish,
  terminal: Terminal,
): readonly string[] {
  const { colors } = terminal;
  const names = Object.keys(differences);
  const wanted = wish.metrics ?? (wish.all ? names : leadingFigures.filter((name) => names.includes(name)));
  const rows = wanted.flatMap((name) => {
    const found = differences[name];
    if (found === undefined) return [];
    return [
      [
        oneLine(name),
        formatDifference(found.difference),
        `${formatDifference(found.low)} to ${formatDifference(found.high)}`,
        formatP(found.pValue),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const interval = `${formatNumber(100 * confidence)} % interval`;
  return [
    ...formatTable([['figure', 'difference', interval, 'p'], ...rows], {
      width: terminal.columns,
      indent: 2,
      right: [1],
      paint: (cell, row, column) => {
        if (row === 0) return colors.dim(cell);
        return column === 3 && Number(cell.replace('<', '').trim()) < significance ? colors.bold(cell) : cell;
      },
    }),
    colors.dim(`  paired bootstrap, ${formatCount(resamples)} draws`),
  ];
}

function exampleLines(
  title: string,
  { count, examples }: PredictionComparison['lost'],
  terminal: Terminal,
): readonly string[] {
  const { colors } = terminal;
  if (count === 0) return [];
  const some = examples.length > 0 && examples.length < count ? `, the surest mistakes first` : '';
  return [
    `  ${title}: ${countOf(count, 'example')}${some}`,
    ...examples.flatMap((example) => [
      `    ${colors.dim(truncate(oneLine(example.id), widestValue))}  ${verdictOf(example)}`,
      `      ${truncate(excerpt(example), Math.max(40, terminal.columns - 6))}`,
    ]),
  ];
}

function verdictOf({ label, first, second }: ChangedExample): string {
  const says = ({ label: said, probability }: ChangedExample['first']): string =>
    `${oneLine(said)} ${probability.toFixed(2)}`;
  return `is ${oneLine(label)}; ${says(first)} -> ${says(second)}`;
}

function excerpt({ text, textPair }: ChangedExample): string {
  const whole = textPair === undefined ? text : `${text} | ${textPair}`;
  return oneLine(whole.replaceAll(/\s+/g, ' ').trim());
}

function costLines({ runs, costs }: Comparison, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const names = [...new Set(costs.flatMap(({ tokens }) => Object.keys(tokens)))];
  const rows = [
    ['computing all of it', ...costs.map(({ computeMs }) => formatDuration(computeMs))],
    ['of that cached', ...costs.map(({ savedMs }) => formatDuration(savedMs))],
    [
      'the run itself',
      ...costs.map(({ durationMs }) => (durationMs === undefined ? '-' : formatDuration(durationMs))),
    ],
    ...names.map((name) => [
      oneLine(name),
      ...costs.map(({ tokens }) => (tokens[name] === undefined ? '-' : formatCount(tokens[name]))),
    ]),
  ];
  return [
    '',
    colors.bold('cost'),
    ...formatTable([['', ...runs.map((_, index) => letter(index))], ...rows], {
      width: terminal.columns,
      indent: 2,
      paint: (cell, row) => (row === 0 ? colors.dim(cell) : cell),
    }),
  ];
}

/** 0.21, 0.034, 0.0004, <0.0001. */
export function formatP(value: number): string {
  if (value < 1e-4) return '<0.0001';
  return value >= 0.1 ? value.toFixed(2) : value >= 0.01 ? value.toFixed(3) : value.toFixed(4);
}

function formatSetting(value: unknown): string {
  if (value === undefined) return 'unset';
  if (typeof value === 'number') return formatSettingNumber(value);
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value));
}
