import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { Runtime } from '../../src/runtime/runtime.js';
import { estimateFisher, type FisherKind } from '../../src/training/penalties/fisher.js';
import {
  combinePenalties,
  penaltyAndGradients,
  penaltyValue,
} from '../../src/training/penalties/quadratic.js';
import { data, examples, labels, logits, objective, startWeights, trainable } from './bag-of-words.js';
import { float32, relativeDifference } from './fixtures.js';

let runtime: Runtime;
beforeAll(async () => {
  // As runtimes do: without advice on standard error.
  tf.enableProdMode();
  runtime = await openRuntime('onnx', { threads: 1 });
});
afterAll(() => runtime.dispose());

const count = 11;
const split = examples(count, 9);

function estimate(kind: FisherKind, changes: { samples?: number; count?: number; seed?: number } = {}) {
  return estimateFisher({
    runtime,
    objective,
    weights: startWeights(),
    parameters: trainable,
    data: data(changes.count === undefined ? split : examples(changes.count, 9)),
    kind,
    samples: changes.samples ?? count,
    maximumLength: 64,
    denseWeights: 1e6,
    seed: changes.seed ?? 3,
  });
}

/** The mean over examples of sum_c w_c (d log p_c / d theta)^2, one backward pass for each example and class. */
function byHand(weightOf: (probabilities: ArrayLike<number>, label: number, given: number) => number) {
  const weights = Object.fromEntries(
    Object.entries(startWeights()).map(([name, { data: values, shape }]) => [
      name,
      tf.tensor(Float32Array.from(values), [...shape]),
    ]),
  );
  const sums: Record<string, Float64Array> = {};
  for (let example = 0; example < count; example++) {
    const ids = split.inputIds.subarray(split.offsets[example], split.offsets[example + 1]);
    const inputs = {
      input_ids: tf.tensor2d(Int32Array.from(ids), [1, ids.length], 'int32'),
      attention_mask: tf.ones([1, ids.length], 'int32'),
    };
    const probabilities = tf.softmax(logits(inputs, weights, { training: false })).dataSync();
    for (let label = 0; label < labels; label++) {
      const gradients = tf.grads((...tensors: tf.Tensor[]) => {
        const named = Object.fromEntries(trainable.map((name, index) => [name, tensors[index] as tf.Tensor]));
        return tf
          .logSoftmax(logits(inputs, named, { training: false }))
          .slice([0, label], [1, 1])
          .asScalar();
      })(trainable.map((name) => weights[name] as tf.Tensor));
      const weight = weightOf(probabilities, label, split.labels?.[example] ?? -1);
      gradients.forEach((gradient, index) => {
        const name = trainable[index] ?? '';
        const values = gradient.dataSync();
        const sum = sums[name] ?? new Float64Array(values.length);
        values.forEach((value, position) => {
          sum[position] = (sum[position] ?? 0) + (weight * value * value) / count;
        });
        sums[name] = sum;
      });
    }
  }
  return sums;
}

describe('the Fisher information', () => {
  it('exact, is the expectation over all labels under the model', async () => {
    const expected = byHand((probabilities, label) => probabilities[label] ?? 0);
    const { fisher, samples } = await estimate('exact');
    expect(samples).toBe(count);
    for (const name of trainable) {
      expect(relativeDifference(fisher[name]?.data ?? [], expected[name] ?? [])).toBeLessThan(1e-5);
    }
  });

  it('empirical, is that of the given labels', async () => {
    const expected = byHand((_, label, given) => (label === given ? 1 : 0));
    const { fisher } = await estimate('empirical');
    for (const name of trainable) {
      expect(relativeDifference(fisher[name]?.data ?? [], expected[name] ?? [])).toBeLessThan(1e-5);
    }
  });

  it('sampled, is that of the exact one in expectation', async () => {
    const size = { count: 1000, samples: 1000 };
    const bias = 'classifier.bias';
    const expected = (await estimate('exact', size)).fisher[bias]?.data ?? new Float32Array();
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    const mean = new Float64Array(labels);
    for (const seed of seeds) {
      const { fisher } = await estimate('sampled', { ...size, seed });
      fisher[bias]?.data.forEach((value, index) => {
        mean[index] = (mean[index] ?? 0) + value / seeds.length;
      });
    }
    // (e_y - p)^2 is (1 - p)^2 with probability p, p^2 otherwise: its variance is p (1 - p) (1 - 2 p)^2, at most 1/16.
    const standardError = Math.sqrt(1 / 16 / (size.samples * seeds.length));
    expected.forEach((value, index) => {
      expect(Math.abs((mean[index] ?? 0) - value)).toBeLessThan(4 * standardError);
    });
  });

  it('is the same for the same seed, and draws examples without replacement', async () => {
    const first = await estimate('sampled', { count: 50, samples: 20 });
    const second = await estimate('sampled', { count: 50, samples: 20 });
    expect(second.fisher['classifier.weight']?.data).toEqual(first.fisher['classifier.weight']?.data);
    expect(first.samples).toBe(20);
  });
});

describe('quadratic penalties', () => {
  const model = { a: float32([3], [1, 2, 3]), b: float32([2], [0, 1]) };
  const one = {
    strength: 4,
    fisher: { a: float32([3], [1, 0.5, 0]), old_head: float32([1], [9]) },
    anchor: { a: float32([3], [0, 0, 0]), old_head: float32([1], [9]) },
  };
  const other = {
    strength: 10,
    fisher: { a: float32([3], [0.1, 0.2, 0.3]), b: float32([2], [1, 0]) },
    anchor: { a: float32([3], [2, 2, 2]), b: float32([2], [1, 1]) },
  };

  it('have the value and the gradient of their sum', () => {
    const combined = combinePenalties([one, other], model, ['a', 'b']);
    const tensors = (named: typeof combined.variables) =>
      Object.fromEntries(
        Object.entries(named).map(([name, { data: values }]) => [name, tf.tensor1d(values)]),
      );
    const { value, gradients } = penaltyAndGradients(combined, tensors(model), tensors(combined.variables));
    const expected = penaltyValue([one, other], model);
    expect(expected).toBeCloseTo(2 * (1 + 0.5 * 4) + 5 * (0.1 + 0 + 0.3) + 5 * 1, 6);
    expect(value.dataSync()[0]).toBeCloseTo(expected, 5);
    const gradientOfA = [4 * 1 - 10 * 0.1, 4 * 0.5 * 2, 10 * 0.3];
    expect(relativeDifference(gradients.a?.dataSync() ?? [], gradientOfA)).toBeLessThan(1e-6);
    expect(relativeDifference(gradients.b?.dataSync() ?? [], [-10, 0])).toBeLessThan(1e-6);
  });

  it('leave out what is frozen and what the model does not have', () => {
    expect(combinePenalties([one, other], model, ['b']).parameters).toEqual(['b']);
    expect(combinePenalties([one], model, ['a', 'b']).parameters).toEqual(['a']);
  });

  it('refuse a model that they do not fit', () => {
    expect(() => combinePenalties([one], { a: float32([2], [1, 2]) }, ['a'])).toThrow(
      'does not fit the parameter a',
    );
    expect(() => combinePenalties([one], { c: float32([2], [1, 2]) }, ['c'])).toThrow(
      'no parameter in common',
    );
  });
});
