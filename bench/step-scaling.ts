/**
 * How the time of a training step grows: over length, batch, layers and threads, from MiniLM-L6-H384's shape.
 *
 * `node bench/run.mjs step-scaling [--steps 3]`: best of the steps, the matrix products' speed in them, and its share of the
 * speed that large plain products reach in the same process.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { openRuntime } from '../src/runtime/open-runtime.js';
import type { HostTensor, Runtime } from '../src/runtime/runtime.js';
import { createTrainingStep, type StepShape } from './support/training-step.js';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const base: StepShape = { batch: 32, length: 32, dropout: 0.1, layers: 6, hidden: 384 };
const shapes: readonly (Partial<StepShape> & { readonly threads?: number })[] = [
  ...[32, 64, 128, 256, 512].map((length) => ({ length, batch: 16 })),
  ...[8, 16, 32, 64].map((batch) => ({ batch })),
  ...[3, 6, 12].map((layers) => ({ layers })),
  ...[1, 2].map((threads) => ({ threads })),
  { length: 128 },
];
const peaks = new Map<number, number>();
const runtimes = new Map<number, Runtime>();
for (const { threads = 2, ...change } of shapes) {
  const shape = { ...base, ...change };
  if (values.only !== '' && values.only !== `${shape.batch}x${shape.length}`) continue;
  const runtime = runtimes.get(threads) ?? (await openRuntime('onnx', { threads }));
  runtimes.set(threads, runtime);
  const peak = peaks.get(threads) ?? (await productSpeed(runtime));
  peaks.set(threads, peak);
  const step = await createTrainingStep(runtime, shape);
  let best = Number.POSITIVE_INFINITY;
  for (let index = 0; index <= Number(values.steps); index += 1) {
    const before = performance.now();
    await step.run(index);
    if (index > 0) best = Math.min(best, performance.now() - before);
  }
  step.dispose();
  const speed = (step.matrixOperations / best) * 1e-6;
  console.log(
    `${shape.layers} layers, ${shape.batch} x ${shape.length} tokens, ${threads} threads: compiled in ` +
      `${step.compileMilliseconds.toFixed(0)} ms, step ${best.toFixed(0)} ms, ` +
      `${((shape.batch * shape.length * 1000) / best).toFixed(0)} tokens/s, ${speed.toFixed(0)} of ${peak.toFixed(0)} GFLOP/s ` +
      `(${((100 * speed) / peak).toFixed(0)} %)`,
  );
}
for (const runtime of runtimes.values()) await runtime.dispose();

/** GFLOP/s of the best of twenty products of square matrices. */
async function productSpeed(runtime: Runtime): Promise<number> {
  const size = 1536;
  const spec = { dtype: 'float32', shape: [size, size] } as const;
  const product = await runtime.compile(
    ({ a, b }) => ({ outputs: { c: tf.sum(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D), 0) } }),
    { name: 'product', inputs: { a: spec, b: spec }, variables: runtime.createVariables({}) },
  );
  const matrix: HostTensor = { ...spec, data: new Float32Array(size * size).fill(0.5) };
  let best = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition < 20; repetition += 1) {
    const before = performance.now();
    await product.run({ a: matrix, b: matrix });
    best = Math.min(best, performance.now() - before);
  }
  product.dispose();
  return (2 * size ** 3) / best / 1e6;
}
