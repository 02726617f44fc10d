/**
 * What is known of a training before it begins: padded lengths, batches, the number of steps.
 */
import { type BatchOptions, batchesPerEpoch } from './batches.js';
import { bucketCost, bucketLengths, defaultBucketOptions } from './buckets.js';
import type { TrainingOptions } from './training-options.js';

/** The steps of a training. */
export interface TrainingPlan {
  /** The batches of the updates. */
  readonly batches: BatchOptions;
  /** Rows, at the given padded length, of the parts whose gradients an update adds up; a whole batch without accumulation. */
  readonly partSizeOf: (length: number) => number;
  /** Updates of one pass over the data. */
  readonly stepsPerEpoch: number;
  /** Updates of the whole training. */
  readonly totalSteps: number;
  readonly evaluateEvery: number;
  readonly logEvery: number;
}

/** What steps follow from. */
export interface TrainingShape extends Pick<TrainingOptions, 'settings' | 'maximumLength' | 'denseWeights'> {
  readonly data: Pick<TrainingOptions['data'], 'lengths'>;
}

/** Whether the training goes through all of its data at least once. */
export function seesEveryExample(training: TrainingShape): boolean {
  const { totalSteps, stepsPerEpoch } = planTraining(training);
  return totalSteps >= stepsPerEpoch;
}

/** Chooses padded lengths and counts steps. */
export function planTraining({ data, settings, maximumLength, denseWeights }: TrainingShape): TrainingPlan {
  const examples = data.lengths.length;
  if (examples === 0) throw new Error('there are no examples to train on');
  const { batchTokens, gradientAccumulation } = settings;
  const rowsOf = (length: number) =>
    batchTokens === undefined ? settings.batchSize : Math.max(1, Math.floor(batchTokens / length));
  // An update has the examples that it would have if its whole batch fitted into memory: then they are the same.
  const sizeOf = (length: number) => Math.min(examples, gradientAccumulation * rowsOf(length));
  const partSizeOf = (length: number) => Math.min(examples, rowsOf(length));
  const buckets = bucketLengths(data.lengths, {
    ...defaultBucketOptions,
    maximumLength,
    bucketCost: bucketCost(denseWeights, NOMINAL_PASSES),
  });
  const batches: BatchOptions = { lengths: data.lengths, buckets, sizeOf };
  const stepsPerEpoch = batchesPerEpoch(batches);
  const totalSteps = settings.maximumSteps ?? Math.max(1, Math.ceil(settings.epochs * stepsPerEpoch));
  const loggedSteps = settings.maximumSteps ?? NOMINAL_PASSES * stepsPerEpoch;
  return {
    batches,
    partSizeOf,
    stepsPerEpoch,
    totalSteps,
    evaluateEvery: settings.evaluateEvery ?? stepsPerEpoch,
    logEvery: settings.logEvery ?? Math.max(1, Math.ceil(loggedSteps / CURVE_ROWS)),
  };
}

/**
 * What decides the course of a training besides its settings, as JSON. Two trainings whose courses and settings are the
 * same but for their lengths go through the same states, as far as the shorter one goes.
 */
export function courseOf({ batches, stepsPerEpoch, evaluateEvery, logEvery }: TrainingPlan): string {
  return JSON.stringify({ buckets: batches.buckets, stepsPerEpoch, evaluateEvery, logEvery });
}

/**
 * Padded lengths are chosen, and rows of the curve spread, as for so many passes, however many there are: a longer training
 * can then go on where a shorter one ended.
 */
export const NOMINAL_PASSES = 3;

/** About as many rows has the curve of a training of so many passes, or of a given number of steps. */
const CURVE_ROWS = 500;
