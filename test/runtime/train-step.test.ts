import { afterAll, describe, expect, it } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { HostTensor, Runtime, RuntimeName, TensorSpec } from '../../src/runtime/runtime.js';
import { tensorflowHere } from './tensorflow-here.js';
import { createBatch, createState, schedule, type ToyConfig, trainStep } from './toy-encoder.js';

const CONFIG: ToyConfig = {
  layers: 2,
  hidden: 16,
  intermediate: 32,
  heads: 2,
  vocabulary: 50,
  positions: 12,
  classes: 3,
  dropout: 0.1,
};
const STEPS = 5;
const RELATIVE_TOLERANCE = 1e-4;

const opened: Runtime[] = [];

afterAll(async () => {
  for (const runtime of opened) await runtime.dispose();
});

describe('a training step of a two-layer encoder with AdamW, clipping and dropout', () => {
  it.each(['cpu', ...tensorflowHere] as const)(
    'gives the same losses and weights on onnx and on %s',
    async (eager) => {
      const reference = await train(eager, 1);
      const traced = await train('onnx', 2);
      traced.losses.forEach((loss, step) => {
        expect(Math.abs(loss / (reference.losses[step] ?? 0) - 1)).toBeLessThan(RELATIVE_TOLERANCE);
      });
      for (const [name, weight] of Object.entries(traced.weights)) {
        // AdamW divides by the gradient's magnitude: where a gradient is rounding noise (the key's bias), so is its sign.
        if (name.endsWith('key.bias')) continue;
        expect(largestDifference(weight, reference.weights[name]), name).toBeLessThan(RELATIVE_TOLERANCE);
      }
    },
  );

  it('gives the same losses on wasm', async () => {
    const reference = await train('cpu', 1);
    const { losses } = await train('wasm', 1);
    losses.forEach((loss, step) => {
      expect(Math.abs(loss / (reference.losses[step] ?? 0) - 1)).toBeLessThan(RELATIVE_TOLERANCE);
    });
  });

  it('gives the same bytes when it is repeated', async () => {
    const first = await train('onnx', 2);
    const second = await train('onnx', 2);
    expect(second.losses).toEqual(first.losses);
    expect(second.weights).toEqual(first.weights);
  });
});

async function train(name: RuntimeName, threads: number) {
  const runtime = await openRuntime(name, { threads });
  opened.push(runtime);
  const { weights, state } = createState(CONFIG, 1);
  const variables = runtime.createVariables(state);
  const names = Object.keys(weights);
  const feeds = (step: number) => ({ ...createBatch(CONFIG, 4, 8, 100 + step), ...schedule(0.01, step) });
  const inputs: Record<string, TensorSpec> = Object.fromEntries(
    Object.entries(feeds(1)).map(([input, { dtype, shape }]) => [input, { dtype, shape }]),
  );
  const step = await runtime.compile(trainStep(CONFIG, names), { name: 'train-step', inputs, variables });
  const losses: number[] = [];
  for (let t = 1; t <= STEPS; t += 1) {
    const { loss } = await step.run(feeds(t), { seed: t });
    losses.push(loss?.data[0] ?? Number.NaN);
  }
  const trained: Record<string, HostTensor> = {};
  for (const weight of names) trained[weight] = await variables.read(weight);
  step.dispose();
  variables.dispose();
  return { losses, weights: trained };
}

function largestDifference(a: HostTensor, b: HostTensor | undefined): number {
  return Math.max(...Array.from(a.data, (value, index) => Math.abs(value - (b?.data[index] ?? Number.NaN))));
}
