/** Variables that are too large for one WebAssembly memory: everything is as with those that fit. */
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openRuntime } from '../../../src/runtime/open-runtime.js';
import { randomMask } from '../../../src/runtime/random-mask.js';
import type { HostTensor, TensorFunction } from '../../../src/runtime/runtime.js';
import { Arena } from '../../../src/runtime/wasm/arena.js';

afterEach(() => vi.restoreAllMocks());

const vector = (...numbers: number[]): HostTensor => ({
  dtype: 'float32',
  shape: [numbers.length],
  data: Float32Array.from(numbers),
});

/** w' = w - (m' dropped out), m' = m / 2 + x: with what crosses from one to the other, and a mask. */
const step: TensorFunction = ({ x }, { w, m }) => {
  const moment = tf.add(tf.mul(m as tf.Tensor, 0.5), x as tf.Tensor);
  const dropped = tf.mul(moment, tf.mul(randomMask([5], 0.5), 2));
  return {
    outputs: { sum: tf.sum(w as tf.Tensor) },
    updates: { w: tf.sub(w as tf.Tensor, dropped), m: moment },
  };
};

async function run() {
  const runtime = await openRuntime('onnx', { threads: 1 });
  const variables = runtime.createVariables({ w: vector(1, 2, 3, 4, 5), m: vector(0, 0, 0, 0, 0) });
  const inputs = { x: { dtype: 'float32', shape: [5] } } as const;
  const compiled = await runtime.compile(step, { name: 'step', inputs, variables });
  const sums: unknown[] = [];
  for (let seed = 0; seed < 4; seed += 1) {
    if (seed === 2) variables.write('m', vector(9, 8, 7, 6, 5));
    sums.push((await compiled.run({ x: vector(1, 2, 3, 4, seed) }, { seed })).sum?.data);
  }
  const values = await Promise.all(['w', 'm'].map((name) => variables.read(name)));
  await runtime.dispose();
  return { sums, values };
}

describe('variables that no arena holds', () => {
  it('have the same values after steps, writes and masks', async () => {
    const expected = await run();
    vi.spyOn(Arena, 'canHold').mockReturnValue(false);
    expect(await run()).toEqual(expected);
  });

  it('have them where only the arrays of a run have no room', async () => {
    const expected = await run();
    vi.spyOn(Arena.prototype, 'transient').mockReturnValue(undefined);
    expect(await run()).toEqual(expected);
  });
});
