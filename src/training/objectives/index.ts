/**
 * The objectives of the tasks that models can have.
 */
import type * as tf from '@tensorflow/tfjs';
import type { TokenSplit, Tokens } from '../../artifacts/tokens.js';
import type { Architecture, EncoderInputs, ModelTask } from '../../models/architecture.js';
import type { NamedTensors } from '../../runtime/runtime.js';
import type { Objective, ObjectiveData } from '../objective.js';
import { maskedData, maskedLanguageModel } from './masked-language-model.js';
import { classificationData, sequenceClassification } from './sequence-classification.js';

/** What differs between the objectives of one task. */
export interface ObjectiveSettings {
  /** Classification: one weight per label in training. */
  readonly classWeights?: readonly number[];
  /** Classification: in [0, 1). */
  readonly labelSmoothing?: number;
  /** Masked language modelling: share of tokens that is masked; default 0.15. */
  readonly maskProbability?: number;
}

/** As in BERT (Devlin et al. 2019, section 3.1). */
export const defaultMaskProbability = 0.15;

/** The objective of a model's task. */
export function createObjective(
  architecture: Architecture,
  task: ModelTask,
  settings: ObjectiveSettings = {},
): Objective {
  switch (task) {
    case 'sequence-classification':
      return sequenceClassification({
        logits: (inputs, weights, options) => architecture.classify(weights, encoderInputs(inputs), options),
        labels: architecture.config.labels.length,
      });
    case 'masked-language-modeling':
      return maskedLanguageModel({
        logits: (inputs, weights, options) =>
          architecture.predictTokens(
            weights,
            encoderInputs(inputs),
            inputs.masked_positions as tf.Tensor1D,
            options,
          ),
        vocabularySize: architecture.config.vocabularySize,
        maskProbability: settings.maskProbability ?? defaultMaskProbability,
      });
  }
}

/** One split's examples, for the objective of a model's task. */
export function createObjectiveData(
  architecture: Architecture,
  task: ModelTask,
  tokens: Tokens,
  split: TokenSplit,
  settings: ObjectiveSettings = {},
): ObjectiveData {
  const { config } = architecture;
  switch (task) {
    case 'sequence-classification':
      return classificationData(split, {
        labels: config.labels.length,
        paddingId: config.paddingTokenId,
        ...settings,
      });
    case 'masked-language-modeling':
      return maskedData(split, {
        maskProbability: settings.maskProbability ?? defaultMaskProbability,
        vocabularySize: config.vocabularySize,
        specialTokens: tokens.specialTokens,
      });
  }
}

function encoderInputs(inputs: NamedTensors): EncoderInputs {
  return {
    inputIds: inputs.input_ids as tf.Tensor2D,
    attentionMask: inputs.attention_mask as tf.Tensor2D,
    tokenTypeIds: inputs.token_type_ids as tf.Tensor2D,
  };
}
