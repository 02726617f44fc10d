/**
 * How a classifier treats groups of examples: rates per group and the gaps between groups.
 */
import { UserError } from '../artifacts/user-error.js';
import { rankingAuroc } from '../metrics/auroc.js';
import {
  type BootstrapOptions,
  bootstrapIntervals,
  type ConfidenceInterval,
  type Statistics,
} from '../metrics/bootstrap.js';
import { type Ranking, rankByScore } from '../metrics/ranking.js';
import { type GroupGaps, type GroupRates, gapsBetween, type RateName } from './group-gaps.js';

/** The decisions and scores to compare, and who belongs to which group. */
export interface GroupedDecisions {
  /** [examples] true classes. */
  readonly labels: ArrayLike<number>;
  /** [examples] predicted classes. */
  readonly predicted: ArrayLike<number>;
  /** [examples] the probability of `positiveClass`. */
  readonly scores: ArrayLike<number>;
  /** The class that counts as being selected; with more than two classes it is compared with the rest. */
  readonly positiveClass: number;
  /** An example can belong to several groups or to none. */
  readonly groups: readonly GroupMembers[];
}

/** The examples of a group. */
export interface GroupMembers {
  readonly group: string;
  /** Indices of examples, each at most once. */
  readonly examples: ArrayLike<number>;
}

/** Below which numbers a group is too small to judge. */
export interface GroupThresholds {
  /** Fewest examples; default 30. */
  readonly minimumExamples?: number;
  /** Fewest examples of the positive class, and fewest of the others; default 5. */
  readonly minimumPerOutcome?: number;
}

/** What is known of one group. */
export interface GroupMetrics extends GroupRates {
  readonly group: string;
  readonly count: number;
  /** Examples whose true class is the positive one. */
  readonly positives: number;
  readonly negatives: number;
  /** Why the group is too small to judge; empty when it is not. Such a group is left out of the gaps. */
  readonly tooSmall: readonly string[];
  /** Bootstrap intervals; empty unless asked for, and for groups that are too small. */
  readonly intervals: Readonly<Partial<Record<RateName, ConfidenceInterval | null>>>;
}

/** All groups and the gaps between those that are large enough. */
export interface GroupComparison {
  readonly groups: readonly GroupMetrics[];
  /** The groups that the gaps compare. */
  readonly compared: readonly string[];
  /** The groups that are too small to judge. */
  readonly leftOut: readonly string[];
  readonly gaps: GroupGaps;
  /** Bootstrap intervals of the gaps by their names; empty unless asked for. */
  readonly gapIntervals: Readonly<Partial<Record<keyof GroupGaps, ConfidenceInterval | null>>>;
}

/** How groups are compared. */
export interface GroupComparisonOptions {
  readonly thresholds?: GroupThresholds;
  /** Asks for bootstrap intervals. */
  readonly bootstrap?: BootstrapOptions | undefined;
}

export const DEFAULT_MINIMUM_EXAMPLES = 30;
export const DEFAULT_MINIMUM_PER_OUTCOME = 5;

/**
 * Rates per group and the gaps between the groups that are large enough to judge.
 *
 * Agrees with Fairlearn's MetricFrame and its demographic parity and equalized odds functions. The areas against the
 * background are those of Borkan et al., Nuanced Metrics for Measuring Unintended Bias with Real Data for Text
 * Classification (2019). Intervals resample examples, not groups. A gap is the distance of a largest and a smallest
 * value and therefore never below 0: its interval says how large it may be, and a lower bound above 0 is no proof
 * of a difference where groups are small or many.
 *
 * Throws a `UserError` when there is no example or lengths differ, and a RangeError for a member that is no example.
 */
export function compareGroups(
  decisions: GroupedDecisions,
  options: GroupComparisonOptions = {},
): GroupComparison {
  const size = checkSize(decisions);
  const prepared = prepare(decisions, size);
  const ones = new Float64Array(size).fill(1);
  const measured = prepared.map((group) => ({ group, ...measure(group, ones) }));
  const judged = measured.map((entry) => ({ ...entry, tooSmall: reasons(entry, options.thresholds) }));
  const compared = judged.filter(({ tooSmall }) => tooSmall.length === 0);

  const intervals =
    options.bootstrap && compared.length > 0
      ? bootstrapIntervals(
          size,
          (weights) => {
            const rates = compared.map(({ group }) => measure(group, weights).rates);
            return {
              ...named('gap', gapsBetween(rates)),
              ...rates.map((rate, i) => named(String(i), rate)).reduce(merge, {}),
            };
          },
          options.bootstrap,
        )
      : {};
  const intervalsOf = (prefix: string) =>
    Object.fromEntries(
      Object.entries(intervals).flatMap(([name, interval]) =>
        name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), interval]] : [],
      ),
    );

  return {
    groups: judged.map((entry) => ({
      group: entry.group.name,
      count: entry.count,
      positives: entry.positives,
      negatives: entry.negatives,
      ...entry.rates,
      tooSmall: entry.tooSmall,
      intervals: entry.tooSmall.length === 0 ? intervalsOf(String(compared.indexOf(entry))) : {},
    })),
    compared: compared.map(({ group }) => group.name),
    leftOut: judged.filter(({ tooSmall }) => tooSmall.length > 0).map(({ group }) => group.name),
    gaps: gapsBetween(compared.map(({ rates }) => rates)),
    gapIntervals: intervalsOf('gap'),
  };
}

