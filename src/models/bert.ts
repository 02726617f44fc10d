/**
 * BERT (Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019): the
 * encoder of Vaswani et al., "Attention Is All You Need", 2017, with learned positions and layer normalization after
 * each residual connection, and the heads for classification and masked language modelling.
 *
 * Sizes in comments: B sequences of S tokens, N = B S rows, H hidden features, A heads of D = H / A features each,
 * I intermediate features, R rows that are asked for, V words.
 */

import type { JsonFields } from '../formats/json.js';
import { identified } from '../runtime/identity.js';
import type { NamedTensors } from '../runtime/runtime.js';
import * as tf from '../runtime/tfjs.js';
import type { Architecture, EncoderInputs, ForwardOptions, Prefix, PrefixFeatures } from './architecture.js';
import { type BertConfig, parseBertConfig } from './bert-config.js';
import { bertParameterName, bertParameters } from './bert-parameters.js';
import { activations, dropout, layerNorm, linear, weightNamed } from './layers.js';

/**
 * The rows of the last layer that are computed: all tokens, each sequence's first token, or the tokens at some indices of
 * the flattened batch. The last layer's work on other rows is left out; the result is the same.
 */
export type RowSelection =
  | { readonly rows: 'all' }
  | { readonly rows: 'first' }
  | { readonly rows: 'indices'; readonly indices: tf.Tensor1D };

/** Masked positions get this added to their attention scores: exp of it is 0. */
const maskedScore = -1e9;

/** A BERT model with the configuration of a `config.json`. */
export function createBert(fields: JsonFields): Architecture {
  const config = parseBertConfig(fields);
  const architecture: Architecture = {
    config,
    parameters: (parts) => bertParameters(config, parts),
    partsOf: (task) =>
      task === 'sequence-classification'
        ? ['pooler', 'sequence-classification']
        : ['masked-language-modeling'],
    architectureName: (task) =>
      task === 'sequence-classification' ? 'BertForSequenceClassification' : 'BertForMaskedLM',
    parameterName: (storedName) => bertParameterName(storedName, config),
    prefixFeatures: (weights, inputs, prefix, options = { training: false }) =>
      bertPrefix(weights, config, inputs, prefix, options),
    classify: (weights, inputs, options) => bertClassifier(weights, config, inputs, options),
    predictTokens: (weights, inputs, positions, options) =>
      bertMaskedLanguageModel(weights, config, inputs, positions, options),
    predictTokensAndPool: (weights, inputs, positions, options) =>
      bertMaskedLanguageModelAndPooler(weights, config, inputs, positions, options),
  };
  return identified(architecture, { family: 'bert', fields: config.fields });
}

/** The encoder's last hidden states: [rows, H], rows as selected (default: all, in the order of the flattened batch). */
export function bertEncoder(
  weights: NamedTensors,
  config: BertConfig,
  inputs: EncoderInputs | PrefixFeatures,
  options: ForwardOptions,
  selection: RowSelection = { rows: 'all' },
): tf.Tensor2D {
  if (!('features' in inputs)) {
    const embedded = embed(weights, config, inputs, options); // [N, H]
    const layers = { first: 0, end: config.layers };
    return encoderLayers(weights, config, embedded, inputs.attentionMask, layers, options, selection);
  }
  const { prefix, features, attentionMask } = inputs;
  if (prefix.rows === 'first') return features;
  if (attentionMask === undefined) throw new Error('features of all tokens come with an attention mask');
  const [batch, length] = attentionMask.shape;
  const layers = { first: prefix.layers, end: config.layers };
  return layers.first === layers.end
    ? selectRows(features, { batch, length, rows: selection })
    : encoderLayers(weights, config, features, attentionMask, layers, options, selection);
}

