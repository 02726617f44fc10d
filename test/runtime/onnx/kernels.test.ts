import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import {
  type Case,
  expectAgreement,
  expectFiniteDifferences,
  floats,
  integers,
} from '../compare-runtimes.js';
import { tensorflowHere } from '../tensorflow-here.js';

type T2 = tf.Tensor2D;

const a = floats([3, 4]);
const b = floats([3, 4], -2, 2, 2);
const row = floats([4], -2, 2, 3);
const column = floats([3, 1], -2, 2, 4);
const scalar = floats([], 0.5, 2, 5);
const positive = floats([3, 4], 0.2, 3, 6);
const cube = floats([2, 3, 4], -2, 2, 7);

function unary(fn: (x: tf.Tensor) => tf.Tensor, low = -2, high = 2): Case {
  return { inputs: [floats([3, 5], low, high)], fn };
}

function binary(fn: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor, low = -2, high = 2): readonly Case[] {
  const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
    [
      [3, 4],
      [3, 4],
    ],
    [[3, 4], [4]],
    [
      [3, 1],
      [3, 4],
    ],
    [
      [2, 1, 4],
      [3, 1],
    ],
    [[], [2, 3]],
  ];
  return shapes.map(([x, y]) => ({ inputs: [floats(x, low, high, 1), floats(y, low, high, 2)], fn }));
}

/** TensorFlow.js's gradients of these operations do not sum over broadcast axes. */
function binaryOfEqualShapes(fn: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor): readonly Case[] {
  return binary(fn).map((example, index) => ({ ...example, differentiate: index === 0 ? [0, 1] : [] }));
}

function integerBinary(fn: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor, low = -9, high = 9): Case {
  return { inputs: [integers([4, 5], -20, 20, 1), integers([4, 5], low, high, 2)], fn };
}

