/**
 * Counterfactual fairness of a text classifier: what its predictions do when only the words for a group change.
 */
import { UserError } from '../artifacts/user-error.js';
import { type BootstrapOptions, bootstrapIntervals, type ConfidenceInterval } from '../metrics/bootstrap.js';
import { mostProbable } from '../metrics/most-probable.js';

/** What the classifier said of a text and of its counterfactual. */
export interface CounterfactualPrediction {
  /** The index of the example; several variants can belong to one. */
  readonly example: number;
  /** The two groups that were exchanged, and those of them that the original mentions. */
  readonly groups: readonly [string, string];
  readonly mentioned: readonly string[];
  /** [classes] probabilities for the original text and for the changed one. */
  readonly original: ArrayLike<number>;
  readonly changed: ArrayLike<number>;
}

/** What happens when the words of one group become those of another. */
export interface SwapDirection {
  readonly from: string;
  readonly to: string;
  readonly variants: number;
  readonly flipRate: number;
  /** The mean change of the score, with its sign: above 0 when the words of `to` raise it. From -1 to 1. */
  readonly meanShift: number;
  readonly meanShiftInterval: ConfidenceInterval | null;
}

/** A variant that changed the prediction most. */
export interface WorstVariant {
  /** The position in the predictions that were handed in. */
  readonly index: number;
  readonly example: number;
  readonly flipped: boolean;
  /** The change of the score, with its sign. */
  readonly shift: number;
}

/** How much predictions change under swaps of one list of terms. */
export interface CounterfactualMetrics {
  /** How many examples contain terms. */
  readonly examples: number;
  /** How many counterfactuals they gave. */
  readonly variants: number;
  /** The share of variants whose predicted class is another; from 0 to 1. */
  readonly flipRate: number;
  /** The mean of |score of the variant - score of the original|; from 0 to 1. */
  readonly meanAbsoluteShift: number;
  /** The largest one; a bootstrap says nothing about a maximum, so it has no interval. */
  readonly maximumAbsoluteShift: number;
  readonly intervals: {
    readonly flipRate: ConfidenceInterval | null;
    readonly meanAbsoluteShift: ConfidenceInterval | null;
  };
  /** Per direction, from texts that mention one of the two groups only; the most frequent first. */
  readonly directions: readonly SwapDirection[];
  /** The worst variants, at most one of each example: flipped ones first, then by |shift|. */
  readonly worst: readonly WorstVariant[];
}

/** How counterfactuals are judged. */
export interface CounterfactualOptions {
  /**
   * The class whose probability is the score. Default: class 1 of two; with more classes the class that was predicted
   * for the original, so that a shift below 0 says that the swap made the classifier less sure.
   */
  readonly positiveClass?: number | undefined;
  /** Asks for bootstrap intervals; examples, not variants, are resampled. */
  readonly bootstrap?: BootstrapOptions | undefined;
  /** How many of the worst variants are listed; default 10. */
  readonly worst?: number;
}

export const DEFAULT_WORST_VARIANTS = 10;

/**
 * Flip rate and score shift of counterfactual texts.
 *
 * Source: Garg et al., Counterfactual Fairness in Text Classification through Robustness (2019), section 3; Huang et
 * al., Reducing Sentiment Bias in Language Models via Counterfactual Evaluation (2020). Returns null when there is no
 * variant: nothing can be said then. Throws a `UserError` for probabilities that are not finite.
 */
