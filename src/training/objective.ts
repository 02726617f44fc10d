/**
 * What a model is trained for: how examples become inputs of a compiled function, what is minimised, and what is measured
 * on data that is held out. One file per task in `objectives/`.
 */
import type * as tf from '@tensorflow/tfjs';
import type { Random } from '../data/random.js';
import type { NamedHostTensors, NamedTensors, TensorSpec } from '../runtime/runtime.js';
import type { BatchPlan } from './batches.js';

/** The inputs of one batch. */
export interface ObjectiveBatch {
  readonly feeds: NamedHostTensors;
  /** What the batch's sum of losses is divided by: examples, tokens, or the sum of their weights; 0 where none counts. */
  readonly weight: number;
  /** Tokens that are not padding. */
  readonly tokens: number;
}

/** Figures on held-out data, by snake_case name; `loss` is always among them. */
export type EvaluationMetrics = Readonly<Record<string, number>>;

/** All figures that evaluations of some task give; `penalties` add theirs. */
export const trainingMetrics = ['loss', 'accuracy', 'macro_f1', 'perplexity', 'cosine'] as const;

/** The name of one of them. */
export type TrainingMetric = (typeof trainingMetrics)[number];

/** Collects what compiled evaluations gave, batch by batch. */
export interface EvaluationResult {
  add(plan: BatchPlan, batch: ObjectiveBatch, outputs: NamedHostTensors): void;
  metrics(): EvaluationMetrics;
}

/** The examples of one split, for one task. */
export interface ObjectiveData {
  /** Tokens of each example. */
  readonly lengths: Int32Array;
  /**
   * The inputs of a batch.
   *
   * @param random a stream for all that is drawn (masks); an example's draws depend on the stream's key and the example
   * alone, not on the batch it is in.
   */
  batch(plan: BatchPlan, random: Random): ObjectiveBatch;
  /**
   * Changes the batches of one update where what a row counts depends on all of them. Absent: rows count what they do in a batch
   * of their own.
   */
  joined?(batches: readonly ObjectiveBatch[], plans: readonly BatchPlan[]): readonly ObjectiveBatch[];
  /** Starts an evaluation of these examples. */
  startEvaluation(): EvaluationResult;
}

/**
 * A task.
 *
 * `logits`, `lossSum`, `rowWeights` and `evaluate` are pure functions over tensors, called while a runtime traces. A row
 * is what has a label: an example, or a masked token.
 */
export interface Objective {
  readonly name: 'sequence-classification' | 'masked-language-modeling';
  /** Metrics that an evaluation gives. */
  readonly metrics: readonly TrainingMetric[];
  /** Number of classes, or of tokens in the vocabulary. */
  readonly classes: number;
  /** Rows of the logits of a batch of `size` examples of `length` tokens. */
  rows(length: number, size: number): number;
  /** Shapes of the inputs of a batch of `size` examples of `length` tokens. */
  inputs(length: number, size: number): Readonly<Record<string, TensorSpec>>;
  /** Scores of the classes or of the vocabulary: [rows, classes]. */
  logits(inputs: NamedTensors, weights: NamedTensors, options: LogitsOptions): tf.Tensor2D;
  /** The sum of the weighted losses of the rows, a scalar. */
  lossSum(logits: tf.Tensor2D, inputs: NamedTensors): tf.Scalar;
  /** 1 for rows that count, 0 for padding: [rows]. */
  rowWeights(inputs: NamedTensors): tf.Tensor1D;
  /** What an evaluation needs of a batch. */
  evaluate(logits: tf.Tensor2D, inputs: NamedTensors): NamedTensors;
  /** Where more is minimised than a function of the logits; it takes the place of `lossSum` and `evaluate` in training. */
  readonly joint?: JointLoss;
  /** The forward pass of training in parts, whose activations are computed again in the backward pass instead of kept. */
  readonly parts?: ForwardParts;
}

/**
 * A forward pass with dropout, cut between layers: every part but the last gives features to the next one, float32
 * [size x length, width].
 */
export interface ForwardParts {
  /** Names of the parameters of each part, from the input up; at least two parts. */
  readonly parameters: readonly (readonly string[])[];
  readonly width: number;
  /** The features of a part that is not the last; `below` are those of the part under it, none for the first. */
  features(
    part: number,
    below: tf.Tensor2D | undefined,
    inputs: NamedTensors,
    weights: NamedTensors,
  ): tf.Tensor2D;
  /** The logits, from the features of the last part but one. */
  logits(below: tf.Tensor2D, inputs: NamedTensors, weights: NamedTensors): tf.Tensor2D;
}

/** A loss of several outputs of one forward pass. */
export interface JointLoss {
  /** The sum of the weighted losses, a scalar. */
  lossSum(inputs: NamedTensors, weights: NamedTensors, options: LogitsOptions): tf.Scalar;
  /** What an evaluation needs of a batch. */
  evaluate(inputs: NamedTensors, weights: NamedTensors): NamedTensors;
}

/** The sum of a batch's losses. */
export function objectiveLossSum(
  objective: Objective,
  inputs: NamedTensors,
  weights: NamedTensors,
  options: LogitsOptions,
): tf.Scalar {
  if (objective.joint !== undefined) return objective.joint.lossSum(inputs, weights, options);
  return objective.lossSum(objective.logits(inputs, weights, options), inputs);
}

/** What an evaluation needs of a batch. */
export function objectiveEvaluation(
  objective: Objective,
  inputs: NamedTensors,
  weights: NamedTensors,
): NamedTensors {
  if (objective.joint !== undefined) return objective.joint.evaluate(inputs, weights);
  return objective.evaluate(objective.logits(inputs, weights, { training: false }), inputs);
}

/** How logits are computed. */
export interface LogitsOptions {
  /** Dropout is on: training. */
  readonly training: boolean;
}
