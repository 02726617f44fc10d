/** Tables whose gradients hold only the rows of a batch are updated as if the gradients were dense. */
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { openRuntime } from '../../../src/runtime/open-runtime.js';
import type { HostTensor, NamedHostTensors, TensorFunction } from '../../../src/runtime/runtime.js';
import { adamW } from '../../../src/training/optimizers/adamw.js';
import { sgd } from '../../../src/training/optimizers/sgd.js';

const [rows, width] = [40, 8];
const table = ['table', 'first_moment', 'second_moment', 'momentum'] as const;
const inputs = {
  ids: { dtype: 'int32', shape: [3, 2] },
  direction: { dtype: 'float32', shape: [6, width] },
  step: { dtype: 'float32', shape: [] },
} as const;

function step(kind: 'adamw' | 'sgd', decays: boolean, isSparse: boolean): TensorFunction {
  return ({ ids, direction, step: rate }, variables) => {
    const weights = variables.table as tf.Tensor2D;
    const { grads, value } = tf.valueAndGrads((given: tf.Tensor) =>
      tf.sum(tf.mul(tf.gather(given, tf.reshape(ids as tf.Tensor, [6])), direction as tf.Tensor)),
    )([weights]);
    // A second reader of the gradient keeps it dense.
    const other = isSparse ? {} : { gradient: grads[0] as tf.Tensor };
    const optimizer =
      kind === 'adamw'
        ? adamW({ name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })
        : sgd({ name: 'sgd', momentum: 0.9, nesterov: false });
    const { parameter, state } = optimizer.update({
      parameter: weights,
      gradient: grads[0] as tf.Tensor,
      gradientScale: tf.minimum(tf.sqrt(tf.sum(tf.square(grads[0] as tf.Tensor))), 1),
      state: variables as Readonly<Record<string, tf.Tensor>>,
      scalars: Object.fromEntries(
        optimizer.scalarNames.map((name) => [name, tf.mul(rate as tf.Tensor, 0.5)]),
      ),
      decays,
    });
    return { outputs: { value, ...other }, updates: { table: parameter, ...state } };
  };
}

function feeds(index: number): NamedHostTensors {
  const ids = [0, 1, 2, 3, 4, 5].map((position) => (position * (index + 1) + (index % 3)) % rows);
  const direction = Float32Array.from({ length: 6 * width }, (_, at) => Math.sin(at + index));
  return {
    ids: { dtype: 'int32', shape: [3, 2], data: Int32Array.from(ids) },
    direction: { dtype: 'float32', shape: [6, width], data: direction },
    step: { dtype: 'float32', shape: [], data: Float32Array.of(1 / (index + 2)) },
  };
}

const matrix = (element: (index: number) => number): HostTensor => ({
  dtype: 'float32',
  shape: [rows, width],
  data: Float32Array.from({ length: rows * width }, (_, index) => element(index)),
});

/** The variables after some steps; those of `dense` steps have gradients of the table's size. */
async function run(kind: 'adamw' | 'sgd', decays: boolean, isSparse: (index: number) => boolean) {
  const runtime = await openRuntime('onnx', { threads: 1 });
  const variables = runtime.createVariables({
    table: matrix((index) => Math.cos(index)),
    first_moment: matrix((index) => (index < 2 * width ? 0.25 : 0)),
    second_moment: matrix((index) => (index < width ? 0.125 : 0)),
    momentum: matrix((index) => (index < width ? 0.5 : 0)),
  });
  const compile = (sparse: boolean) =>
    runtime.compile(step(kind, decays, sparse), { name: `step-${sparse}`, inputs, variables });
  const [dense, sparse] = [await compile(false), await compile(true)];
  for (let index = 0; index < 6; index += 1) await (isSparse(index) ? sparse : dense).run(feeds(index));
  const values = await Promise.all(table.map((name) => variables.read(name)));
  await runtime.dispose();
  return values;
}

describe('updates of looked-up rows', () => {
  it.each([
    ['adamw', false],
    ['adamw', true],
    ['sgd', false],
  ] as const)('of %s with decay %s give the bytes of dense updates', async (kind, decays) => {
    const expected = await run(kind, decays, () => false);
    expect(await run(kind, decays, () => true)).toEqual(expected);
  });

  it('see state that other functions and writes left behind', async () => {
    const expected = await run('adamw', true, () => false);
    expect(await run('adamw', true, (index) => index % 2 === 0)).toEqual(expected);
  });
});
