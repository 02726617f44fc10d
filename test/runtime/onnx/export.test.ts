import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportToOnnx } from '../../../src/runtime/onnx/export.js';
import { openRuntime } from '../../../src/runtime/open-runtime.js';
import { randomMask } from '../../../src/runtime/random-mask.js';
import type { HostTensor, NamedHostTensors, TensorFunction } from '../../../src/runtime/runtime.js';
import { createBatch, createState, forward, type ToyConfig } from '../toy-encoder.js';

const CONFIG: ToyConfig = {
  layers: 2,
  hidden: 16,
  intermediate: 32,
  heads: 2,
  vocabulary: 50,
  positions: 40,
  classes: 3,
  dropout: 0,
};

const IDS = { dtype: 'int64', shape: ['batch', 'sequence'] } as const;
const INPUTS = { input_ids: IDS, attention_mask: IDS, token_type_ids: IDS };

const encoder: TensorFunction = (inputs, weights) => ({
  outputs: { logits: forward(CONFIG, weights, tensor(inputs.input_ids), tensor(inputs.attention_mask)) },
});

describe('an exported encoder', () => {
  it.each([
    [1, 1],
    [1, 9],
    [4, 40],
    [6, 3],
  ])('gives the logits of the cpu runtime at batch %i and length %i', async (batch, length) => {
    const { weights } = createState(CONFIG, 3);
    const session = await ort.InferenceSession.create(
      exportToOnnx(encoder, { name: 'encoder', inputs: INPUTS, weights }),
    );
    expect(session.inputNames).toEqual(['input_ids', 'attention_mask', 'token_type_ids']);
    const { ids, mask } = createBatch(CONFIG, batch, length, 5);
    if (ids === undefined || mask === undefined) throw new Error('no batch');
    const feeds = { input_ids: wide(ids), attention_mask: wide(mask), token_type_ids: wide(ids) };
    const { logits } = await session.run(feeds);
    await session.release();
    const reference = await onCpu(
      encoder,
      { input_ids: ids, attention_mask: mask, token_type_ids: ids },
      weights,
    );
    expect(logits?.dims).toEqual(reference.logits?.shape);
    const found = Array.from(logits?.data as Float32Array);
    found.forEach((value, index) => {
      expect(Math.abs(value - (reference.logits?.data[index] ?? Number.NaN))).toBeLessThan(1e-5);
    });
  });
});

describe('a function with constants that depend on sizes', () => {
  it('computes them from the sizes it is run with', async () => {
    // Positions, a mean over the sequence, everything but the last element, a matrix of equal numbers.
    const fn: TensorFunction = ({ x }) => {
      const [batch = 1, length = 1] = tensor(x).shape;
      const positions = tf.reshape(tf.range(0, length, 1, 'float32'), [1, length]);
      const shifted = tf.add(tensor(x), positions);
      const scaled = tf.div(tf.sum(shifted, 1), length);
      const last = tf.slice(shifted, [0, 0], [batch, length - 1]);
      return {
        outputs: {
          shifted,
          scaled,
          last,
          ones: tf.add(tf.ones([batch, length]), tf.reshape(scaled, [batch, 1])),
        },
      };
    };
    const bytes = exportToOnnx(fn, {
      name: 'sizes',
      inputs: { x: { dtype: 'float32', shape: ['rows', 'columns'] } },
      weights: {},
    });
    const session = await ort.InferenceSession.create(bytes);
    const x: HostTensor = {
      dtype: 'float32',
      shape: [2, 6],
      data: Float32Array.from({ length: 12 }, (_, i) => i * 0.5),
    };
    const results = await session.run({ x: new ort.Tensor('float32', x.data, x.shape) });
    await session.release();
    const reference = await onCpu(fn, { x }, {});
    for (const [name, { shape, data }] of Object.entries(reference)) {
      expect(results[name]?.dims).toEqual(shape);
      Array.from(data).forEach((value, index) => {
        expect(Number(results[name]?.data[index])).toBeCloseTo(value, 5);
      });
    }
  });

  it('is refused when they follow no rule', () => {
    const fn: TensorFunction = ({ x }) => ({
      outputs: { y: tf.mul(tensor(x), Math.sin(tensor(x).shape[0] ?? 0)) },
    });
    const inputs = { x: { dtype: 'float32', shape: ['rows', 2] } } as const;
    expect(() => exportToOnnx(fn, { name: 'sine', inputs, weights: {} })).toThrow(
      /'sine' cannot be made for any size of rows/,
    );
  });

  it('is refused when it draws random masks', () => {
    const fn: TensorFunction = ({ x }) => ({ outputs: { y: tf.mul(tensor(x), randomMask([2], 0.5)) } });
    const inputs = { x: { dtype: 'float32', shape: [2] } } as const;
    expect(() => exportToOnnx(fn, { name: 'noisy', inputs, weights: {} })).toThrow(/without dropout/);
  });
});

async function onCpu(fn: TensorFunction, feeds: NamedHostTensors, weights: NamedHostTensors) {
  const runtime = await openRuntime('cpu', { threads: 1 });
  const variables = runtime.createVariables(weights);
  const compiled = await runtime.compile(fn, { name: 'reference', inputs: feeds, variables });
  const result = await compiled.run(feeds);
  variables.dispose();
  return result;
}

function wide({ data, shape }: HostTensor): ort.Tensor {
  return new ort.Tensor(
    'int64',
    BigInt64Array.from(data, (number) => BigInt(number)),
    shape,
  );
}

function tensor(value: tf.Tensor | undefined): tf.Tensor {
  if (value === undefined) throw new Error('no tensor');
  return value;
}