/** The features of a prefix: [N, H], or [B, H] of first tokens. */
function bertPrefix(
  weights: NamedTensors,
  config: BertConfig,
  inputs: EncoderInputs | PrefixFeatures,
  { layers, rows, pooled }: Prefix,
  options: ForwardOptions,
): tf.Tensor2D {
  const { attentionMask } = inputs;
  if (attentionMask === undefined) throw new Error('features of all tokens come with an attention mask');
  const isBegun = 'features' in inputs;
  const below = isBegun ? inputs.features : embed(weights, config, inputs, options); // [N, H]
  const range = { first: isBegun ? inputs.prefix.layers : 0, end: layers };
  const hidden = encoderLayers(weights, config, below, attentionMask, range, options, { rows });
  return pooled ? bertPooler(weights, hidden) : hidden;
}

/** The layers `first` .. `end - 1`, of which the last one computes the selected rows: [N, H] -> [R, H]. */
function encoderLayers(
  weights: NamedTensors,
  config: BertConfig,
  input: tf.Tensor2D,
  attentionMask: tf.Tensor2D,
  { first, end }: { readonly first: number; readonly end: number },
  options: ForwardOptions,
  selection: RowSelection,
): tf.Tensor2D {
  const [batch, length] = attentionMask.shape;
  const attended = tf.cast(attentionMask, 'float32');
  const mask = tf.mul(tf.sub(1, attended), maskedScore).reshape([batch, 1, 1, length]); // [B, 1, 1, S]
  let hidden = input;
  for (let layer = first; layer < end; layer++) {
    const rows = layer === end - 1 ? selection : ({ rows: 'all' } as const);
    hidden = encoderLayer(weights, config, layer, { hidden, mask, batch, length, rows }, options);
  }
  return hidden;
}

/** The pooled representation of each sequence: tanh of a linear layer over its first token. [B, H] -> [B, H] */
export function bertPooler(weights: NamedTensors, firstTokens: tf.Tensor2D): tf.Tensor2D {
  return tf.tanh(linear(firstTokens, weights, 'bert.pooler.dense'));
}

/** Scores of the classes: [B, labels]. */
export function bertClassifier(
  weights: NamedTensors,
  config: BertConfig,
  inputs: EncoderInputs | PrefixFeatures,
  options: ForwardOptions,
): tf.Tensor2D {
  const firstTokens = bertEncoder(weights, config, inputs, options, { rows: 'first' }); // [B, H]
  const isPooled = 'features' in inputs && inputs.prefix.pooled;
  const pooled = isPooled ? firstTokens : bertPooler(weights, firstTokens); // [B, H]
  return linear(dropout(pooled, config.classifierDropout, options.training), weights, 'classifier');
}

/** Scores of the words at the given indices of the flattened batch (all when absent): [R, V]. */
export function bertMaskedLanguageModel(
  weights: NamedTensors,
  config: BertConfig,
  inputs: EncoderInputs | PrefixFeatures,
  positions: tf.Tensor1D | undefined,
  options: ForwardOptions,
): tf.Tensor2D {
  const selection: RowSelection =
    positions === undefined ? { rows: 'all' } : { rows: 'indices', indices: positions };
  const hidden = bertEncoder(weights, config, inputs, options, selection); // [R, H]
  return languageHead(weights, config, hidden);
}

/** Scores of the words at some indices of the flattened batch, [R, V], and each sequence's pooled representation, [B, H]. */
function bertMaskedLanguageModelAndPooler(
  weights: NamedTensors,
  config: BertConfig,
  inputs: EncoderInputs,
  positions: tf.Tensor1D,
  options: ForwardOptions,
): { readonly logits: tf.Tensor2D; readonly pooled: tf.Tensor2D } {
  const [batch, length] = inputs.inputIds.shape;
  const [asked] = positions.shape;
  const firsts = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, row) => row * length),
    'int32',
  );
  const indices = tf.concat([positions, firsts]) as tf.Tensor1D;
  const hidden = bertEncoder(weights, config, inputs, options, { rows: 'indices', indices }); // [R + B, H]
  const words = tf.slice(hidden, [0, 0], [asked, config.hiddenSize]); // [R, H]
  const firstTokens = tf.slice(hidden, [asked, 0], [batch, config.hiddenSize]); // [B, H]
  return { logits: languageHead(weights, config, words), pooled: bertPooler(weights, firstTokens) };
}

