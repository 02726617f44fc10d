/**
 * One layer of a BERT encoder over all tokens of some texts, with everything that happens inside it laid open.
 *
 * Sizes in comments: B texts of S tokens, N = B S rows, H hidden features, A heads of D = H / A features, I intermediate ones.
 */
import * as tf from '@tensorflow/tfjs';
import type { NamedHostTensors, NamedTensors } from 'roux';

/** The shape of a batch and of attention. */
export interface LayerShape {
  readonly batch: number;
  readonly length: number;
  /** Features of one head. */
  readonly headSize: number;
}

/** Added to the scores of padding: exp of it is 0. */
const maskedScore = -1e9;

/**
 * Queries, keys, values, context, the state after attention, the pre-activations and the state after the layer: [N, ...].
 *
 * @param inputs `hidden` [N, H], `mask` [N] (1 for tokens) and the layer's weights under their names within the layer.
 */
export function openLayer(inputs: NamedTensors, shape: LayerShape): Record<string, tf.Tensor2D> {
  const hidden = inputs.hidden as tf.Tensor2D;
  const query = linear(inputs, 'attention.self.query', hidden);
  const key = linear(inputs, 'attention.self.key', hidden);
  const value = linear(inputs, 'attention.self.value', hidden);
  const context = attention(query, key, value, inputs.mask as tf.Tensor1D, shape);
  const attended = norm(
    inputs,
    'attention.output.LayerNorm',
    tf.add(linear(inputs, 'attention.output.dense', context), hidden),
  );
  const preactivation = linear(inputs, 'intermediate.dense', attended);
  const output = norm(
    inputs,
    'output.LayerNorm',
    tf.add(linear(inputs, 'output.dense', gelu(preactivation)), attended),
  );
  return { query, key, value, context, attended, preactivation, output };
}

/** Scaled dot-product attention of several heads: three of [N, H] -> [N, H]. */
export function attention(
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  value: tf.Tensor2D,
  mask: tf.Tensor1D,
  { batch, length, headSize }: LayerShape,
): tf.Tensor2D {
  const [rows, features] = query.shape;
  const heads = features / headSize;
  const split = (x: tf.Tensor2D) =>
    tf.transpose(tf.reshape(x, [batch, length, heads, headSize]), [0, 2, 1, 3]);
  const scores = tf.mul(tf.matMul(split(query), split(key), false, true), 1 / Math.sqrt(headSize)); // [B, A, S, S]
  const hidden = tf.reshape(tf.mul(tf.sub(1, mask), maskedScore), [batch, 1, 1, length]);
  const mixed = tf.matMul(tf.softmax(tf.add(scores, hidden)), split(value)); // [B, A, S, D]
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows, features]);
}

/** Rows with mean 0 and variance 1. */
export function normalized(x: tf.Tensor): tf.Tensor2D {
  const centered = tf.sub(x, tf.mean(x, 1, true));
  return tf.mul(centered, tf.rsqrt(tf.add(tf.mean(tf.square(centered), 1, true), 1e-12))) as tf.Tensor2D;
}

/** x Phi(x). */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

/** The weights of one layer, under their names within it. */
export function layerWeights(weights: NamedHostTensors, layer: number): NamedHostTensors {
  const prefix = `bert.encoder.layer.${layer}.`;
  return Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

function linear(inputs: NamedTensors, name: string, x: tf.Tensor2D): tf.Tensor2D {
  const product = tf.matMul(x, inputs[`${name}.weight`] as tf.Tensor2D, false, true);
  return tf.add(product, inputs[`${name}.bias`] as tf.Tensor1D);
}

function norm(inputs: NamedTensors, name: string, x: tf.Tensor): tf.Tensor2D {
  const scaled = tf.mul(normalized(x), inputs[`${name}.weight`] as tf.Tensor1D);
  return tf.add(scaled, inputs[`${name}.bias`] as tf.Tensor1D) as tf.Tensor2D;
}
