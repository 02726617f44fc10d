/** A small encoder of BERT's kind with a classification head, its AdamW step, and random data for it. */
import * as tf from '@tensorflow/tfjs';
import { randomMask } from '../../src/runtime/random-mask.js';
import type {
  FunctionResult,
  HostTensor,
  NamedHostTensors,
  NamedTensors,
} from '../../src/runtime/runtime.js';

/** Sizes of an encoder. */
export interface ToyConfig {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly classes: number;
  /** Probability of dropping; 0 draws no masks. */
  readonly dropout: number;
}

/** A reproducible stream of numbers in [0, 1) (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Random weights by name, and AdamW's moments under `m/NAME` and `v/NAME`. */
export function createState(
  config: ToyConfig,
  seed: number,
): { weights: NamedHostTensors; state: NamedHostTensors } {
  const random = createRandom(seed);
  const weights: Record<string, HostTensor> = {};
  const add = (name: string, shape: readonly number[], center: number, spread: number) => {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const data = Float32Array.from({ length: size }, () => center + (random() - 0.5) * 2 * spread);
    weights[name] = { dtype: 'float32', shape, data };
  };
  const { hidden, intermediate } = config;
  const norm = (name: string) => {
    add(`${name}.gamma`, [hidden], 1, 0.1);
    add(`${name}.beta`, [hidden], 0, 0.1);
  };
  const dense = (name: string, inputs: number, outputs: number) => {
    add(`${name}.weight`, [outputs, inputs], 0, Math.sqrt(3 / inputs) * 0.7);
    add(`${name}.bias`, [outputs], 0, 0.05);
  };
  add('word', [config.vocabulary, hidden], 0, 0.05);
  add('position', [config.positions, hidden], 0, 0.05);
  add('type', [2, hidden], 0, 0.05);
  norm('norm');
  for (let layer = 0; layer < config.layers; layer += 1) {
    for (const name of ['query', 'key', 'value', 'output']) dense(`${layer}.${name}`, hidden, hidden);
    norm(`${layer}.attentionNorm`);
    dense(`${layer}.up`, hidden, intermediate);
    dense(`${layer}.down`, intermediate, hidden);
    norm(`${layer}.norm`);
  }
  dense('classifier', hidden, config.classes);
  const state: Record<string, HostTensor> = { ...weights };
  for (const [name, { shape, data }] of Object.entries(weights)) {
    state[`m/${name}`] = { dtype: 'float32', shape, data: new Float32Array(data.length) };
    state[`v/${name}`] = { dtype: 'float32', shape, data: new Float32Array(data.length) };
  }
  return { weights, state };
}

/** Random ids, lengths and labels. */
export function createBatch(
  config: ToyConfig,
  batch: number,
  length: number,
  seed: number,
): NamedHostTensors {
  const random = createRandom(seed);
  const integers = (size: number, below: number) =>
    Int32Array.from({ length: size }, () => Math.floor(random() * below));
  const lengths = Array.from({ length: batch }, () =>
    Math.max(2, Math.floor(length * (0.4 + 0.6 * random()))),
  );
  const mask = Int32Array.from({ length: batch * length }, (_, index) =>
    index % length < (lengths[Math.floor(index / length)] ?? 0) ? 1 : 0,
  );
  return {
    ids: { dtype: 'int32', shape: [batch, length], data: integers(batch * length, config.vocabulary) },
    mask: { dtype: 'int32', shape: [batch, length], data: mask },
    labels: { dtype: 'int32', shape: [batch], data: integers(batch, config.classes) },
  };
}