/** Scores of the words for hidden states: [R, H] -> [R, V]. */
function languageHead(weights: NamedTensors, config: BertConfig, hidden: tf.Tensor2D): tf.Tensor2D {
  const activation = activationOf(config);
  const transformed = layerNorm(
    activation(linear(hidden, weights, 'cls.predictions.transform.dense')),
    weights,
    'cls.predictions.transform.LayerNorm',
    config.layerNormEpsilon,
  ); // [R, H]
  const decoder = config.tiedEmbeddings
    ? 'bert.embeddings.word_embeddings.weight'
    : 'cls.predictions.decoder.weight';
  const scores = tf.matMul(transformed, weightNamed(weights, decoder) as tf.Tensor2D, false, true); // [R, V]
  return tf.add(scores, weightNamed(weights, 'cls.predictions.bias'));
}

/** Word, position and token type embeddings, summed and normalized: [N, H]. */
function embed(
  weights: NamedTensors,
  config: BertConfig,
  { inputIds, tokenTypeIds }: EncoderInputs,
  { training }: ForwardOptions,
): tf.Tensor2D {
  const [batch, length] = inputIds.shape;
  const table = (name: string) => weightNamed(weights, `bert.embeddings.${name}.weight`) as tf.Tensor2D;
  const words = tf.gather(table('word_embeddings'), inputIds.flatten()); // [N, H]
  const types = typeEmbeddings(table('token_type_embeddings'), tokenTypeIds.flatten()); // [N, H] or [1, H]
  const positions = tf.slice(table('position_embeddings'), [0, 0], [length, config.hiddenSize]); // [S, H]
  const perToken = tf.add(words, types).reshape([batch, length, config.hiddenSize]); // [B, S, H]
  const sum = tf.add(perToken, positions).reshape([batch * length, config.hiddenSize]) as tf.Tensor2D; // [N, H]
  const normalized = layerNorm(sum, weights, 'bert.embeddings.LayerNorm', config.layerNormEpsilon);
  return dropout(normalized, config.hiddenDropout, training);
}

/** With so few rows a product with one-hot vectors is cheaper than a gather, above all its gradient. */
function typeEmbeddings(table: tf.Tensor2D, types: tf.Tensor1D): tf.Tensor2D {
  if (table.shape[0] === 1) return table;
  return tf.matMul(tf.oneHot(types, table.shape[0]).toFloat() as tf.Tensor2D, table);
}

interface LayerInput {
  /** [N, H] */
  readonly hidden: tf.Tensor2D;
  /** [B, 1, 1, S] */
  readonly mask: tf.Tensor;
  readonly batch: number;
  readonly length: number;
  readonly rows: RowSelection;
}

/** Attention and feed-forward network, each with dropout, residual connection and normalization: [R, H]. */
function encoderLayer(
  weights: NamedTensors,
  config: BertConfig,
  layer: number,
  input: LayerInput,
  { training }: ForwardOptions,
): tf.Tensor2D {
  const at = `bert.encoder.layer.${layer}`;
  const normalize = (x: tf.Tensor2D, name: string) =>
    layerNorm(x, weights, `${at}.${name}.LayerNorm`, config.layerNormEpsilon);
  const drop = (x: tf.Tensor2D) => dropout(x, config.hiddenDropout, training);

  const context = selfAttention(weights, config, `${at}.attention.self`, input, training); // [R, H]
  const residual = selectRows(input.hidden, input); // [R, H]
  const attention = drop(linear(context, weights, `${at}.attention.output.dense`));
  const attended = normalize(tf.add(attention, residual), 'attention.output'); // [R, H]

  const activation = activationOf(config);
  const intermediate = activation(linear(attended, weights, `${at}.intermediate.dense`)); // [R, I]
  const output = drop(linear(intermediate, weights, `${at}.output.dense`)); // [R, H]
  return normalize(tf.add(output, attended), 'output');
}