const CASES: Readonly<Record<string, Case | readonly Case[]>> = {
  abs: unary(tf.abs),
  acos: unary(tf.acos, -0.9, 0.9),
  acosh: unary(tf.acosh, 1.1, 4),
  asin: unary(tf.asin, -0.9, 0.9),
  asinh: unary(tf.asinh),
  atan: unary(tf.atan),
  atanh: unary(tf.atanh, -0.9, 0.9),
  ceil: unary(tf.ceil),
  cos: unary(tf.cos),
  cosh: unary(tf.cosh),
  elu: unary(tf.elu),
  erf: unary(tf.erf),
  exp: unary(tf.exp),
  expm1: [unary(tf.expm1), unary(tf.expm1, -1e-4, 1e-4)],
  floor: unary(tf.floor),
  leakyRelu: unary((x) => tf.leakyRelu(x, 0.1)),
  log: unary(tf.log, 0.1, 5),
  log1p: [unary(tf.log1p, -0.9, 5), unary(tf.log1p, -1e-4, 1e-4)],
  logSigmoid: unary(tf.logSigmoid),
  neg: [unary(tf.neg), { inputs: [integers([5], -5, 5)], fn: (x) => tf.neg(x) }],
  reciprocal: unary(tf.reciprocal, 0.5, 3),
  relu: unary(tf.relu),
  relu6: unary((x) => tf.relu6(x), -2, 8),
  round: unary(tf.round),
  rsqrt: unary(tf.rsqrt, 0.2, 3),
  selu: unary(tf.selu),
  sigmoid: unary(tf.sigmoid),
  sign: unary(tf.sign),
  sin: unary(tf.sin),
  sinh: unary(tf.sinh),
  softplus: unary(tf.softplus),
  sqrt: unary(tf.sqrt, 0.1, 4),
  square: unary(tf.square),
  step: [unary((x) => tf.step(x)), unary((x) => tf.step(x, 0.5))],
  tan: unary(tf.tan, -1, 1),
  tanh: unary(tf.tanh),
  clipByValue: unary((x) => tf.clipByValue(x, -1, 0.5)),
  'isNaN, isInf, isFinite': {
    inputs: [
      { dtype: 'float32', shape: [4], data: Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, -0) },
    ],
    fn: (x) => [tf.isNaN(x), tf.isInf(x), tf.isFinite(x)],
    differentiate: [],
  },
  cast: [
    { inputs: [integers([6], -3, 3)], fn: (x) => [tf.cast(x, 'float32'), tf.cast(x, 'bool')] },
    { inputs: [floats([6], -3, 3)], fn: (x) => [tf.cast(x, 'int32'), tf.cast(x, 'bool')], differentiate: [] },
  ],

  add: [...binary(tf.add), integerBinary(tf.add)],
  sub: [...binary(tf.sub), integerBinary(tf.sub)],
  mul: [...binary(tf.mul), integerBinary(tf.mul)],
  div: [...binary(tf.div, 0.5, 2), integerBinary(tf.div, 1, 9)],
  maximum: [...binaryOfEqualShapes(tf.maximum), integerBinary(tf.maximum)],
  minimum: [...binaryOfEqualShapes(tf.minimum), integerBinary(tf.minimum)],
  pow: binary(tf.pow, 0.3, 2),
  squaredDifference: binaryOfEqualShapes(tf.squaredDifference),
  floorDiv: [
    integerBinary(tf.floorDiv, 1, 9),
    integerBinary(tf.floorDiv, -9, -1),
    { inputs: [a, positive], fn: (x, y) => tf.floorDiv(x, y), differentiate: [] },
  ],
  mod: [
    integerBinary(tf.mod, 1, 9),
    { inputs: [a, positive], fn: (x, y) => tf.mod(x, y), differentiate: [] },
    { inputs: [a, floats([3, 4], -3, -0.2)], fn: (x, y) => tf.mod(x, y), differentiate: [] },
  ],
  atan2: binary(tf.atan2),
  prelu: { inputs: [a, row], fn: (x, y) => tf.prelu(x, y) },
  addN: { inputs: [a, b, positive], fn: (...tensors) => tf.addN(tensors) },
  comparisons: [
    {
      inputs: [integers([4, 5], 0, 3, 1), integers([5], 0, 3, 2)],
      fn: (x, y) => [
        tf.equal(x, y),
        tf.notEqual(x, y),
        tf.less(x, y),
        tf.lessEqual(x, y),
        tf.greater(x, y),
        tf.greaterEqual(x, y),
      ],
    },
    {
      inputs: [a, row],
      fn: (x, y) => [tf.greater(x, y), tf.lessEqual(x, y), tf.equal(x, x)],
      differentiate: [],
    },
  ],
  logic: {
    inputs: [integers([4, 5], 0, 2, 1), integers([4, 5], 0, 2, 2)],
    fn: (x, y) => {
      const [p, q] = [tf.cast(x, 'bool'), tf.cast(y, 'bool')];
      return [tf.logicalAnd(p, q), tf.logicalOr(p, q), tf.logicalNot(p), tf.logicalXor(p, q), tf.equal(p, q)];
    },
  },
  where: [
    { inputs: [a, b, integers([3, 4], 0, 2)], fn: (x, y, c) => tf.where(tf.cast(c, 'bool'), x, y) },
    { inputs: [a, b, integers([3, 1], 0, 2)], fn: (x, y, c) => tf.where(tf.cast(c, 'bool'), x, y) },
    { inputs: [a, scalar, integers([3, 4], 0, 2)], fn: (x, y, c) => tf.where(tf.cast(c, 'bool'), x, y) },
  ],

  sum: [
    { inputs: [cube], fn: (x) => [tf.sum(x), tf.sum(x, 0), tf.sum(x, [0, 2]), tf.sum(x, -1, true)] },
    {
      inputs: [integers([3, 4], 0, 9)],
      fn: (x) => [tf.sum(x), tf.sum(tf.cast(tf.greater(x, 4), 'bool'), 1)],
    },
  ],
  mean: [
    { inputs: [cube], fn: (x) => [tf.mean(x), tf.mean(x, 1), tf.mean(x, [0, 1], true)] },
    { inputs: [integers([3, 4], 0, 9)], fn: (x) => tf.mean(x, 1) },
  ],
  max: { inputs: [cube], fn: (x) => [tf.max(x), tf.max(x, 1), tf.max(x, [0, 2], true)] },
  min: { inputs: [cube], fn: (x) => [tf.min(x), tf.min(x, 1), tf.min(x, [0, 2], true)] },
  prod: { inputs: [cube], fn: (x) => [tf.prod(x, 1), tf.prod(x)] },
  'all, any': {
    inputs: [integers([3, 4], 0, 2)],
    fn: (x) => {
      const p = tf.cast(x, 'bool');
      return [tf.all(p), tf.any(p), tf.all(p, 1), tf.any(p, 0, true)];
    },
  },
  'argMax, argMin': {
    inputs: [cube],
    fn: (x) => [tf.argMax(x), tf.argMax(x, -1), tf.argMin(x, 1)],
    differentiate: [],
  },
  topk: {
    inputs: [cube],
    fn: (x) => {
      const { values, indices } = tf.topk(x, 2);
      return [values, indices];
    },
    differentiate: [],
  },
  cumsum: [
    { inputs: [cube], fn: (x) => [tf.cumsum(x, 2), tf.cumsum(x, 2, true), tf.cumsum(x, 2, true, true)] },
    { inputs: [cube], fn: (x) => [tf.cumsum(x), tf.cumsum(x, 1, false, true)], differentiate: [] },
  ],
  cumprod: {
    inputs: [cube],
    fn: (x) => [
      tf.cumprod(x),
      tf.cumprod(x, 2, true),
      tf.cumprod(x, 1, false, true),
      tf.cumprod(x, 2, true, true),
    ],
    differentiate: [],
  },
  logSumExp: { inputs: [cube], fn: (x) => [tf.logSumExp(x), tf.logSumExp(x, -1), tf.logSumExp(x, 1, true)] },
  moments: {
    inputs: [cube],
    fn: (x) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return [mean, variance];
    },
  },
  norm: { inputs: [a], fn: (x) => [tf.norm(x), tf.norm(x, 1)] },

  reshape: {
    inputs: [cube],
    fn: (x) => [tf.reshape(x, [6, 4]), tf.reshape(x, [-1]), tf.squeeze(tf.expandDims(x, 1))],
  },
  transpose: { inputs: [cube], fn: (x) => [tf.transpose(x), tf.transpose(x, [1, 0, 2])] },
  concat: { inputs: [a, b, column], fn: (x, y, z) => [tf.concat([x, y], 0), tf.concat([x, z, y], 1)] },
  'stack, unstack': {
    inputs: [a, b],
    fn: (x, y) => [tf.stack([x, y]), tf.stack([x, y], 2), ...tf.unstack(x, 1)],
  },
  split: { inputs: [cube], fn: (x) => [...tf.split(x, 2, 2), ...tf.split(x, [1, 2], 1)] },
  slice: { inputs: [cube], fn: (x) => [tf.slice(x, [0, 1, 1], [2, 1, 2]), tf.slice(x, [1], [1])] },
  stridedSlice: {
    inputs: [cube],
    fn: (x) => [
      tf.stridedSlice(x, [0, 0, 0], [2, 3, 4], [1, 2, 3]),
      tf.stridedSlice(x, [1, -1, 3], [2, -4, 0], [1, -1, -2]),
      tf.stridedSlice(x, [1, 0, 0], [2, 3, 4], [1, 1, 1], 0, 0, 0, 0, 1),
    ],
    differentiate: [],
  },
  pad: {
    inputs: [a],
    fn: (x) => [
      tf.pad(x, [
        [1, 2],
        [0, 1],
      ]),
      tf.pad(
        x,
        [
          [0, 0],
          [2, 0],
        ],
        3,
      ),
    ],
  },
  mirrorPad: {
    inputs: [a],
    fn: (x) => [
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 3],
        ],
        'reflect',
      ),
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [4, 0],
        ],
        'symmetric',
      ),
    ],
    differentiate: [],
  },
  tile: { inputs: [a, column], fn: (x, y) => [tf.tile(x, [2, 3]), tf.tile(y, [1, 4])] },
  broadcastTo: {
    inputs: [column, row],
    fn: (x, y) => [tf.broadcastTo(x, [3, 4]), tf.broadcastTo(y, [3, 4])],
  },
  reverse: { inputs: [cube], fn: (x) => [tf.reverse(x), tf.reverse(x, [0, 2])] },

  gather: [
    { inputs: [floats([7, 3]), integers([5], 0, 7)], fn: (x, i) => tf.gather(x, i as tf.Tensor1D) },
    { inputs: [floats([7, 3]), integers([2, 5], 0, 7)], fn: (x, i) => tf.gather(x, i as T2) },
    { inputs: [floats([2, 7, 3]), integers([4], 0, 7)], fn: (x, i) => tf.gather(x, i as tf.Tensor1D, 1) },
    {
      inputs: [floats([3, 7, 2]), integers([3, 4], 0, 7)],
      fn: (x, i) => tf.gather(x, i as T2, 1, 1),
      differentiate: [],
    },
  ],
  'embedding of many equal ids': {
    inputs: [floats([5, 8]), integers([700], 0, 5)],
    fn: (x, i) => tf.gather(x, i as tf.Tensor1D),
  },
  gatherND: { inputs: [cube, integers([5, 2], 0, 2)], fn: (x, i) => tf.gatherND(x, i), differentiate: [] },
  scatterND: {
    inputs: [integers([6, 2], 0, 2), floats([6, 3])],
    fn: (i, x) => tf.scatterND(i, x, [2, 2, 3]),
    differentiate: [],
  },
  tensorScatterUpdate: {
    inputs: [
      floats([4, 2]),
      floats([2, 2], 3, 4),
      { dtype: 'int32', shape: [2, 1], data: Int32Array.of(3, 1) },
    ],
    fn: (x, y, i) => tf.tensorScatterUpdate(x, i, y),
    differentiate: [],
  },
  sparseToDense: {
    inputs: [{ dtype: 'int32', shape: [3], data: Int32Array.of(0, 2, 4) }, floats([3])],
    fn: (i, x) => tf.sparseToDense(i, x, [6], 0.5),
    differentiate: [],
  },
  unsortedSegmentSum: {
    inputs: [floats([50, 3]), integers([50], 0, 4)],
    fn: (x, i) => tf.unsortedSegmentSum(x, i as tf.Tensor1D, 4),
  },
  oneHot: {
    inputs: [integers([2, 3], 0, 5)],
    fn: (i) => [tf.oneHot(i, 5), tf.oneHot(i, 5, 2.5, -1, 'float32')],
  },

  'fill, zerosLike, onesLike, range, linspace': {
    inputs: [a],
    fn: (x) => [
      tf.fill([2, 3], 4),
      tf.zerosLike(x),
      tf.onesLike(x),
      tf.range(0, 7, 2),
      tf.range(5, 0, -1, 'int32'),
      tf.linspace(0, 1, 5),
      tf.ones([2, 2]),
      tf.eye(3),
    ],
    differentiate: [],
  },

  matMul: [
    ...[false, true].flatMap((transposeA) =>
      [false, true].map((transposeB) => ({
        inputs: [floats(transposeA ? [4, 3] : [3, 4]), floats(transposeB ? [5, 4] : [4, 5])],
        fn: (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x as T2, y as T2, transposeA, transposeB),
      })),
    ),
    {
      inputs: [floats([2, 3, 4, 5]), floats([2, 3, 6, 5])],
      fn: (x, y) => tf.matMul(x as tf.Tensor4D, y as tf.Tensor4D, false, true),
    },
  ],
  'scaled products with transposed operands': {
    inputs: [floats([2, 4, 3]), floats([2, 4, 5])],
    fn: (x, y) =>
      tf.mul(tf.matMul(tf.mul(tf.transpose(x, [0, 2, 1]), 0.5) as tf.Tensor3D, y as tf.Tensor3D), 0.25),
  },
  'products with a bias, directly and behind a reshape': {
    inputs: [floats([6, 4]), floats([5, 4]), floats([5])],
    fn: (x, w, bias) => {
      const product = tf.matMul(x as T2, w as T2, false, true);
      const reshaped = tf.add(tf.reshape(tf.matMul(tf.neg(x) as T2, w as T2, false, true), [2, 3, 5]), bias);
      return [tf.add(product, bias), reshaped];
    },
  },
  fusedMatMul: {
    inputs: [a, floats([4, 5]), floats([5])],
    fn: (x, y, bias) => tf.fused.matMul({ a: x as T2, b: y as T2, bias, activation: 'relu' }),
  },
  'dot, outerProduct': {
    inputs: [row, floats([4])],
    fn: (x, y) => [tf.dot(x, y), tf.outerProduct(x as tf.Tensor1D, y as tf.Tensor1D)],
  },
  einsum: {
    inputs: [floats([2, 3, 4]), floats([2, 5, 4])],
    fn: (x, y) => [tf.einsum('bik,bjk->bij', x, y), tf.einsum('bik->ki', x)],
    differentiate: [],
  },
  'layer normalization and GELU': {
    inputs: [floats([6, 8]), floats([8]), floats([8])],
    fn: (x, gain, bias) => {
      const centered = tf.sub(x, tf.mean(x, 1, true));
      const variance = tf.mean(tf.square(centered), 1, true);
      const normalized = tf.add(tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, 1e-12))), gain), bias);
      const cumulative = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
      return [normalized, tf.mul(x, cumulative)];
    },
    differentiate: [],
  },
  softmax: { inputs: [cube], fn: (x) => [tf.softmax(x), tf.logSoftmax(x)] },
  softmaxCrossEntropy: {
    inputs: [a, floats([3, 4], 0, 1)],
    fn: (x, y) => tf.losses.softmaxCrossEntropy(y, x),
    differentiate: [0],
  },
  sigmoidCrossEntropy: {
    inputs: [a, floats([3, 4], 0, 1)],
    fn: (x, y) => tf.losses.sigmoidCrossEntropy(y, x),
    differentiate: [0],
  },
};

const compared = ['onnx', 'wasm', ...tensorflowHere] as const;

describe.each(compared)('on %s, values and gradients equal those of cpu:', (runtime) => {
  for (const [name, examples] of Object.entries(CASES)) {
    it(name, async () => {
      for (const example of Array.isArray(examples) ? examples : [examples]) {
        await expectAgreement(runtime, name.replaceAll(/\W+/g, '-'), example);
      }
    });
  }
});

/** TensorFlow.js's gradient holds for targets that sum to 1 only. */
const OTHER_GRADIENTS: ReadonlySet<string> = new Set(['softmaxCrossEntropy']);

describe('on onnx, gradients equal difference quotients:', () => {
  for (const [name, examples] of Object.entries(CASES)) {
    if (OTHER_GRADIENTS.has(name)) continue;
    it(name, async () => {
      for (const example of Array.isArray(examples) ? examples : [examples]) {
        await expectFiniteDifferences('onnx', name.replaceAll(/\W+/g, '-'), example);
      }
    });
  }
});
