/** Which figures of a comparison people look at first. */
import type { ComparedFigure } from './compare-runs.js';

/** The best known figures of classifiers and language models, the most telling first. */
export const leadingFigures: readonly string[] = [
  'macro_f1',
  'accuracy',
  'balanced_accuracy',
  'mcc',
  'auroc',
  'average_precision',
  'log_loss',
  'expected_calibration_error',
  'loss',
  'perplexity',
];

/** Of a stage that has none of the leading figures this many are shown. */
const mostOthers = 6;

/** Of these figures less is better, as of any whose name ends so: losses, errors, gaps, forgetting. */
const lessIsBetter =
  /(loss|error|perplexity|score_error|gap|difference|flip_rate|shift|forgetting|duration|ms)$|^brier/;

/** Whether a larger value is worse; what no name tells counts as better. */
export function isBetterWhenSmaller(name: string): boolean {
  return lessIsBetter.test(name);
}

/** Figures that differ, of every stage the leading ones where it has some, and how many are left out. */
export function chooseFigures(
  figures: readonly ComparedFigure[],
  wish: { readonly all: boolean; readonly metrics?: readonly string[] },
): { readonly shown: readonly ComparedFigure[]; readonly left: number } {
  const { all, metrics } = wish;
  if (metrics !== undefined) {
    const shown = figures.filter(
      ({ stage, name }) => metrics.includes(name) || metrics.includes(`${stage}.${name}`),
    );
    return { shown, left: figures.length - shown.length };
  }
  if (all) return { shown: figures, left: 0 };
  const shown: ComparedFigure[] = [];
  for (const stage of new Set(figures.map((figure) => figure.stage))) {
    const differing = figures.filter(
      (figure) => figure.stage === stage && figure.values.some((value) => value !== figure.values[0]),
    );
    const leading = leadingFigures.flatMap((name) => differing.filter((figure) => figure.name === name));
    shown.push(...(leading.length > 0 ? leading : differing.slice(0, mostOthers)));
  }
  return { shown, left: figures.length - shown.length };
}
