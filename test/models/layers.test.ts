/** Gradients that are written down by hand. */
import type * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { gelu, layerNorm, tanhGelu } from '../../src/models/layers.js';
import { crossEntropySum } from '../../src/training/losses.js';
import { type Case, expectAgreement, expectFiniteDifferences, floats } from '../runtime/compare-runtimes.js';

const matrix = (x: tf.Tensor | undefined) => x as tf.Tensor2D;

const CASES: Readonly<Record<string, Case>> = {
  layerNorm: {
    inputs: [floats([6, 8]), floats([8], 0.5, 2), floats([8])],
    fn: (x, gain, bias) =>
      layerNorm(matrix(x), { 'n.weight': gain as tf.Tensor, 'n.bias': bias as tf.Tensor }, 'n', 1e-12),
  },
  gelu: { inputs: [floats([6, 8], -4, 4)], fn: (x) => gelu(matrix(x)) },
  tanhGelu: { inputs: [floats([6, 8], -4, 4)], fn: (x) => tanhGelu(matrix(x)) },
  crossEntropySum: {
    inputs: [floats([6, 3]), floats([6, 3], 0, 1)],
    fn: (logits, targets) => crossEntropySum(matrix(logits), matrix(targets)),
    differentiate: [0],
  },
};

describe.each(Object.entries(CASES))('%s', (name, example) => {
  it('has the gradient of difference quotients', () => expectFiniteDifferences('onnx', name, example));
  it('has the same values and gradients on onnx and on cpu', () => expectAgreement('onnx', name, example));
});
