/**
 * Masked language modelling: hidden tokens are predicted from those around them.
 *
 * Only masked positions go through the head, whose product with the vocabulary would otherwise be the largest part of a
 * step. Their number differs from batch to batch; a batch has room for the most that its shape can hold, and places that
 * are not needed have weight 0.
 */

import type { SpecialTokenIds, TokenSplit } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import type { Random } from '../../data/random.js';
import type { NamedTensors } from '../../runtime/runtime.js';
import * as tf from '../../runtime/tfjs.js';
import type { BatchPlan } from '../batches.js';
import { collate, encoderInputSpecs, exampleIds, exampleLengths } from '../collate.js';
import { labelCrossEntropySum } from '../losses.js';
import { type MaskedSequence, type MaskingVocabulary, maskedCount, maskSequence } from '../masking.js';
import type {
  EvaluationResult,
  LogitsOptions,
  Objective,
  ObjectiveBatch,
  ObjectiveData,
} from '../objective.js';

/**
 * The forward pass of an encoder and its language modelling head at some positions: logits of shape [positions, vocabulary].
 * `inputs.masked_positions` counts through the batch: row x length + column.
 */
export type MaskedLogits = (
  inputs: NamedTensors,
  weights: NamedTensors,
  options: LogitsOptions,
) => tf.Tensor2D;

/** How a masked language model is trained. */
export interface MaskedLanguageModelOptions {
  readonly logits: MaskedLogits;
  readonly vocabularySize: number;
  /** Share of tokens that is masked, in (0, 1). */
  readonly maskProbability: number;
}

/** The objective of masked language modelling. */
export function maskedLanguageModel(options: MaskedLanguageModelOptions): Objective {
  const capacity = (length: number, size: number) => size * maskedCount(length, options.maskProbability);
  return {
    name: 'masked-language-modeling',
    metrics: ['loss', 'accuracy', 'perplexity'],
    classes: options.vocabularySize,
    rows: capacity,
    inputs: (length, size) => {
      const places = [capacity(length, size)];
      return {
        ...encoderInputSpecs(length, size),
        masked_positions: { shape: places, dtype: 'int32' },
        masked_labels: { shape: places, dtype: 'int32' },
        masked_weights: { shape: places, dtype: 'float32' },
      };
    },
    logits: options.logits,
    lossSum: (logits, inputs) =>
      labelCrossEntropySum(logits, inputs.masked_labels as tf.Tensor1D, inputs.masked_weights as tf.Tensor1D),
    rowWeights: (inputs) => inputs.masked_weights as tf.Tensor1D,
    evaluate: (logits, inputs) => {
      const labels = inputs.masked_labels as tf.Tensor1D;
      const oneHot = tf.oneHot(labels, options.vocabularySize).toFloat();
      return {
        losses: tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), 1)),
        predicted: tf.argMax(logits, 1).toInt(),
      };
    },
  };
}

/** What masking needs besides tokens. */
export interface MaskedDataOptions {
  readonly maskProbability: number;
  readonly vocabularySize: number;
  readonly specialTokens: SpecialTokenIds;
}

/** The sequences of one split. Throws a UserError when the tokenizer has no mask token. */
export function maskedData(split: TokenSplit, options: MaskedDataOptions): ObjectiveData {
  const vocabulary = maskingVocabulary(options);
  const paddingId = options.specialTokens.padding ?? 0;
  const mask = (example: number, random: Random): MaskedSequence =>
    maskSequence(
      exampleIds(split, example),
      options.maskProbability,
      vocabulary,
      random.fork(`example-${example}`),
    );
  return {
    lengths: exampleLengths(split),
    batch: (plan, random) =>
      maskedBatch(split, plan, paddingId, options.maskProbability, (example) => mask(example, random)),
    startEvaluation: () => new MaskedEvaluation(),
  };
}

function maskedBatch(
  split: TokenSplit,
  plan: BatchPlan,
  paddingId: number,
  maskProbability: number,
  mask: (example: number) => MaskedSequence,
): ObjectiveBatch {
  const sequences = new Map(plan.examples.map((example) => [example, mask(example)]));
  const { inputs, tokens } = collate(
    split,
    plan,
    paddingId,
    (example) => sequences.get(example)?.inputIds ?? exampleIds(split, example),
  );
  const capacity = plan.size * maskedCount(plan.length, maskProbability);
  const positions = new Int32Array(capacity);
  const labels = new Int32Array(capacity);
  const weights = new Float32Array(capacity);
  let used = 0;
  plan.examples.forEach((example, row) => {
    const sequence = sequences.get(example);
    sequence?.positions.forEach((position, index) => {
      positions[used] = row * plan.length + position;
      labels[used] = sequence.labels[index] ?? 0;
      weights[used] = 1;
      used++;
    });
  });
  const shape = [capacity];
  return {
    feeds: {
      ...inputs,
      masked_positions: { dtype: 'int32', shape, data: positions },
      masked_labels: { dtype: 'int32', shape, data: labels },
      masked_weights: { dtype: 'float32', shape, data: weights },
    },
    weight: used,
    tokens,
  };
}

class MaskedEvaluation implements EvaluationResult {
  #loss = 0;
  #correct = 0;
  #tokens = 0;

  add: EvaluationResult['add'] = (_plan, batch, outputs) => {
    const labels = batch.feeds.masked_labels?.data ?? [];
    const weights = batch.feeds.masked_weights?.data ?? [];
    for (let place = 0; place < weights.length; place++) {
      if (weights[place] === 0) continue;
      this.#loss += outputs.losses?.data[place] ?? 0;
      if (outputs.predicted?.data[place] === labels[place]) this.#correct++;
      this.#tokens++;
    }
  };

  metrics() {
    const loss = this.#loss / Math.max(1, this.#tokens);
    return { loss, accuracy: this.#correct / Math.max(1, this.#tokens), perplexity: Math.exp(loss) };
  }
}

function maskingVocabulary({ specialTokens, vocabularySize }: MaskedDataOptions): MaskingVocabulary {
  if (specialTokens.mask === null) {
    throw new UserError({
      code: 'train/no-mask-token',
      message: 'The tokenizer has no mask token, which masked language modelling needs.',
      expected: 'a tokenizer with a mask token, [MASK] in BERT',
    });
  }
  const special = new Set<number>();
  for (const id of Object.values(specialTokens)) if (id !== null) special.add(id);
  return { size: vocabularySize, mask: specialTokens.mask, special };
}