/** Logits, [batch, classes]. */
export function forward(config: ToyConfig, w: NamedTensors, ids: tf.Tensor, mask: tf.Tensor): tf.Tensor2D {
  const [batch = 1, length = 1] = ids.shape;
  const { hidden, heads } = config;
  const size = hidden / heads;
  const at = (name: string): tf.Tensor => {
    const tensor = w[name];
    if (tensor === undefined) throw new Error(`no weight ${name}`);
    return tensor;
  };
  const dense = (name: string, x: tf.Tensor) =>
    tf.add(tf.matMul(x as tf.Tensor2D, at(`${name}.weight`) as tf.Tensor2D, false, true), at(`${name}.bias`));
  const norm = (name: string, x: tf.Tensor) => {
    const centered = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centered), -1, true);
    return tf.add(
      tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, 1e-12))), at(`${name}.gamma`)),
      at(`${name}.beta`),
    );
  };
  const drop = (x: tf.Tensor): tf.Tensor => {
    if (config.dropout === 0) return x;
    const keep = 1 - config.dropout;
    return tf.mul(tf.mul(x, randomMask(x.shape, keep)), 1 / keep);
  };
  const gelu = (x: tf.Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, length, heads, size]), [0, 2, 1, 3]);

  const bias = tf.mul(tf.sub(1, tf.reshape(tf.cast(mask, 'float32'), [batch, 1, 1, length])), -1e9);
  const words = tf.gather(at('word'), tf.reshape(ids, [batch * length]).toInt());
  const positions = tf.slice(at('position'), [0, 0], [length, hidden]);
  const types = tf.slice(at('type'), [0, 0], [1, hidden]);
  let x = tf.reshape(tf.add(tf.add(tf.reshape(words, [batch, length, hidden]), positions), types), [
    -1,
    hidden,
  ]);
  x = drop(norm('norm', x));
  for (let layer = 0; layer < config.layers; layer += 1) {
    const query = split(dense(`${layer}.query`, x));
    const key = split(dense(`${layer}.key`, x));
    const value = split(dense(`${layer}.value`, x));
    const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size)), bias);
    const context = tf.matMul(drop(tf.softmax(scores)), value);
    const joined = tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [batch * length, hidden]);
    x = norm(`${layer}.attentionNorm`, tf.add(x, drop(dense(`${layer}.output`, joined))));
    x = norm(`${layer}.norm`, tf.add(x, drop(dense(`${layer}.down`, gelu(dense(`${layer}.up`, x))))));
  }
  const first = tf.reshape(tf.slice(tf.reshape(x, [batch, length, hidden]), [0, 0, 0], [batch, 1, hidden]), [
    batch,
    hidden,
  ]);
  return dense('classifier', first) as tf.Tensor2D;
}

/** One step of AdamW with clipping to a global norm of 1. */
export function trainStep(config: ToyConfig, names: readonly string[]) {
  return (inputs: NamedTensors, variables: NamedTensors): FunctionResult => {
    const input = (name: string): tf.Tensor => {
      const tensor = inputs[name];
      if (tensor === undefined) throw new Error(`no input ${name}`);
      return tensor;
    };
    const variable = (name: string): tf.Tensor => {
      const tensor = variables[name];
      if (tensor === undefined) throw new Error(`no variable ${name}`);
      return tensor;
    };
    const loss = (...weights: tf.Tensor[]): tf.Scalar => {
      const named = Object.fromEntries(names.map((name, index) => [name, weights[index] ?? tf.scalar(0)]));
      const logits = forward(config, named, input('ids'), input('mask'));
      const target = tf.oneHot(tf.cast(input('labels'), 'int32') as tf.Tensor1D, config.classes);
      return tf.neg(
        tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(target, 'float32')), -1)),
      ) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)(names.map(variable));
    const squares = grads.map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(squares.reduce((sum, square) => tf.add(sum, square)));
    const scale = tf.minimum(1, tf.div(1, tf.add(norm, 1e-6)));
    const rate = input('learningRate');
    const correction1 = input('correction1');
    const correction2 = input('correction2');
    const updates: Record<string, tf.Tensor> = {};
    names.forEach((name, index) => {
      const gradient = grads[index];
      if (gradient === undefined) throw new Error('one gradient per weight');
      const clipped = tf.mul(gradient, scale);
      const weight = variable(name);
      const m = tf.add(tf.mul(variable(`m/${name}`), 0.9), tf.mul(clipped, 0.1));
      const v = tf.add(tf.mul(variable(`v/${name}`), 0.999), tf.mul(tf.square(clipped), 0.001));
      const direction = tf.div(tf.div(m, correction1), tf.add(tf.sqrt(tf.div(v, correction2)), 1e-8));
      const decayed = tf.mul(weight, tf.sub(1, tf.mul(rate, 0.01)));
      updates[`m/${name}`] = m;
      updates[`v/${name}`] = v;
      updates[name] = tf.sub(decayed, tf.mul(direction, rate));
    });
    return { outputs: { loss: value, norm }, updates };
  };
}

/** The scalar inputs of `trainStep` at step `t`, counted from 1. */
export function schedule(learningRate: number, t: number): NamedHostTensors {
  const scalar = (value: number): HostTensor => ({
    dtype: 'float32',
    shape: [],
    data: Float32Array.of(value),
  });
  return {
    learningRate: scalar(learningRate),
    correction1: scalar(1 - 0.9 ** t),
    correction2: scalar(1 - 0.999 ** t),
  };
}