/** Groups the examples by the values of a column, in the order of first appearance; null belongs to no group. */
export function groupByValue(values: ArrayLike<string | null>): readonly GroupMembers[] {
  const members = new Map<string, number[]>();
  for (let example = 0; example < values.length; example++) {
    const value = values[example];
    if (value === null || value === undefined) continue;
    const examples = members.get(value);
    if (examples) examples.push(example);
    else members.set(value, [example]);
  }
  return Array.from(members, ([group, examples]) => ({ group, examples }));
}

/** A group with everything that does not change from one resample to the next. */
interface PreparedGroup {
  readonly name: string;
  readonly examples: Uint32Array;
  readonly isPositive: Uint8Array;
  readonly isSelected: Uint8Array;
  readonly isCorrect: Uint8Array;
  readonly ranking: Ranking;
  /** The group's negatives and everyone else's positives. */
  readonly backgroundPositives: Ranking;
  /** The group's positives and everyone else's negatives. */
  readonly backgroundNegatives: Ranking;
}

interface Measured {
  readonly count: number;
  readonly positives: number;
  readonly negatives: number;
  readonly rates: GroupRates;
}

function checkSize({ labels, predicted, scores }: GroupedDecisions): number {
  const size = labels.length;
  if (size > 0 && predicted.length === size && scores.length === size) return size;
  throw new UserError({
    code: size === 0 ? 'fairness/empty' : 'fairness/length',
    message: size === 0 ? 'There are no predictions to compare.' : 'Labels and predictions differ in number.',
    found: `${size} labels, ${predicted.length} predictions, ${scores.length} scores`,
  });
}

function prepare(decisions: GroupedDecisions, size: number): readonly PreparedGroup[] {
  const { labels, predicted, scores, positiveClass } = decisions;
  const flags = (test: (example: number) => boolean) =>
    Uint8Array.from({ length: size }, (_, example) => (test(example) ? 1 : 0));
  const isPositive = flags((example) => labels[example] === positiveClass);
  const isSelected = flags((example) => predicted[example] === positiveClass);
  const isCorrect = flags((example) => predicted[example] === labels[example]);
  return decisions.groups.map(({ group, examples }) => {
    const isMember = new Uint8Array(size);
    for (const example of Array.from(examples)) {
      if (!(example < size) || isMember[example] !== 0) {
        throw new RangeError(`example ${example} of group ${group} does not exist or is listed twice`);
      }
      isMember[example] = 1;
    }
    const mixed = (memberOutcome: 0 | 1) =>
      rankByScore(
        scores,
        Array.from({ length: size }, (_, example) => example).filter(
          (example) => isPositive[example] === (isMember[example] === 1 ? memberOutcome : 1 - memberOutcome),
        ),
      );
    return {
      name: group,
      examples: Uint32Array.from(examples),
      isPositive,
      isSelected,
      isCorrect,
      ranking: rankByScore(scores, examples),
      backgroundPositives: mixed(0),
      backgroundNegatives: mixed(1),
    };
  });
}

function measure(group: PreparedGroup, weights: Float64Array): Measured {
  let count = 0;
  let positives = 0;
  let selected = 0;
  let truePositives = 0;
  let correct = 0;
  for (const example of group.examples) {
    const weight = weights[example] ?? 0;
    count += weight;
    const isSelected = group.isSelected[example] === 1;
    if (isSelected) selected += weight;
    if (group.isPositive[example] === 1) {
      positives += weight;
      if (isSelected) truePositives += weight;
    }
    if (group.isCorrect[example] === 1) correct += weight;
  }
  const negatives = count - positives;
  const area = (ranking: Ranking) => rankingAuroc(ranking, group.isPositive, weights);
  return {
    count,
    positives,
    negatives,
    rates: {
      selectionRate: share(selected, count),
      truePositiveRate: share(truePositives, positives),
      falsePositiveRate: share(selected - truePositives, negatives),
      accuracy: share(correct, count),
      auroc: area(group.ranking),
      backgroundPositiveAuroc: area(group.backgroundPositives),
      backgroundNegativeAuroc: area(group.backgroundNegatives),
    },
  };
}

function reasons(
  { count, positives, negatives }: Measured,
  {
    minimumExamples = DEFAULT_MINIMUM_EXAMPLES,
    minimumPerOutcome = DEFAULT_MINIMUM_PER_OUTCOME,
  }: GroupThresholds = {},
): readonly string[] {
  const found: string[] = [];
  const check = (number: number, minimum: number, what: string) => {
    if (number < minimum) found.push(`${number} ${what}, fewer than ${minimum}`);
  };
  check(count, minimumExamples, 'examples');
  check(positives, minimumPerOutcome, 'positive examples');
  check(negatives, minimumPerOutcome, 'negative examples');
  return found;
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function named(prefix: string, values: Readonly<Record<string, number | null>>): Statistics {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]));
}

function merge(first: Statistics, second: Statistics): Statistics {
  return { ...first, ...second };
}
