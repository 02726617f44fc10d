/**
 * Training steps per second of the onnx runtime: forward, backward, clipping and AdamW on all weights.
 *
 * Prints tokens per second and, as the ratio that carries over to other machines, the share of the speed that the matrix
 * products alone would reach: the same number of multiplications in square matrices, measured in the same process.
 *
 * `node bench/run.mjs runtime-minilm [minilm|small|all] [steps] [dropout]`
 */

import * as tf from '@tensorflow/tfjs';
import { openRuntime } from '../src/runtime/open-runtime.js';
import type { HostTensor, Runtime, TensorSpec } from '../src/runtime/runtime.js';
import {
  createBatch,
  createState,
  schedule,
  type ToyConfig,
  trainStep,
} from '../test/runtime/toy-encoder.js';

interface Shape {
  readonly config: Omit<ToyConfig, 'dropout'>;
  readonly batch: number;
  readonly length: number;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  minilm: {
    config: {
      layers: 6,
      hidden: 384,
      intermediate: 1536,
      heads: 12,
      vocabulary: 30522,
      positions: 512,
      classes: 2,
    },
    batch: 32,
    length: 64,
  },
  small: {
    config: {
      layers: 4,
      hidden: 256,
      intermediate: 1024,
      heads: 4,
      vocabulary: 8192,
      positions: 512,
      classes: 2,
    },
    batch: 32,
    length: 128,
  },
};

const [which = 'all', stepsText = '8', dropoutText = '0'] = process.argv.slice(2);
const threads = Number(process.env.THREADS ?? 2);
const runtime = await openRuntime('onnx', { threads });
console.log(runtime.fingerprint);
const peak = await matrixSpeed(runtime);
console.log(`square matrices of 1536: ${(peak / 1e9).toFixed(0)} GFLOP/s`);
for (const [name, shape] of Object.entries(SHAPES)) {
  if (which !== 'all' && which !== name) continue;
  await measure(runtime, name, shape, Number(stepsText), Number(dropoutText), peak);
}
await runtime.dispose();

async function measure(
  runtime: Runtime,
  name: string,
  shape: Shape,
  steps: number,
  dropout: number,
  peak: number,
) {
  const config: ToyConfig = { ...shape.config, dropout };
  const { weights, state } = createState(config, 1);
  const variables = runtime.createVariables(state);
  const feeds = (t: number) => ({
    ...createBatch(config, shape.batch, shape.length, t),
    ...schedule(1e-4, t),
  });
  const specs: Record<string, TensorSpec> = Object.fromEntries(
    Object.entries(feeds(1)).map(([input, tensor]: [string, HostTensor]) => [
      input,
      { dtype: tensor.dtype, shape: tensor.shape },
    ]),
  );
  const started = performance.now();
  const step = await runtime.compile(trainStep(config, Object.keys(weights)), {
    name,
    inputs: specs,
    variables,
  });
  const compiled = performance.now() - started;
  const times: number[] = [];
  const losses: number[] = [];
  for (let t = 1; t <= steps + 1; t += 1) {
    const batch = feeds(t);
    const before = performance.now();
    const { loss } = await step.run(batch, { seed: t });
    if (t > 1) times.push(performance.now() - before);
    losses.push(loss?.data[0] ?? Number.NaN);
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? Number.NaN;
  const tokens = shape.batch * shape.length;
  const ideal = matrixOperations(config, shape.batch, shape.length) / peak;
  console.log(
    `${name}${dropout > 0 ? ` with dropout ${dropout}` : ''}: ${((tokens / median) * 1000).toFixed(0)} tokens/s ` +
      `(median ${median.toFixed(0)} ms, best ${(times[0] ?? 0).toFixed(0)} ms), ` +
      `${((100 * ideal * 1000) / median).toFixed(0)} % of the matrix products' speed, ` +
      `compiled in ${compiled.toFixed(0)} ms, loss ${losses[0]?.toFixed(5)} to ${losses.at(-1)?.toFixed(5)}`,
  );
  step.dispose();
  variables.dispose();
}

/** Floating point operations in matrix products: 2 per weight and token forward, twice that backward. */
function matrixOperations(config: ToyConfig, batch: number, length: number): number {
  const weights = config.layers * (4 * config.hidden ** 2 + 2 * config.hidden * config.intermediate);
  const attention = config.layers * 2 * length * config.hidden;
  return 6 * batch * length * (weights + attention);
}

async function matrixSpeed(runtime: Runtime): Promise<number> {
  const size = 1536;
  const variables = runtime.createVariables({});
  const spec: TensorSpec = { dtype: 'float32', shape: [size, size] };
  const product = await runtime.compile(
    ({ a, b }) => ({ outputs: { c: tf.sum(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)) } }),
    { name: 'matrix-product', inputs: { a: spec, b: spec }, variables },
  );
  const host: HostTensor = { ...spec, dtype: 'float32', data: new Float32Array(size * size).fill(0.5) };
  let best = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition < 10; repetition += 1) {
    const before = performance.now();
    await product.run({ a: host, b: host });
    best = Math.min(best, performance.now() - before);
  }
  product.dispose();
  return (2 * size ** 3) / (best / 1000);
}
