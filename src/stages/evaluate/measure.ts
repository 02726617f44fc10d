/**
 * What models say of tokens: probabilities of classes, and losses of hidden tokens.
 */
import type * as tf from '@tensorflow/tfjs';
import { noLabel, type SpecialTokenIds, type TokenSplit } from '../../artifacts/tokens.js';
import { createRandom, type Random } from '../../data/random.js';
import type { Architecture, EncoderInputs } from '../../models/architecture.js';
import { type Model, taskParameters, weightsOf } from '../../models/model.js';
import { createPredictor } from '../../models/predict.js';
import type { NamedTensors, Runtime } from '../../runtime/runtime.js';
import { exampleIds } from '../../training/collate.js';
import { createEvaluator } from '../../training/evaluator.js';
import type { EvaluationMetrics, Objective, ObjectiveData } from '../../training/objective.js';
import { maskedData, maskedLanguageModel } from '../../training/objectives/masked-language-model.js';
import {
  classificationData,
  sequenceClassification,
} from '../../training/objectives/sequence-classification.js';

/** How a model is run over data. */
export interface MeasureOptions {
  readonly runtime: Runtime;
  /** Tokens of a batch, padding included; default: the predictor's, and 4096 for losses. */
  readonly batchTokens: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** How hidden tokens are chosen. */
export interface MaskingOptions {
  readonly specialTokens: SpecialTokenIds;
  /** Share of tokens that is masked, in (0, 1). */
  readonly maskProbability: number;
  /** Draws which tokens are hidden; each example has a stream of its own. */
  readonly random: Random;
}

/** Batches of losses have one size for all lengths, which the longest decides. */
const lossBatchTokens = 4096;

/** The probabilities of the classes for each example: [examples][labels], float32, in the order of the examples. */
export async function classProbabilities(
  model: Model,
  split: TokenSplit,
  { runtime, batchTokens, signal, onProgress }: MeasureOptions,
): Promise<readonly Float32Array[]> {
  const predictor = createPredictor(model, runtime, { batchTokens });
  try {
    const sequences = Array.from({ length: split.examples }, (_, example) => ({
      inputIds: exampleIds(split, example),
      tokenTypeIds: split.tokenTypeIds.subarray(split.offsets[example], split.offsets[example + 1]),
    }));
    return await predictor.probabilities(sequences, { signal, onProgress });
  } finally {
    predictor.dispose();
  }
}

/** Loss, accuracy and macro F1 of a classifier on labelled tokens. */
export function measureClassifier(
  model: Model,
  split: TokenSplit,
  options: MeasureOptions,
): Promise<EvaluationMetrics> {
  const { labels, paddingTokenId } = model.architecture.config;
  const data = classificationData(split, { labels: labels.length, paddingId: paddingTokenId });
  return evaluate(model, classifier(model.architecture), data, createRandom(0), options);
}

/**
 * Loss, accuracy and perplexity of a masked language model.
 *
 * Which tokens are hidden is drawn from `masking.random` and the examples alone: two models with the same stream are
 * asked for the same tokens.
 */
export function measureLanguageModel(
  model: Model,
  split: TokenSplit,
  masking: MaskingOptions,
  options: MeasureOptions,
): Promise<EvaluationMetrics> {
  const { architecture } = model;
  const { vocabularySize } = architecture.config;
  const objective = maskedLanguageModel({
    maskProbability: masking.maskProbability,
    vocabularySize,
    logits: (inputs, weights, { training }) =>
      architecture.predictTokens(weights, encoderInputs(inputs), inputs.masked_positions as tf.Tensor1D, {
        training,
      }),
  });
  return evaluate(
    model,
    objective,
    maskedData(split, { ...masking, vocabularySize }),
    masking.random,
    options,
  );
}

/** Whether an example of the split has a label. */
export function hasLabels(split: TokenSplit): boolean {
  return split.labels?.some((label) => label !== noLabel) ?? false;
}

function classifier(architecture: Architecture): Objective {
  return sequenceClassification({
    labels: architecture.config.labels.length,
    logits: (inputs, weights, { training }) =>
      architecture.classify(weights, encoderInputs(inputs), { training }),
  });
}

async function evaluate(
  model: Model,
  objective: Objective,
  data: ObjectiveData,
  random: Random,
  { runtime, batchTokens, signal, onProgress }: MeasureOptions,
): Promise<EvaluationMetrics> {
  const longest = data.lengths.reduce((most, length) => Math.max(most, length), 1);
  const variables = runtime.createVariables(weightsOf(model, taskParameters(model)));
  const evaluator = createEvaluator({
    runtime,
    objective,
    variables,
    data,
    batchSize: Math.max(1, Math.floor((batchTokens ?? lossBatchTokens) / longest)),
    maximumLength: model.architecture.config.maximumLength,
    passes: 1,
    denseWeights: denseWeights(model),
    random,
    signal,
  });
  try {
    return await evaluator.evaluate(onProgress);
  } finally {
    evaluator.dispose();
    variables.dispose();
  }
}

/** Parameters that multiply every token: all but the embeddings. */
function denseWeights(model: Model): number {
  return taskParameters(model)
    .filter(({ group }) => group !== 'embeddings')
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function encoderInputs(inputs: NamedTensors): EncoderInputs {
  return {
    inputIds: inputs.input_ids as tf.Tensor2D,
    attentionMask: inputs.attention_mask as tf.Tensor2D,
    tokenTypeIds: inputs.token_type_ids as tf.Tensor2D,
  };
}
