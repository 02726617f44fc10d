/**
 * What every model family offers: its configuration, its parameters, and its forward passes as pure functions of
 * weights and inputs.
 */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { JsonRecord } from '../formats/json.js';
import type { NamedTensors } from '../runtime/runtime.js';

/** What a model is made for. */
export type ModelTask = 'sequence-classification' | 'masked-language-modeling';

/** The tasks, as recipes and `roux.json` write them. */
export const modelTasks: readonly ModelTask[] = ['sequence-classification', 'masked-language-modeling'];

/** Parts beside the encoder that a model can have. */
export type ModelPart = 'pooler' | 'sequence-classification' | 'masked-language-modeling';

/** What is common to the configurations of all families. */
export interface ModelConfig {
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly vocabularySize: number;
  /** The longest sequence, in tokens. */
  readonly maximumLength: number;
  readonly hiddenSize: number;
  readonly layers: number;
  /** Token types that the model tells apart; 1 where it does not. */
  readonly typeVocabularySize: number;
  readonly paddingTokenId: number;
  /** Standard deviation of fresh weights. */
  readonly initializerRange: number;
  /** Names of the classes, in the order of the logits. */
  readonly labels: readonly string[];
  /** The fields of config.json as they stand, also those that roux does not know. */
  readonly fields: JsonRecord;
}

/** One weight. */
export interface Parameter {
  /** The name that Hugging Face's transformers gives it. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The part of the model that it belongs to: `embeddings`, `layers.3`, `pooler`, `classifier`, `masked-language-head`. */
  readonly group: string;
  readonly initial: 'normal' | 'zeros' | 'ones';
  /** A row that starts as zeros: the padding token's embedding. */
  readonly zeroRow?: number;
}

/** The inputs of an encoder, int32, each [batch, sequence]. */
export interface EncoderInputs {
  readonly inputIds: Tensor2D;
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: Tensor2D;
  /** 0 for the first text, 1 for the second. */
  readonly tokenTypeIds: Tensor2D;
}

/** How a forward pass is computed. */
export interface ForwardOptions {
  /** Dropout is on. */
  readonly training: boolean;
}

/** A model family with a configuration. */
export interface Architecture {
  readonly config: ModelConfig;
  /** The weights of the encoder and of the given parts, in the model's order. */
  parameters(parts: readonly ModelPart[]): readonly Parameter[];
  /** The parts that a task computes with. */
  partsOf(task: ModelTask): readonly ModelPart[];
  /** The class that Python's transformers loads for a task: `BertForMaskedLM`. */
  architectureName(task: ModelTask): string;
  /**
   * The name that a stored tensor has in `parameters`: old spellings and missing prefixes are brought into the present
   * form. Null for what is no weight or a copy of one (position ids, tied decoders).
   */
  parameterName(storedName: string): string | null;
  /** Scores of the classes: [batch, labels]. */
  classify(weights: NamedTensors, inputs: EncoderInputs, options: ForwardOptions): Tensor2D;
  /**
   * Scores of the vocabulary at some positions: [positions, vocabulary].
   *
   * @param positions int32 indices into the flattened batch (sequence number x length + position): [positions]; all
   * positions when absent.
   */
  predictTokens(
    weights: NamedTensors,
    inputs: EncoderInputs,
    positions: Tensor1D | undefined,
    options: ForwardOptions,
  ): Tensor2D;
}
