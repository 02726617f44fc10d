/**
 * Masked language modelling and, in the same forward pass, summing texts up as a teacher does.
 *
 * A masked language model learns about words, never to sum a text up in its pooler, from which classifiers start. Here the
 * pooler of the masked text is drawn towards the embedding that a larger encoder gives the text. What is minimised is
 *
 *     mean over masked tokens of the cross entropy + weight x mean over texts of (1 - cosine(pooler, teacher))
 *
 * (cosine loss between sentence embeddings: Reimers and Gurevych, "Making monolingual sentence embeddings multilingual using
 * knowledge distillation", 2020, there as a squared distance).
 */

import type { Embeddings } from '../../artifacts/embeddings.js';
import type { NamedTensors } from '../../runtime/runtime.js';
import * as tf from '../../runtime/tfjs.js';
import type { BatchPlan } from '../batches.js';
import type {
  EvaluationResult,
  LogitsOptions,
  Objective,
  ObjectiveBatch,
  ObjectiveData,
} from '../objective.js';

/** One forward pass: scores of the masked tokens, [positions, vocabulary], and the pooler's output, [batch, hidden]. */
export type MaskedLogitsAndPooled = (
  inputs: NamedTensors,
  weights: NamedTensors,
  options: LogitsOptions,
) => { readonly logits: tf.Tensor2D; readonly pooled: tf.Tensor2D };

/** How a language model is distilled. */
export interface DistillationOptions {
  readonly forward: MaskedLogitsAndPooled;
  /** Numbers of one target: the student's hidden size. */
  readonly size: number;
  /** The weight of the cosine loss. */
  readonly weight: number;
}

/** Adds the teacher's part to the objective of masked language modelling. */
export function distilledLanguageModel(masked: Objective, options: DistillationOptions): Objective {
  return {
    ...masked,
    metrics: [...masked.metrics, 'cosine'],
    inputs: (length, size) => ({
      ...masked.inputs(length, size),
      targets: { shape: [size, options.size], dtype: 'float32' },
      target_weights: { shape: [size], dtype: 'float32' },
    }),
    joint: {
      lossSum: (inputs, weights, logitsOptions) => {
        const { logits, pooled } = options.forward(inputs, weights, logitsOptions);
        const distances = tf.sub(1, cosines(pooled, inputs.targets as tf.Tensor2D));
        const summed = tf.sum(tf.mul(distances, inputs.target_weights as tf.Tensor1D));
        return tf.add(masked.lossSum(logits, inputs), tf.mul(summed, options.weight)) as tf.Scalar;
      },
      evaluate: (inputs, weights) => {
        const { logits, pooled } = options.forward(inputs, weights, { training: false });
        return {
          ...masked.evaluate(logits, inputs),
          cosines: cosines(pooled, inputs.targets as tf.Tensor2D),
        };
      },
    },
  };
}

/** Adds each example's target to the data of masked language modelling. */
export function distilledData(masked: ObjectiveData, { size, values }: Embeddings): ObjectiveData {
  return {
    lengths: masked.lengths,
    batch: (plan, random) => {
      const batch = masked.batch(plan, random);
      const targets = new Float32Array(plan.size * size);
      plan.examples.forEach((example, row) => {
        targets.set(values.subarray(example * size, (example + 1) * size), row * size);
      });
      // Any direction will do for rows of weight 0, but none has no cosine.
      for (let row = plan.examples.length; row < plan.size; row++) targets[row * size] = 1;
      const feeds: ObjectiveBatch['feeds'] = {
        ...batch.feeds,
        targets: { dtype: 'float32', shape: [plan.size, size], data: targets },
      };
      return withTargetWeights({ ...batch, feeds }, plan, meanWeight([batch], [plan]));
    },
    joined: (batches, plans) => {
      const weight = meanWeight(batches, plans);
      return batches.map((batch, part) => {
        const plan = plans[part];
        return plan === undefined ? batch : withTargetWeights(batch, plan, weight);
      });
    },
    startEvaluation: () => new DistilledEvaluation(masked.startEvaluation()),
  };
}

/** The sum of both losses is divided by the number of masked tokens; the teacher's part is a mean over texts. */
function meanWeight(batches: readonly ObjectiveBatch[], plans: readonly BatchPlan[]): number {
  const tokens = batches.reduce((sum, { weight }) => sum + weight, 0);
  const texts = plans.reduce((sum, { examples }) => sum + examples.length, 0);
  return (tokens || 1) / texts;
}

function withTargetWeights(batch: ObjectiveBatch, plan: BatchPlan, weight: number): ObjectiveBatch {
  const data = new Float32Array(plan.size).fill(weight, 0, plan.examples.length);
  return {
    ...batch,
    feeds: { ...batch.feeds, target_weights: { dtype: 'float32', shape: [plan.size], data } },
  };
}

class DistilledEvaluation implements EvaluationResult {
  readonly #masked: EvaluationResult;
  #cosines = 0;
  #examples = 0;

  constructor(masked: EvaluationResult) {
    this.#masked = masked;
  }

  add: EvaluationResult['add'] = (plan, batch, outputs) => {
    this.#masked.add(plan, batch, outputs);
    plan.examples.forEach((_, row) => {
      this.#cosines += outputs.cosines?.data[row] ?? 0;
      this.#examples++;
    });
  };

  metrics() {
    return { ...this.#masked.metrics(), cosine: this.#cosines / Math.max(1, this.#examples) };
  }
}

/** The cosine of each row of one matrix with the same row of another: [rows]. */
function cosines(left: tf.Tensor2D, right: tf.Tensor2D): tf.Tensor1D {
  const products = tf.sum(tf.mul(left, right), 1);
  const squares = tf.mul(tf.sum(tf.square(left), 1), tf.sum(tf.square(right), 1));
  return tf.mul(products, tf.rsqrt(tf.add(squares, smallest))) as tf.Tensor1D;
}

/** Keeps the root of zero away. */
const smallest = 1e-12;