export function counterfactualMetrics(
  predictions: readonly CounterfactualPrediction[],
  options: CounterfactualOptions = {},
): CounterfactualMetrics | null {
  if (predictions.length === 0) return null;
  const examples = new Map<number, number>();
  for (const { example } of predictions) if (!examples.has(example)) examples.set(example, examples.size);
  const changes = predictions.map((prediction, index) => changeOf(prediction, index, options, examples));
  const byDirection = groupByDirection(changes);

  const ones = new Float64Array(examples.size).fill(1);
  const overall = summarize(changes, ones);
  const intervals = options.bootstrap
    ? bootstrapIntervals(
        examples.size,
        (weights) => ({
          ...summarize(changes, weights),
          ...Object.fromEntries(
            Array.from(byDirection, ([key, chosen]) => [key, summarize(chosen, weights).meanShift]),
          ),
        }),
        options.bootstrap,
      )
    : {};

  const directions = Array.from(byDirection, ([key, chosen]): SwapDirection => {
    const { flipRate, meanShift } = summarize(chosen, ones);
    const { from, to } = chosen[0]?.direction ?? { from: '', to: '' };
    return {
      from,
      to,
      variants: chosen.length,
      flipRate: flipRate ?? 0,
      meanShift: meanShift ?? 0,
      meanShiftInterval: intervals[key] ?? null,
    };
  });
  return {
    examples: examples.size,
    variants: changes.length,
    flipRate: overall.flipRate ?? 0,
    meanAbsoluteShift: overall.meanAbsoluteShift ?? 0,
    maximumAbsoluteShift: changes.reduce((largest, { shift }) => Math.max(largest, Math.abs(shift)), 0),
    intervals: {
      flipRate: intervals.flipRate ?? null,
      meanAbsoluteShift: intervals.meanAbsoluteShift ?? null,
    },
    directions: directions.sort((a, b) => b.variants - a.variants),
    worst: worstOf(changes, options.worst ?? DEFAULT_WORST_VARIANTS),
  };
}

interface Change {
  readonly index: number;
  readonly example: number;
  /** The position among the distinct examples, which are what is resampled. */
  readonly unit: number;
  readonly flipped: boolean;
  readonly shift: number;
  readonly direction: { readonly from: string; readonly to: string } | undefined;
}

function changeOf(
  { example, groups, mentioned, original, changed }: CounterfactualPrediction,
  index: number,
  { positiveClass }: CounterfactualOptions,
  examples: ReadonlyMap<number, number>,
): Change {
  const before = mostProbable(original);
  const scored = positiveClass ?? (original.length === 2 ? 1 : before);
  const shift = (changed[scored] ?? Number.NaN) - (original[scored] ?? Number.NaN);
  if (!Number.isFinite(shift)) {
    throw new UserError({
      code: 'fairness/not-a-probability',
      message: `The prediction of a counterfactual of example ${example} (counted from 0) is not finite.`,
      found: `${original[scored]} and ${changed[scored]} for class ${scored}`,
      help: 'The model gives values that are not finite: training diverged. Try a smaller learning rate.',
    });
  }
  const [from, ...others] = mentioned;
  const to = groups.find((group) => group !== from);
  return {
    index,
    example,
    unit: examples.get(example) ?? 0,
    flipped: mostProbable(changed) !== before,
    shift,
    direction: from !== undefined && to !== undefined && others.length === 0 ? { from, to } : undefined,
  };
}

function groupByDirection(changes: readonly Change[]): ReadonlyMap<string, readonly Change[]> {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    if (change.direction === undefined) continue;
    const key = JSON.stringify([change.direction.from, change.direction.to]);
    const group = groups.get(key);
    if (group) group.push(change);
    else groups.set(key, [change]);
  }
  return groups;
}

function summarize(changes: readonly Change[], weights: Float64Array) {
  let total = 0;
  let flips = 0;
  let shifts = 0;
  let absoluteShifts = 0;
  for (const { unit, flipped, shift } of changes) {
    const weight = weights[unit] ?? 0;
    total += weight;
    if (flipped) flips += weight;
    shifts += weight * shift;
    absoluteShifts += weight * Math.abs(shift);
  }
  const mean = (sum: number) => (total > 0 ? sum / total : null);
  return { flipRate: mean(flips), meanShift: mean(shifts), meanAbsoluteShift: mean(absoluteShifts) };
}

function worstOf(changes: readonly Change[], count: number): readonly WorstVariant[] {
  const sorted = [...changes].sort(
    (a, b) =>
      Number(b.flipped) - Number(a.flipped) || Math.abs(b.shift) - Math.abs(a.shift) || a.index - b.index,
  );
  const seen = new Set<number>();
  const worst: WorstVariant[] = [];
  for (const { index, example, flipped, shift } of sorted) {
    if (worst.length >= count) break;
    if (seen.has(example)) continue;
    seen.add(example);
    worst.push({ index, example, flipped, shift });
  }
  return worst;
}
