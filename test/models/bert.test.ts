import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test } from 'vitest';
import { readSafetensors } from '../../src/formats/safetensors.js';
import type { EncoderInputs } from '../../src/models/architecture.js';
import { loadModel, type Model } from '../../src/models/model.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type {
  HostTensor,
  NamedHostTensors,
  NamedTensors,
  Runtime,
  RuntimeName,
  TensorFunction,
} from '../../src/runtime/runtime.js';
import { tensorflowHere } from '../runtime/tensorflow-here.js';

/** Logits of the reference are rounded to six digits after the point. */
const tolerance = 1e-4;

const fixtures = fileURLToPath(new URL('../fixtures/models/', import.meta.url));

interface Case {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly token_type_ids: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly loss: number;
}

function readCases(name: string): readonly Case[] {
  return JSON.parse(readFileSync(`${fixtures}${name}.cases.json`, 'utf8'));
}

function matrix(rows: readonly (readonly number[])[]): HostTensor {
  return { dtype: 'int32', shape: [rows.length, rows[0]?.length ?? 0], data: Int32Array.from(rows.flat()) };
}

function feedsOf(one: Case): NamedHostTensors {
  return {
    input_ids: matrix(one.input_ids),
    attention_mask: matrix(one.attention_mask),
    token_type_ids: matrix(one.token_type_ids),
  };
}

function encoderInputs(inputs: NamedTensors): EncoderInputs {
  return {
    inputIds: inputs.input_ids as tf.Tensor2D,
    attentionMask: inputs.attention_mask as tf.Tensor2D,
    tokenTypeIds: inputs.token_type_ids as tf.Tensor2D,
  };
}

const runtimes = new Map<RuntimeName, Promise<Runtime>>();

function runtimeNamed(name: RuntimeName): Promise<Runtime> {
  const existing = runtimes.get(name);
  if (existing !== undefined) return existing;
  const opened = openRuntime(name, { threads: 1 });
  runtimes.set(name, opened);
  return opened;
}

afterAll(async () => {
  for (const runtime of runtimes.values()) await (await runtime).dispose();
});

async function run(
  runtimeName: RuntimeName,
  weights: NamedHostTensors,
  feeds: NamedHostTensors,
  fn: TensorFunction,
): Promise<Record<string, HostTensor>> {
  const runtime = await runtimeNamed(runtimeName);
  const variables = runtime.createVariables(weights);
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([key, { shape, dtype }]) => [key, { shape, dtype }]),
  );
  const compiled = await runtime.compile(fn, { name: 'test', inputs, variables });
  try {
    return await compiled.run(feeds, { seed: 3 });
  } finally {
    compiled.dispose();
    variables.dispose();
  }
}

function logits(model: Model, inputs: NamedTensors, weights: NamedTensors, training = false): tf.Tensor2D {
  const { architecture } = model;
  return model.task === 'sequence-classification'
    ? architecture.classify(weights, encoderInputs(inputs), { training })
    : architecture.predictTokens(weights, encoderInputs(inputs), undefined, { training });
}

function largestDifference(found: HostTensor | undefined, expected: ArrayLike<number>): number {
  if (found === undefined || found.data.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [index, value] of found.data.entries()) {
    largest = Math.max(largest, Math.abs(value - (expected[index] ?? Number.NaN)));
  }
  return largest;
}

