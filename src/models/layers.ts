/**
 * The parts that encoders are built of, as pure functions over tensors.
 *
 * Activations are matrices [rows, features], one row per token, so that every linear layer is one matrix product.
 * Weights are laid out as PyTorch does: a linear layer's is [out, in], and the product takes it transposed.
 *
 * Layer normalization and GELU have gradients written down by hand: differentiating their definitions step by step
 * records about twice as many operations.
 */

import { randomMask } from '../runtime/random-mask.js';
import type { NamedTensors } from '../runtime/runtime.js';
import * as tf from '../runtime/tfjs.js';

/** The activation functions that configurations can name, by what Hugging Face calls them. */
export const activations: Readonly<Record<string, (x: tf.Tensor2D) => tf.Tensor2D>> = {
  gelu,
  gelu_python: gelu,
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  relu: (x) => tf.relu(x),
};

/** A weight by name. Its absence is a bug: folders are checked when they are read. */
export function weightNamed(weights: NamedTensors, name: string): tf.Tensor {
  const weight = weights[name];
  if (weight === undefined) throw new Error(`the model has no weight ${name}`);
  return weight;
}

/** x W^T + b, with W and b named `<name>.weight` and `<name>.bias`: [rows, in] -> [rows, out]. */
export function linear(x: tf.Tensor2D, weights: NamedTensors, name: string): tf.Tensor2D {
  const product = tf.matMul(x, weightNamed(weights, `${name}.weight`) as tf.Tensor2D, false, true);
  return tf.add(product, weightNamed(weights, `${name}.bias`));
}

/**
 * Layer normalization (Ba et al., 2016) over the features of each row, with gain `<name>.weight` and bias `<name>.bias`:
 * [rows, features] -> the same.
 */
export function layerNorm(x: tf.Tensor2D, weights: NamedTensors, name: string, epsilon: number): tf.Tensor2D {
  const normalize = tf.customGrad((...args) => {
    const [input, gain, bias, save] = args as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    const centered = tf.sub(input, tf.mean(input, 1, true)); // [rows, features]
    const variance = tf.mean(tf.square(centered), 1, true); // [rows, 1]
    const inverseDeviation = tf.rsqrt(tf.add(variance, epsilon)); // [rows, 1]
    const normalized = tf.mul(centered, inverseDeviation); // [rows, features]
    save([normalized, inverseDeviation, gain]);
    return {
      value: tf.add(tf.mul(normalized, gain), bias),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unit, inverse, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const dUnit = tf.mul(dy, scale);
        const along = tf.mul(unit, tf.mean(tf.mul(dUnit, unit), 1, true));
        const dx = tf.mul(tf.sub(tf.sub(dUnit, tf.mean(dUnit, 1, true)), along), inverse);
        return [dx, tf.sum(tf.mul(dy, unit), 0), tf.sum(dy, 0)];
      },
    };
  });
  return normalize(
    x,
    weightNamed(weights, `${name}.weight`),
    weightNamed(weights, `${name}.bias`),
  ) as tf.Tensor2D;
}

/** x Phi(x), Phi the normal distribution's cumulative function (Hendrycks and Gimpel, 2016): the exact form, with erf. */
export function gelu(x: tf.Tensor2D): tf.Tensor2D {
  const exact = tf.customGrad((...args) => {
    const [input, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const scaled = tf.mul(input, Math.SQRT1_2); // u = x / sqrt 2
    const twicePhi = tf.add(tf.erf(scaled), 1);
    save([scaled, twicePhi]);
    return {
      value: tf.mul(input, tf.mul(twicePhi, 0.5)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        // Phi(x) + x phi(x), doubled, over u: 1 + erf u + u exp(log(2 / sqrt pi) - u^2).
        const [u, twice] = saved as [tf.Tensor, tf.Tensor];
        const density = tf.exp(tf.sub(Math.log(2 / Math.sqrt(Math.PI)), tf.square(u)));
        return tf.mul(tf.mul(dy, tf.add(twice, tf.mul(u, density))), 0.5);
      },
    };
  });
  return exact(x) as tf.Tensor2D;
}

/** GELU's approximation with tanh (Hendrycks and Gimpel, 2016, section 2). */
export function tanhGelu(x: tf.Tensor2D): tf.Tensor2D {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

/** Sets elements to zero with this probability and scales the others so that the mean stays; off when not training. */
export function dropout<Rank extends tf.Rank>(
  x: tf.Tensor<Rank>,
  probability: number,
  training: boolean,
): tf.Tensor<Rank> {
  if (!training || probability === 0) return x;
  const keep = 1 - probability;
  return tf.mul(x, tf.mul(randomMask(x.shape, keep), 1 / keep));
}
