/** Two predictions artifacts on the same examples: figures, tests, and the examples that changed sides. */
import { openPredictions, type Prediction, readPredictions } from '../artifacts/predictions.js';
import { createRandom } from '../data/random.js';
import { weightedStatistics } from '../metrics/classification-metrics.js';
import { type McNemarTest, mcNemarTest } from '../metrics/mcnemar.js';
import { type PairedDifference, pairedBootstrap } from '../metrics/paired-bootstrap.js';

/** How two sets of predictions compare. */
export interface PredictionComparison {
  /** Examples with the same text and true label in both, and the same id where both have such a one. */
  readonly examples: number;
  readonly onlyInFirst: number;
  readonly onlyInSecond: number;
  /** Whether they are right on equally many examples. */
  readonly accuracy: McNemarTest & { readonly first: number; readonly second: number };
  /** Second less first, by figure; empty when the two know different labels. */
  readonly differences: Readonly<Record<string, PairedDifference>>;
  /** Examples that only the first got right, the surest mistake of the second first. */
  readonly lost: ChangedExamples;
  /** Examples that only the second got right, the surest mistake of the first first. */
  readonly won: ChangedExamples;
}

/** Examples that changed sides. */
export interface ChangedExamples {
  readonly count: number;
  /** As many as were asked for. */
  readonly examples: readonly ChangedExample[];
}

/** One example on which the two differ. */
export interface ChangedExample {
  readonly id: string;
  readonly text: string;
  readonly textPair?: string;
  /** The true label, and what each of the two took it for, with the probability that it gave it. */
  readonly label: string;
  readonly first: { readonly label: string; readonly probability: number };
  readonly second: { readonly label: string; readonly probability: number };
}

/** How predictions are compared. */
export interface PredictionOptions {
  /** Changed examples to give, of each side. */
  readonly examples: number;
  readonly resamples: number;
  /** The share that intervals cover, between 0 and 1. */
  readonly confidence: number;
}

/** Draws of the bootstrap are the same every time. */
const bootstrapSeed = 0;

/** An example as both saw it. */
interface Pair {
  readonly label: string;
  readonly first: Prediction;
  readonly second: Prediction;
}

/**
 * Compares two predictions artifacts, given by their folders. `undefined` when they share no labelled example. Throws a `UserError`
 * for a folder that holds no predictions.
 */
export async function comparePredictions(
  firstFolder: string,
  secondFolder: string,
  options: PredictionOptions,
): Promise<PredictionComparison | undefined> {
  const [first, second] = await Promise.all([readAll(firstFolder), readAll(secondFolder)]);
  const pairs = pairUp(first, second);
  if (pairs.length === 0) return undefined;
  const isRight = (pair: Pair, side: 'first' | 'second'): boolean =>
    (side === 'first' ? first : second).labels[pair[side].predicted] === pair.label;
  const lost = pairs.filter((pair) => isRight(pair, 'first') && !isRight(pair, 'second'));
  const won = pairs.filter((pair) => !isRight(pair, 'first') && isRight(pair, 'second'));
  const rightInFirst = pairs.filter((pair) => isRight(pair, 'first')).length;
  const describe = (pair: Pair): ChangedExample => ({
    id: pair.first.id,
    text: pair.first.text,
    ...(pair.first.textPair === undefined ? {} : { textPair: pair.first.textPair }),
    label: pair.label,
    first: said(pair.first, first.labels),
    second: said(pair.second, second.labels),
  });
  return {
    examples: pairs.length,
    onlyInFirst: first.examples.size - pairs.length,
    onlyInSecond: second.examples.size - pairs.length,
    accuracy: {
      ...mcNemarTest(lost.length, won.length),
      first: rightInFirst / pairs.length,
      second: (rightInFirst - lost.length + won.length) / pairs.length,
    },
    differences: differencesOf(pairs, first.labels, second.labels, options),
    lost: { count: lost.length, examples: surest(lost, 'second', options.examples).map(describe) },
    won: { count: won.length, examples: surest(won, 'first', options.examples).map(describe) },
  };
}

/**
 * Pairs the examples of the same text and true label: by id, and what is left in order. Ids are the numbers of rows where the data have no
 * others, and rows come and go.
 */
function pairUp(first: AllPredictions, second: AllPredictions): readonly Pair[] {
  const pairs: Pair[] = [];
  const contentOf = ({ text, textPair, label = -1 }: Prediction, { labels }: AllPredictions): string =>
    JSON.stringify([text, textPair, labels[label]]);
  const pair = (one: Prediction, other: Prediction): void => {
    const label = first.labels[one.label ?? -1];
    if (label !== undefined) pairs.push({ label, first: one, second: other });
  };
  const left: Prediction[] = [];
  const others = new Map(second.examples);
  for (const [id, one] of first.examples) {
    const other = others.get(id);
    if (other === undefined || contentOf(one, first) !== contentOf(other, second)) {
      left.push(one);
      continue;
    }
    others.delete(id);
    pair(one, other);
  }
  const waiting = new Map<string, Prediction[]>();
  for (const other of others.values()) {
    const content = contentOf(other, second);
    waiting.set(content, [...(waiting.get(content) ?? []), other]);
  }
  for (const one of left) {
    const other = waiting.get(contentOf(one, first))?.shift();
    if (other !== undefined) pair(one, other);
  }
  return pairs;
}

interface AllPredictions {
  readonly labels: readonly string[];
  readonly examples: ReadonlyMap<string, Prediction>;
}

/** Long documents are predicted in pieces or rows may repeat an id; the last one of an id counts. */
async function readAll(folder: string): Promise<AllPredictions> {
  const { labels } = await openPredictions(folder);
  const examples = new Map<string, Prediction>();
  for await (const prediction of readPredictions(folder)) {
    if (prediction.label !== undefined) examples.set(prediction.id, prediction);
  }
  return { labels, examples };
}

function said(
  { predicted, probabilities }: Prediction,
  labels: readonly string[],
): { readonly label: string; readonly probability: number } {
  return { label: labels[predicted] ?? '?', probability: probabilities[predicted] ?? 0 };
}

function surest(pairs: readonly Pair[], wrong: 'first' | 'second', most: number): readonly Pair[] {
  const sure = (pair: Pair): number => pair[wrong].probabilities[pair[wrong].predicted] ?? 0;
  return pairs.toSorted((a, b) => sure(b) - sure(a)).slice(0, most);
}

function differencesOf(
  pairs: readonly Pair[],
  firstLabels: readonly string[],
  secondLabels: readonly string[],
  { resamples, confidence }: PredictionOptions,
): Readonly<Record<string, PairedDifference>> {
  const known = new Set(firstLabels);
  if (firstLabels.length < 2 || firstLabels.length !== secondLabels.length) return {};
  if (secondLabels.some((label) => !known.has(label))) return {};
  // The second may name the same labels in another order.
  const order = firstLabels.map((label) => secondLabels.indexOf(label));
  const labels = pairs.map(({ label }) => firstLabels.indexOf(label));
  const statistics = (probabilities: readonly (readonly number[])[]) =>
    weightedStatistics({ labels, probabilities, labelNames: firstLabels });
  const ofFirst = statistics(pairs.map(({ first }) => first.probabilities));
  const ofSecond = statistics(
    pairs.map(({ second }) => order.map((index) => second.probabilities[index] ?? 0)),
  );
  return pairedBootstrap(pairs.length, (weights) => [ofFirst(weights), ofSecond(weights)], {
    random: createRandom(bootstrapSeed),
    resamples,
    confidence,
  });
}
