/** Every kind of training goes on from a checkpoint and ends with the same bytes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedHostTensors, Runtime } from '../../src/runtime/runtime.js';
import type { OptimizerGroup } from '../../src/training/optimizer-groups.js';
import { defaultOptimizers, type OptimizerOptions } from '../../src/training/optimizers/index.js';
import type { QuadraticPenalty } from '../../src/training/penalties/quadratic.js';
import { train } from '../../src/training/trainer.js';
import type { TrainingOptions, TrainingSettings } from '../../src/training/training-options.js';
import { data, examples, objective, startWeights, trainable } from './bag-of-words.js';

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'roux-resume-'));
});
afterAll(async () => {
  await runtime.dispose();
  await rm(folder, { recursive: true });
});

const optimizers: readonly OptimizerOptions[] = [
  defaultOptimizers.adamw,
  { ...defaultOptimizers.adafactor, beta1: 0.9, scaleParameter: true },
  { name: 'sgd', momentum: 0.9, nesterov: true },
  defaultOptimizers.lion,
];

/** Holds the weights near where they start. */
const penalty: QuadraticPenalty = {
  strength: 3,
  anchor: startWeights(),
  fisher: Object.fromEntries(
    Object.entries(startWeights()).map(([name, { shape, data: values }]) => [
      name,
      { dtype: 'float32', shape, data: new Float32Array(values.length).fill(0.1) },
    ]),
  ) satisfies NamedHostTensors,
};

/** The head first, the embeddings from the third update on. */
const unfrozenGradually: readonly OptimizerGroup[] = [
  {
    name: 'head',
    parameters: ['classifier.weight', 'classifier.bias'],
    learningRate: 0.05,
    weightDecay: 0.01,
    startEpoch: 0,
  },
  {
    name: 'embeddings',
    parameters: ['embeddings.weight'],
    learningRate: 0.02,
    weightDecay: 0,
    startEpoch: 0.5,
  },
];

const matrix = optimizers.flatMap((optimizer) =>
  [1, 2].flatMap((gradientAccumulation) =>
    [false, true].flatMap((penalized) =>
      [false, true].map((averaged) => ({ optimizer, gradientAccumulation, penalized, averaged })),
    ),
  ),
);

function run(
  { optimizer, gradientAccumulation, penalized, averaged }: (typeof matrix)[number],
  changes: Partial<TrainingOptions> = {},
) {
  const settings: TrainingSettings = {
    epochs: 1,
    maximumSteps: 6,
    batchSize: 8 / gradientAccumulation,
    gradientAccumulation,
    learningRate: 0.05,
    schedule: 'linear',
    warmup: 2,
    optimizer,
    weightDecay: 0.01,
    maximumGradientNorm: 1,
    ...(averaged ? { averageDecay: 0.7 } : {}),
    evaluateEvery: 2,
    best: { metric: penalized ? 'penalized_loss' : 'loss', mode: 'min', minimumDifference: 0 },
    keep: 'best',
    logEvery: 1,
  };
  return train({
    runtime,
    objective,
    weights: startWeights(),
    trainable,
    data: data(examples(48)),
    validation: data(examples(16, 5)),
    penalties: penalized ? [penalty] : [],
    settings,
    maximumLength: 32,
    denseWeights: 1,
    seed: 7,
    clock: () => 0,
    ...changes,
  });
}

/** A result as text that is equal only where every bit is. */
function bytes(result: Awaited<ReturnType<typeof train>>): string {
  const weights = Object.entries(result.weights).map(([name, { data: values }]) => [
    name,
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
  ]);
  return JSON.stringify({ ...result, weights });
}

async function runInterrupted(kind: (typeof matrix)[number], at: number, changes: Partial<TrainingOptions>) {
  const checkpoints = { folder: await mkdtemp(join(folder, 'scratch-')), everySeconds: 0 };
  const abort = new AbortController();
  const interrupted = run(kind, {
    ...changes,
    checkpoints,
    signal: abort.signal,
    onProgress: ({ step }) => step === at && abort.abort(new Error('interrupted')),
  });
  await expect(interrupted).rejects.toThrow('interrupted');
  return run(kind, { ...changes, checkpoints });
}

describe('a training that goes on from a checkpoint ends with the same bytes', () => {
  it.each(matrix)(
    '$optimizer.name, accumulation $gradientAccumulation, penalty $penalized, average $averaged',
    async (kind) => {
      const whole = bytes(await run(kind));
      expect(bytes(await runInterrupted(kind, 3, {}))).toBe(whole);
    },
  );

  it.each(matrix.filter(({ penalized, averaged }) => penalized && averaged))(
    '$optimizer.name, accumulation $gradientAccumulation, with layers that start late, interrupted before and after',
    async (kind) => {
      const groups = { groups: unfrozenGradually };
      const whole = bytes(await run(kind, groups));
      expect(whole).not.toBe(bytes(await run(kind)));
      for (const at of [2, 4]) expect(bytes(await runInterrupted(kind, at, groups))).toBe(whole);
    },
  );
});
