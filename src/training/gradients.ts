/**
 * Gradients of a scalar with respect to named tensors, and their global norm.
 */

import type { NamedTensors } from '../runtime/runtime.js';
import * as tf from '../runtime/tfjs.js';

/**
 * The value of a scalar function of named tensors, and its gradient with respect to each of them.
 *
 * Only what lies between the given tensors and the value gets a backward pass: with frozen lower layers left out of
 * `parameters`, nothing below the lowest trained layer is differentiated.
 */
export function valueAndGradients(
  loss: (parameters: NamedTensors) => tf.Tensor,
  parameters: NamedTensors,
): { readonly value: tf.Scalar; readonly gradients: Record<string, tf.Tensor> } {
  const names = Object.keys(parameters);
  const differentiate = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((name, index) => [name, tensors[index] as tf.Tensor]))).asScalar(),
  );
  const { value, grads } = differentiate(Object.values(parameters));
  return {
    value: value.asScalar(),
    gradients: Object.fromEntries(names.map((name, index) => [name, grads[index] as tf.Tensor])),
  };
}

/**
 * What the gradient of a scalar with respect to the value of a function becomes with respect to the function's named tensors.
 *
 * @param gradient of the shape of the value.
 */
export function backward(
  value: (tensors: NamedTensors) => tf.Tensor,
  tensors: NamedTensors,
  gradient: tf.Tensor,
): Record<string, tf.Tensor> {
  const names = Object.keys(tensors);
  const differentiate = tf.grads((...given: tf.Tensor[]) =>
    value(Object.fromEntries(names.map((name, index) => [name, given[index] as tf.Tensor]))),
  );
  const gradients = differentiate(Object.values(tensors), gradient);
  return Object.fromEntries(names.map((name, index) => [name, gradients[index] as tf.Tensor]));
}

/** The Euclidean norm of all gradients together, a scalar. */
export function globalNorm(gradients: NamedTensors): tf.Scalar {
  const squares = Object.values(gradients).map((gradient) => gradient.square().sum());
  return tf.addN(squares).sqrt().asScalar();
}

/** What `torch.nn.utils.clip_grad_norm_` adds to the norm. */
const CLIPPING_EPSILON = 1e-6;

/**
 * The factor that scales gradients of this norm down to the largest norm allowed; 1 where they are small enough.
 *
 * Equal to `torch.nn.utils.clip_grad_norm_`. A `maximum` of 0 switches clipping off.
 */
export function clippingCoefficient(norm: tf.Tensor, maximum: number): tf.Tensor {
  if (maximum === 0) return tf.scalar(1);
  return tf.minimum(tf.scalar(maximum).div(norm.add(CLIPPING_EPSILON)), tf.scalar(1));
}
