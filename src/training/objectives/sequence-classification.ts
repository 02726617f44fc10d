/**
 * Sequence classification: one label per text, cross entropy.
 */

import type { TokenSplit } from '../../artifacts/tokens.js';
import { accuracy } from '../../metrics/accuracy.js';
import { confusionMatrixOf } from '../../metrics/confusion-matrix.js';
import { precisionRecallF1 } from '../../metrics/precision-recall.js';
import type { HostTensor, NamedTensors, TensorSpec } from '../../runtime/runtime.js';
import * as tf from '../../runtime/tfjs.js';
import type { BatchPlan } from '../batches.js';
import { collate, encoderInputSpecs, exampleLengths } from '../collate.js';
import { classTargets, crossEntropySum } from '../losses.js';
import type {
  EvaluationResult,
  ForwardParts,
  LogitsOptions,
  Objective,
  ObjectiveData,
} from '../objective.js';

/** The forward pass of a classifier: logits of shape [batch, labels]. */
export type ClassifierLogits = (
  inputs: NamedTensors,
  weights: NamedTensors,
  options: LogitsOptions,
) => tf.Tensor2D;

/** A classifier. */
export interface SequenceClassificationOptions {
  readonly logits: ClassifierLogits;
  readonly labels: number;
  /** The forward pass in parts, where activations are computed again. */
  readonly parts?: ForwardParts;
  /** Shapes of what the model reads; default: an encoder's tokens. */
  readonly inputs?: (length: number, size: number) => Readonly<Record<string, TensorSpec>>;
}

/** The objective of sequence classification. */
export function sequenceClassification(options: SequenceClassificationOptions): Objective {
  const { labels, inputs: modelInputs = encoderInputSpecs } = options;
  return {
    name: 'sequence-classification',
    metrics: ['loss', 'accuracy', 'macro_f1'],
    classes: labels,
    rows: (_length, size) => size,
    inputs: (length, size) => ({
      ...modelInputs(length, size),
      targets: { shape: [size, labels], dtype: 'float32' },
    }),
    logits: options.logits,
    lossSum: (logits, inputs) => crossEntropySum(logits, inputs.targets as tf.Tensor2D),
    rowWeights: (inputs) => tf.ones([inputs.targets?.shape[0] ?? 0]),
    evaluate: (logits) => ({ log_probabilities: tf.logSoftmax(logits) }),
    ...(options.parts === undefined ? {} : { parts: options.parts }),
  };
}

/** What the data of a classifier needs besides tokens. */
export interface ClassificationDataOptions {
  readonly labels: number;
  readonly paddingId: number;
  /** One weight per label; evaluations do not weight. */
  readonly classWeights?: readonly number[];
  /** In [0, 1); evaluations do not smooth. */
  readonly labelSmoothing?: number;
  /** The inputs of a batch, and its tokens without padding; default: an encoder's tokens. */
  readonly collate?: (plan: BatchPlan) => {
    readonly inputs: Readonly<Record<string, HostTensor>>;
    readonly tokens: number;
  };
}

/** The examples of one split. Examples without a label have no part in losses and metrics. */
export function classificationData(split: TokenSplit, options: ClassificationDataOptions): ObjectiveData {
  const { labels: classes } = options;
  const inputsOf = options.collate ?? ((plan: BatchPlan) => collate(split, plan, options.paddingId));
  return {
    lengths: exampleLengths(split),
    batch(plan) {
      const { inputs, tokens } = inputsOf(plan);
      const labels = Array.from({ length: plan.size }, (_, row) => labelOf(split, plan.examples[row]));
      const { targets, weight } = classTargets(labels, { ...options, classes });
      return {
        feeds: { ...inputs, targets: { dtype: 'float32', shape: [plan.size, classes], data: targets } },
        weight,
        tokens,
      };
    },
    startEvaluation: () => new ClassificationEvaluation(split, classes),
  };
}

class ClassificationEvaluation implements EvaluationResult {
  readonly #split: TokenSplit;
  readonly #classes: number;
  readonly #counts: number[][];
  #loss = 0;
  #examples = 0;

  constructor(split: TokenSplit, classes: number) {
    this.#split = split;
    this.#classes = classes;
    this.#counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  }

  add: EvaluationResult['add'] = (plan, _batch, outputs) => {
    const values = outputs.log_probabilities?.data ?? [];
    plan.examples.forEach((example, row) => {
      const label = labelOf(this.#split, example);
      if (label < 0) return;
      const start = row * this.#classes;
      let predicted = 0;
      for (let column = 1; column < this.#classes; column++) {
        if ((values[start + column] ?? 0) > (values[start + predicted] ?? 0)) predicted = column;
      }
      this.#loss -= values[start + label] ?? 0;
      this.#examples++;
      const counts = this.#counts[label];
      if (counts !== undefined) counts[predicted] = (counts[predicted] ?? 0) + 1;
    });
  };

  metrics() {
    const confusion = confusionMatrixOf(this.#counts);
    return {
      loss: this.#loss / Math.max(1, this.#examples),
      accuracy: accuracy(confusion),
      macro_f1: precisionRecallF1(confusion).macro.f1,
    };
  }
}

function labelOf(split: TokenSplit, example: number | undefined): number {
  return example === undefined ? -1 : (split.labels?.[example] ?? -1);
}