/** Scaled dot-product attention with several heads (Vaswani et al., section 3.2): [R, H]. */
function selfAttention(
  weights: NamedTensors,
  config: BertConfig,
  at: string,
  input: LayerInput,
  training: boolean,
): tf.Tensor2D {
  const { hidden, mask, batch, length, rows } = input;
  if (rows.rows === 'first') return firstTokenAttention(weights, config, at, input, training);
  const heads = config.attentionHeads;
  const size = config.hiddenSize / heads;
  const perHead = (x: tf.Tensor2D) => tf.transpose(tf.reshape(x, [batch, length, heads, size]), [0, 2, 1, 3]);

  const query = perHead(linear(hidden, weights, `${at}.query`)); // [B, A, S, D]
  const key = perHead(linear(hidden, weights, `${at}.key`)); // [B, A, S, D]
  const value = perHead(linear(hidden, weights, `${at}.value`)); // [B, A, S, D]
  const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size)); // [B, A, S, S]
  const attention = dropout(tf.softmax(tf.add(scores, mask)), config.attentionDropout, training); // [B, A, S, S]
  const mixed = tf.transpose(tf.matMul(attention, value), [0, 2, 1, 3]); // [B, S, A, D]
  const context = tf.reshape(mixed, [batch * length, config.hiddenSize]) as tf.Tensor2D; // [N, H]
  return rows.rows === 'indices' ? selectRows(context, input) : context;
}

/**
 * The same where only each sequence's first token asks: [B, H].
 *
 * With one query a sequence, keys and values of all tokens need not be computed. Per head, q (W_K x + b_K) is (q W_K) x + q b_K, and
 * a mean of W_V x + b_V with the weights a is W_V (sum a x) + b_V sum a: products with as many rows as there are heads
 * instead of tokens.
 */
function firstTokenAttention(
  weights: NamedTensors,
  config: BertConfig,
  at: string,
  input: LayerInput,
  training: boolean,
): tf.Tensor2D {
  const { hidden, mask, batch, length } = input;
  const { attentionHeads: heads, hiddenSize } = config;
  const size = hiddenSize / heads;
  const part = (name: string, shape: number[]) => tf.reshape(weightNamed(weights, `${at}.${name}`), shape);
  const swapped = (x: tf.Tensor) => tf.transpose(x, [1, 0, 2]);

  const tokens = tf.reshape(hidden, [batch, length, hiddenSize]); // [B, S, H]
  const query = swapped(
    tf.reshape(linear(selectRows(hidden, input), weights, `${at}.query`), [batch, heads, size]),
  ); // [A, B, D]
  const asked = swapped(tf.matMul(query, part('key.weight', [heads, size, hiddenSize]))); // [B, A, H]
  const constant = swapped(tf.matMul(query, part('key.bias', [heads, size, 1]))); // [B, A, 1]
  const products = tf.add(tf.matMul(asked, tokens, false, true), constant); // [B, A, S]
  const scores = tf.mul(products, 1 / Math.sqrt(size));
  const masked = tf.add(scores, tf.reshape(mask, [batch, 1, length]));
  const attention = dropout(tf.softmax(masked), config.attentionDropout, training); // [B, A, S]
  const mixed = swapped(tf.matMul(attention, tokens)); // [A, B, H]
  const values = swapped(tf.matMul(mixed, part('value.weight', [heads, size, hiddenSize]), false, true)); // [B, A, D]
  const bias = tf.mul(tf.sum(attention, 2, true), part('value.bias', [1, heads, size])); // [B, A, D]
  return tf.reshape(tf.add(values, bias), [batch, hiddenSize]);
}

/** [N, H] -> [R, H] */
function selectRows(
  x: tf.Tensor2D,
  { batch, length, rows }: Pick<LayerInput, 'batch' | 'length' | 'rows'>,
): tf.Tensor2D {
  switch (rows.rows) {
    case 'all':
      return x;
    case 'indices':
      return tf.gather(x, rows.indices);
    case 'first': {
      const features = x.shape[1];
      const perSequence = tf.reshape(x, [batch, length, features]);
      return tf.reshape(tf.slice(perSequence, [0, 0, 0], [batch, 1, features]), [batch, features]);
    }
  }
}

function activationOf(config: BertConfig): (x: tf.Tensor2D) => tf.Tensor2D {
  const activation = activations[config.activation];
  if (activation === undefined) throw new Error(`the activation ${config.activation} was not checked`);
  return activation;
}