describe.each(['cpu', 'onnx', ...tensorflowHere] as const)('on the runtime %s', (runtimeName) => {
  test.each(['tiny-classifier', 'tiny-masked', 'tiny-tanh'])(
    "the logits of %s equal those of Python's transformers, for padded batches of pairs",
    async (name) => {
      const { model } = await loadModel(fixtures + name);
      for (const one of readCases(name)) {
        const outputs = await run(runtimeName, model.weights, feedsOf(one), (inputs, weights) => ({
          outputs: { logits: logits(model, inputs, weights) },
        }));
        expect(largestDifference(outputs.logits, one.logits.flat())).toBeLessThan(tolerance);
      }
    },
  );

  test.each(['tiny-classifier', 'tiny-masked', 'tiny-tanh'])(
    'the loss of %s has the gradients of PyTorch',
    async (name) => {
      const { model } = await loadModel(fixtures + name);
      const expected = await readSafetensors(`${fixtures}${name}.gradients.safetensors`);
      const one = readCases(name)[0];
      if (one === undefined) throw new Error('no case');
      const counted = one.labels.flatMap((label, row) => (label >= 0 ? [row] : []));
      const rows = Int32Array.from(counted);
      const labels = Int32Array.from(counted.map((row) => one.labels[row] ?? 0));
      const feeds: NamedHostTensors = {
        ...feedsOf(one),
        rows: { dtype: 'int32', shape: [rows.length], data: rows },
        labels: { dtype: 'int32', shape: [rows.length], data: labels },
      };
      const names = Object.keys(model.weights);
      const outputs = await run(runtimeName, model.weights, feeds, (inputs, weights) => {
        const loss = (...values: tf.Tensor[]): tf.Scalar => {
          const named = Object.fromEntries(names.map((key, index) => [key, values[index] as tf.Tensor]));
          // The masked model computes the rows that have labels and no others.
          const scores =
            model.task === 'sequence-classification'
              ? logits(model, inputs, named)
              : model.architecture.predictTokens(named, encoderInputs(inputs), inputs.rows as tf.Tensor1D, {
                  training: false,
                });
          const oneHot = tf.oneHot(inputs.labels as tf.Tensor1D, scores.shape[1]).toFloat();
          return tf.neg(tf.mean(tf.sum(tf.mul(oneHot, tf.logSoftmax(scores)), 1))).asScalar();
        };
        const { value, grads } = tf.valueAndGrads(loss)(names.map((key) => weights[key] as tf.Tensor));
        const gradients = Object.fromEntries(
          names.map((key, index) => [`gradient:${key}`, grads[index] as tf.Tensor]),
        );
        return { outputs: { ...gradients, loss: value } };
      });
      expect(outputs.loss?.data[0]).toBeCloseTo(one.loss, 5);
      expect(expected.size).toBe(names.length);
      for (const [key, gradient] of expected) {
        if (gradient.dtype !== 'F32') throw new Error(`${key} is ${gradient.dtype}`);
        // The padding token's own row is the one place where PyTorch leaves a gradient out; no loss here reaches it.
        expect([key, largestDifference(outputs[`gradient:${key}`], gradient.data)]).toEqual([
          key,
          expect.toSatisfy((difference: number) => difference < tolerance),
        ]);
      }
    },
  );

  test('only the positions that are asked for are computed, with the same result', async () => {
    const { model } = await loadModel(`${fixtures}tiny-masked`);
    const one = readCases('tiny-masked')[0];
    if (one === undefined) throw new Error('no case');
    const positions = [2, 0, 11, 18];
    const feeds: NamedHostTensors = {
      ...feedsOf(one),
      positions: { dtype: 'int32', shape: [positions.length], data: Int32Array.from(positions) },
    };
    const outputs = await run(runtimeName, model.weights, feeds, (inputs, weights) => ({
      outputs: {
        logits: model.architecture.predictTokens(
          weights,
          encoderInputs(inputs),
          inputs.positions as tf.Tensor1D,
          { training: false },
        ),
      },
    }));
    const expected = positions.flatMap((position) => one.logits[position] ?? []);
    expect(largestDifference(outputs.logits, expected)).toBeLessThan(tolerance);
  });
});

test('dropout changes the logits of a training pass, the same way on every runtime', async () => {
  const { model } = await loadModel(`${fixtures}tiny-classifier`);
  const one = readCases('tiny-classifier')[0];
  if (one === undefined) throw new Error('no case');
  const training: TensorFunction = (inputs, weights) => ({
    outputs: { logits: logits(model, inputs, weights, true) },
  });
  const eager = await run('cpu', model.weights, feedsOf(one), training);
  const traced = await run('onnx', model.weights, feedsOf(one), training);
  expect(largestDifference(eager.logits, one.logits.flat())).toBeGreaterThan(0.01);
  expect(largestDifference(eager.logits, traced.logits?.data ?? [])).toBeLessThan(tolerance);
});
