/** Dropout depends on the seed and the step alone: not on threads, nor on where a training was interrupted. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import { randomMask } from '../../src/runtime/random-mask.js';
import type { Runtime } from '../../src/runtime/runtime.js';
import { defaultOptimizers } from '../../src/training/optimizers/index.js';
import { train } from '../../src/training/trainer.js';
import type { TrainingOptions } from '../../src/training/training-options.js';
import { data, examples, objective, startWeights, trainable } from './bag-of-words.js';

/** A runtime that notes the seed of every training step; it decides all masks of the step. */
function noting(runtime: Runtime, seeds: number[]): Runtime {
  return {
    ...runtime,
    createVariables: (values) => runtime.createVariables(values),
    dispose: () => runtime.dispose(),
    compile: async (fn, options) => {
      const compiled = await runtime.compile(fn, options);
      if (!/^(train-step|accumulate)/.test(options.name)) return compiled;
      return {
        run(feeds, runOptions) {
          seeds.push(runOptions?.seed ?? 0);
          return compiled.run(feeds, runOptions);
        },
        dispose: () => compiled.dispose(),
      };
    },
  };
}

function run(runtime: Runtime, changes: Partial<TrainingOptions> = {}) {
  return train({
    runtime,
    objective,
    weights: startWeights(),
    trainable,
    data: data(examples(64)),
    penalties: [],
    settings: {
      epochs: 2,
      batchSize: 8,
      gradientAccumulation: 2,
      learningRate: 0.01,
      schedule: 'linear',
      warmup: 0,
      optimizer: defaultOptimizers.adamw,
      weightDecay: 0,
      maximumGradientNorm: 1,
      best: { metric: 'loss', mode: 'min', minimumDifference: 0 },
      keep: 'last',
    },
    maximumLength: 32,
    denseWeights: 1,
    seed: 7,
    clock: () => 0,
    ...changes,
  });
}

it('the masks of a step are the same on one thread and on two, element by element', async () => {
  const masks = await Promise.all(
    [1, 2].map(async (threads) => {
      const runtime = await openRuntime('onnx', { threads });
      const variables = runtime.createVariables({});
      // Large enough to be shared out among threads.
      const fn = () => ({ outputs: { mask: tf.mul(randomMask([512, 384], 0.9), 1) } });
      const compiled = await runtime.compile(fn, { name: 'masks', inputs: {}, variables });
      const drawn = [];
      for (const seed of [1, 2, 3]) drawn.push((await compiled.run({}, { seed })).mask?.data);
      await runtime.dispose();
      return drawn;
    }),
  );
  expect(masks[1]).toEqual(masks[0]);
  expect(masks[0]?.[0]).not.toEqual(masks[0]?.[1]);
});

it('every part of every step has its own seed, the same on any number of threads', async () => {
  const noted = await Promise.all(
    [1, 2].map(async (threads) => {
      const seeds: number[] = [];
      const runtime = await openRuntime('onnx', { threads });
      await run(noting(runtime, seeds));
      await runtime.dispose();
      return seeds;
    }),
  );
  expect(noted[0]?.length).toBe(16);
  expect(new Set(noted[0]).size).toBe(16);
  expect(noted[1]).toEqual(noted[0]);
});

it('a training that goes on draws the masks that an uninterrupted one draws', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roux-dropout-'));
  const runtime = await openRuntime('onnx', { threads: 1 });
  const whole: number[] = [];
  await run(noting(runtime, whole));
  const checkpoints = { folder, everySeconds: 0 };
  const parts: number[] = [];
  const abort = new AbortController();
  const interrupted = run(noting(runtime, parts), {
    checkpoints,
    signal: abort.signal,
    onProgress: ({ step }) => step === 5 && abort.abort(new Error('interrupted')),
  });
  await expect(interrupted).rejects.toThrow('interrupted');
  expect(parts.length).toBe(10);
  await run(noting(runtime, parts), { checkpoints });
  expect(parts).toEqual(whole);
  await runtime.dispose();
  await rm(folder, { recursive: true });
});
