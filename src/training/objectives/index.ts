/**
 * The objectives of the tasks that models can have.
 */
import type * as tf from '@tensorflow/tfjs';
import type { Activations } from '../../artifacts/activations.js';
import type { TokenSplit, Tokens } from '../../artifacts/tokens.js';
import type {
  Architecture,
  EncoderInputs,
  ModelTask,
  Prefix,
  PrefixFeatures,
} from '../../models/architecture.js';
import { identified, identityOf } from '../../runtime/identity.js';
import type { NamedTensors } from '../../runtime/runtime.js';
import { collateFeatures, featureInputSpecs } from '../frozen-features.js';
import type { Objective, ObjectiveData } from '../objective.js';
import { classifierParts } from './classifier-parts.js';
import { distilledLanguageModel } from './distilled-language-model.js';
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
  /** A part of the model that does not change. It is computed without dropout. */
  readonly prefix?: Prefix;
  /** The prefix's features are the inputs, instead of tokens. Only for classification, whose inputs never change. */
  readonly fromFeatures?: boolean;
  /** Classification: activations of layers are computed again in the backward pass instead of kept. */
  readonly recompute?: boolean;
  /** Masked language modelling: the weight of the teacher's part; without it there is none. */
  readonly distillationWeight?: number;
}

/** As in BERT (Devlin et al. 2019, section 3.1). */
export const defaultMaskProbability = 0.15;

/** The objective of a model's task. */
export function createObjective(
  architecture: Architecture,
  task: ModelTask,
  settings: ObjectiveSettings = {},
): Objective {
  const objective = makeObjective(architecture, task, settings);
  return identified(objective, identityOf({ architecture }, { task, settings }));
}

function makeObjective(architecture: Architecture, task: ModelTask, settings: ObjectiveSettings): Objective {
  const { prefix, fromFeatures = false } = settings;
  const inputsOf = (inputs: NamedTensors, weights: NamedTensors): EncoderInputs | PrefixFeatures => {
    if (prefix === undefined) return encoderInputs(inputs);
    const features = fromFeatures
      ? (inputs.features as tf.Tensor2D)
      : architecture.prefixFeatures(weights, encoderInputs(inputs), prefix);
    return { prefix, features, attentionMask: inputs.attention_mask as tf.Tensor2D | undefined };
  };
  switch (task) {
    case 'sequence-classification': {
      const parts = settings.recompute === true ? classifierParts(architecture, prefix, inputsOf) : undefined;
      return sequenceClassification({
        ...(parts === undefined ? {} : { parts }),
        logits: (inputs, weights, options) =>
          architecture.classify(weights, inputsOf(inputs, weights), options),
        labels: architecture.config.labels.length,
        ...(prefix !== undefined && fromFeatures
          ? {
              inputs: (length, size) =>
                featureInputSpecs(prefix, architecture.config.hiddenSize, length, size),
            }
          : {}),
      });
    }
    case 'masked-language-modeling':
      return distilled(
        architecture,
        settings,
        maskedLanguageModel({
          logits: (inputs, weights, options) =>
            architecture.predictTokens(
              weights,
              inputsOf(inputs, weights),
              inputs.masked_positions as tf.Tensor1D,
              options,
            ),
          vocabularySize: architecture.config.vocabularySize,
          maskProbability: settings.maskProbability ?? defaultMaskProbability,
        }),
      );
  }
}

/**
 * One split's examples, for the objective of a model's task.
 *
 * @param activations the features of the split's examples, for an objective that starts from features.
 */
export function createObjectiveData(
  architecture: Architecture,
  task: ModelTask,
  tokens: Tokens,
  split: TokenSplit,
  settings: ObjectiveSettings = {},
  activations?: Activations,
): ObjectiveData {
  const { config } = architecture;
  const { prefix, fromFeatures } = settings;
  switch (task) {
    case 'sequence-classification':
      return classificationData(split, {
        labels: config.labels.length,
        paddingId: config.paddingTokenId,
        ...settings,
        ...(fromFeatures === true && prefix !== undefined && activations !== undefined
          ? { collate: (plan) => collateFeatures(activations, split, plan, prefix) }
          : {}),
      });
    case 'masked-language-modeling':
      return maskedData(split, {
        maskProbability: settings.maskProbability ?? defaultMaskProbability,
        vocabularySize: config.vocabularySize,
        specialTokens: tokens.specialTokens,
      });
  }
}

/** The objective with a teacher's part where the settings ask for one. */
function distilled(architecture: Architecture, settings: ObjectiveSettings, masked: Objective): Objective {
  const { distillationWeight: weight } = settings;
  if (weight === undefined) return masked;
  return distilledLanguageModel(masked, {
    forward: (inputs, weights, options) =>
      architecture.predictTokensAndPool(
        weights,
        encoderInputs(inputs),
        inputs.masked_positions as tf.Tensor1D,
        options,
      ),
    size: architecture.config.hiddenSize,
    weight,
  });
}

function encoderInputs(inputs: NamedTensors): EncoderInputs {
  return {
    inputIds: inputs.input_ids as tf.Tensor2D,
    attentionMask: inputs.attention_mask as tf.Tensor2D,
    tokenTypeIds: inputs.token_type_ids as tf.Tensor2D,
  };
}
