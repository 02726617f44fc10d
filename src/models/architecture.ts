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

/**
 * The lower part of a model, from its input up: the embeddings, the first layers of the encoder and, above all of them,
 * perhaps the pooler. What it gives is called its features.
 */
export interface Prefix {
  /** Layers of the encoder, at least 1. */
  readonly layers: number;
  /**
   * Whether features are those of every token, [batch x length, hidden], or of each sequence's first one, [batch, hidden],
   * which is all that a classifier needs of the whole encoder.
   */
  readonly rows: 'all' | 'first';
  /** The pooler is part of it; only with `rows: 'first'`. */
  readonly pooled: boolean;
}

/** What the layers above a prefix take: its features instead of tokens. */
export interface PrefixFeatures {
  readonly prefix: Prefix;
  readonly features: Tensor2D;
  /** 1 for tokens, 0 for padding, int32 [batch, length]. Absent where features are those of first tokens. */
  readonly attentionMask?: Tensor2D | undefined;
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
  /** The features of a prefix, from tokens or from those of a shorter one of all rows; by default without dropout. */
  prefixFeatures(
    weights: NamedTensors,
    inputs: EncoderInputs | PrefixFeatures,
    prefix: Prefix,
    options?: ForwardOptions,
  ): Tensor2D;
  /** Scores of the classes: [batch, labels]. */
  classify(weights: NamedTensors, inputs: EncoderInputs | PrefixFeatures, options: ForwardOptions): Tensor2D;
  /**
   * Scores of the vocabulary at some positions: [positions, vocabulary].
   *
   * @param positions int32 indices into the flattened batch (sequence number x length + position): [positions]; all
   * positions when absent.
   */
  predictTokens(
    weights: NamedTensors,
    inputs: EncoderInputs | PrefixFeatures,
    positions: Tensor1D | undefined,
    options: ForwardOptions,
  ): Tensor2D;
  /**
   * Both from one forward pass: scores of the vocabulary at some positions, [positions, vocabulary], and the pooled
   * representation of each text, [batch, hidden].
   */
  predictTokensAndPool(
    weights: NamedTensors,
    inputs: EncoderInputs,
    positions: Tensor1D,
    options: ForwardOptions,
  ): { readonly logits: Tensor2D; readonly pooled: Tensor2D };
}
