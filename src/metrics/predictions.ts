/**
 * What a classifier said about a set of examples, checked once so that every metric can rely on it.
 */
import { UserError } from '../artifacts/user-error.js';
import { type Ranking, rankByScore } from './ranking.js';

/** What a classifier said: the input of every classification metric. */
export interface Predictions {
  /** The true class of each example, as an index into `labelNames`. */
  readonly labels: ArrayLike<number>;
  /** One row per example with one probability per class, in the order of `labelNames`; each row sums to 1. */
  readonly probabilities: readonly ArrayLike<number>[];
  /** The names of the classes; at least two. */
  readonly labelNames: readonly string[];
}

/** Predictions that passed `checkPredictions`, in the layout that the metrics read. */
export interface CheckedPredictions {
  /** The number of examples, at least 1. */
  readonly size: number;
  /** The number of classes, at least 2. */
  readonly classes: number;
  readonly labelNames: readonly string[];
  /** [size] the true class of each example. */
  readonly labels: Int32Array;
  /** [size] the most probable class of each example; the first one where several are equally probable. */
  readonly predicted: Int32Array;
  /** [size] the probability of the predicted class. */
  readonly confidence: Float64Array;
  /** [size * classes] row-major. */
  readonly probabilities: Float64Array;
  /** [size] ones: the weights that count every example once. */
  readonly unitWeights: Float64Array;
  /** All examples sorted by the probability of one class; computed at the first call and kept. */
  ranking(classIndex: number): Ranking;
  /** [size] 1 where the true class is `classIndex`, else 0; computed at the first call and kept. */
  membership(classIndex: number): Uint8Array;
}

/**
 * How often each example counts, [size], each at least 0. A bootstrap resample is such a vector of counts, and so
 * are sample weights; every metric takes them, and without them every example counts once.
 */
export type Weights = Float64Array;

/** How far a row of probabilities may be from a sum of 1: float32 softmax over many classes stays well below. */
export const PROBABILITY_SUM_TOLERANCE = 1e-3;

/**
 * Checks predictions and lays them out for the metrics.
 *
 * Throws a `UserError` when there is nothing to measure (no example, fewer than two classes), when lengths differ,
 * when a label is not a class, and when a probability is not a number from 0 to 1 or a row does not sum to 1
 * (within `PROBABILITY_SUM_TOLERANCE`): NaN there means that training diverged, and no metric of it would mean anything.
 */
export function checkPredictions(predictions: Predictions): CheckedPredictions {
  const { labels, probabilities, labelNames } = predictions;
  const size = labels.length;
  const classes = labelNames.length;
  if (size === 0) {
    throw new UserError({
      code: 'metrics/empty',
      message: 'There are no predictions to measure.',
      found: '0 examples',
      expected: 'at least one example with a label',
      help: 'Check the split and the limit of the data set that is evaluated.',
    });
  }
  if (classes < 2) {
    throw new UserError({
      code: 'metrics/one-class',
      message: 'A classifier with fewer than two classes cannot be measured.',
      found: `${classes} label name(s): ${labelNames.join(', ')}`,
      expected: 'at least two label names',
    });
  }
  if (probabilities.length !== size) {
    throw new UserError({
      code: 'metrics/length',
      message: 'Labels and probabilities do not belong together.',
      found: `${size} labels and ${probabilities.length} rows of probabilities`,
      expected: 'one row for each label',
    });
  }

  const checkedLabels = new Int32Array(size);
  const predicted = new Int32Array(size);
  const confidence = new Float64Array(size);
  const flat = new Float64Array(size * classes);
  for (let example = 0; example < size; example++) {
    checkedLabels[example] = checkLabel(labels[example], example, labelNames);
    const row = checkRow(probabilities[example], example, classes);
    let best = 0;
    for (let classIndex = 0; classIndex < classes; classIndex++) {
      const probability = row[classIndex] ?? 0;
      flat[example * classes + classIndex] = probability;
      if (probability > (row[best] ?? 0)) best = classIndex;
    }
    predicted[example] = best;
    confidence[example] = row[best] ?? 0;
  }

  const rankings = new Map<number, Ranking>();
  const memberships = new Map<number, Uint8Array>();
  return {
    size,
    classes,
    labelNames,
    labels: checkedLabels,
    predicted,
    confidence,
    probabilities: flat,
    unitWeights: new Float64Array(size).fill(1),
    ranking(classIndex) {
      return remember(rankings, classIndex, () =>
        rankByScore(Float64Array.from({ length: size }, (_, i) => flat[i * classes + classIndex] ?? 0)),
      );
    },
    membership(classIndex) {
      return remember(memberships, classIndex, () =>
        Uint8Array.from(checkedLabels, (label) => (label === classIndex ? 1 : 0)),
      );
    },
  };
}

function checkLabel(label: number | undefined, example: number, labelNames: readonly string[]): number {
  if (label === undefined || !Number.isInteger(label) || label < 0 || label >= labelNames.length) {
    throw new UserError({
      code: 'metrics/label',
      message: `The label of example ${example} (counted from 0) is not one of the classes.`,
      found: String(label),
      expected: `an index from 0 to ${labelNames.length - 1} (${labelNames.join(', ')})`,
    });
  }
  return label;
}

function checkRow(row: ArrayLike<number> | undefined, example: number, classes: number): ArrayLike<number> {
  if (row === undefined || row.length !== classes) {
    throw new UserError({
      code: 'metrics/row-length',
      message: `The probabilities of example ${example} (counted from 0) do not match the classes.`,
      found: `${row?.length ?? 0} values`,
      expected: `${classes} values`,
    });
  }
  let sum = 0;
  for (let classIndex = 0; classIndex < classes; classIndex++) {
    const probability = row[classIndex] ?? Number.NaN;
    if (!(probability >= 0 && probability <= 1 + PROBABILITY_SUM_TOLERANCE)) {
      throw new UserError({
        code: 'metrics/not-a-probability',
        message: `Example ${example} (counted from 0) has a value that is not a probability.`,
        found: String(probability),
        expected: 'a number from 0 to 1',
        help: Number.isFinite(probability)
          ? 'Hand in probabilities (after the softmax), not logits.'
          : 'The model gives values that are not finite: training diverged. Try a smaller learning rate.',
      });
    }
    sum += probability;
  }
  if (Math.abs(sum - 1) > PROBABILITY_SUM_TOLERANCE) {
    throw new UserError({
      code: 'metrics/probability-sum',
      message: `The probabilities of example ${example} (counted from 0) do not sum to 1.`,
      found: `a sum of ${sum}`,
      expected: `1, within ${PROBABILITY_SUM_TOLERANCE}`,
      help: 'Hand in probabilities (after the softmax), not logits.',
    });
  }
  return row;
}

function remember<Value>(values: Map<number, Value>, key: number, compute: () => Value): Value {
  const known = values.get(key);
  if (known !== undefined) return known;
  const value = compute();
  values.set(key, value);
  return value;
}
