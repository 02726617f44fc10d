import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel, type Model } from '../../src/models/model.js';
import { createPredictor, type TokenSequence } from '../../src/models/predict.js';
import { planPredictBatches } from '../../src/models/predict-batches.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { Runtime } from '../../src/runtime/runtime.js';

const fixtures = fileURLToPath(new URL('../fixtures/models/', import.meta.url));
const tolerance = 1e-4;

interface Case {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly token_type_ids: readonly (readonly number[])[];
  readonly logits: readonly (readonly number[])[];
}

let runtime: Runtime;
let classifier: Model;
let masked: Model;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
  classifier = (await loadModel(`${fixtures}tiny-classifier`)).model;
  masked = (await loadModel(`${fixtures}tiny-masked`)).model;
});
afterAll(() => runtime.dispose());

/** The unpadded sequences of all cases, each with the logits of its class or tokens. */
function sequencesOf(
  name: string,
): readonly (TokenSequence & { readonly expected: readonly (readonly number[])[] })[] {
  const cases: readonly Case[] = JSON.parse(readFileSync(`${fixtures}${name}.cases.json`, 'utf8'));
  return cases.flatMap(({ input_ids: ids, attention_mask: mask, token_type_ids: types, logits }) =>
    ids.map((row, index) => {
      const length = mask[index]?.reduce((sum, value) => sum + value, 0) ?? 0;
      const perToken = logits.length === ids.length * row.length && row.length > 1;
      return {
        inputIds: row.slice(0, length),
        tokenTypeIds: (types[index] ?? []).slice(0, length),
        expected: perToken
          ? logits.slice(index * row.length, index * row.length + length)
          : logits.slice(index, index + 1),
      };
    }),
  );
}

function expectClose(found: ArrayLike<number> | undefined, expected: readonly number[]): void {
  expect(found?.length).toBe(expected.length);
  const differences = expected.map((value, index) => Math.abs((found?.[index] ?? Number.NaN) - value));
  expect(Math.max(0, ...differences)).toBeLessThan(tolerance);
}

test.each([4096, 20, 1])(
  'logits come in the order of the sequences, with batches of %i tokens',
  async (batchTokens) => {
    const sequences = sequencesOf('tiny-classifier');
    const predictor = createPredictor(classifier, runtime, { batchTokens });
    const logits = await predictor.logits(sequences);
    expect(logits).toHaveLength(sequences.length);
    for (const [index, { expected }] of sequences.entries()) expectClose(logits[index], expected.flat());
    const probabilities = await predictor.probabilities(sequences.slice(0, 1));
    expect(probabilities[0]?.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
    predictor.dispose();
  },
);

test('token scores and losses of hidden tokens are those of the masked language model', async () => {
  const sequences = sequencesOf('tiny-masked');
  const predictor = createPredictor(masked, runtime, { batchTokens: 40 });
  const scores = await predictor.tokenLogits(sequences);
  for (const [index, { expected }] of sequences.entries()) expectClose(scores[index], expected.flat());

  const asked = sequences.map((sequence) => {
    const positions = sequence.expected
      .map((_, position) => position)
      .filter((position) => position % 2 === 0);
    return { ...sequence, positions, targets: positions.map((position) => (position * 7) % 48) };
  });
  const losses = await predictor.clozeLosses(asked);
  asked.forEach(({ positions, targets, expected }, index) => {
    const byHand = positions.map((position, item) => {
      const row = expected[position] ?? [];
      return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - (row[targets[item] ?? 0] ?? 0);
    });
    expectClose(losses[index], byHand);
  });
  predictor.dispose();
});

test('mean states are those of each sequence alone, whatever it is batched with', async () => {
  const sequences = sequencesOf('tiny-classifier');
  const predictor = createPredictor(classifier, runtime);
  const together = await predictor.meanStates(sequences);
  expect(together).toHaveLength(sequences.length);
  for (const [index, sequence] of sequences.entries()) {
    const [alone] = await predictor.meanStates([sequence]);
    expectClose(together[index], Array.from(alone ?? []));
  }
  // A sequence of one token is that token's state, from which the pooler makes what the classifier sees.
  const [state] = await predictor.meanStates([{ inputIds: [5] }]);
  const [logits] = await predictor.logits([{ inputIds: [5] }]);
  const dense = (name: string, x: readonly number[]): number[] => {
    const weight = classifier.weights[`${name}.weight`]?.data ?? [];
    return Array.from(classifier.weights[`${name}.bias`]?.data ?? [], (bias, row) =>
      x.reduce((sum, value, column) => sum + value * (weight[row * x.length + column] ?? 0), bias),
    );
  };
  expectClose(
    logits,
    dense('classifier', dense('bert.pooler.dense', Array.from(state ?? [])).map(Math.tanh)),
  );
  predictor.dispose();
});

test('an empty list, an empty sequence and a cancelled call are handled', async () => {
  const predictor = createPredictor(classifier, runtime);
  expect(await predictor.logits([])).toEqual([]);
  expect((await predictor.logits([{ inputIds: [] }]))[0]).toHaveLength(3);
  await expect(predictor.logits([{ inputIds: [5] }], { signal: AbortSignal.abort() })).rejects.toThrow();
  await expect(predictor.logits([{ inputIds: Array(21).fill(5) }])).rejects.toThrow('longer than the model');
  await expect(predictor.tokenLogits([{ inputIds: [5] }])).rejects.toThrow('made for');
  predictor.dispose();
});

describe('batches', () => {
  test('hold every sequence once, shortest first, padded to their longest', () => {
    const lengths = [3, 100, 17, 16, 33, 0, 97, 64, 16];
    const batches = planPredictBatches(lengths, { maximumLength: 100, batchTokens: 120 });
    expect(batches).toEqual([
      { length: 17, members: [5, 0, 3, 8, 2] },
      { length: 33, members: [4] },
      { length: 64, members: [7] },
      { length: 97, members: [6] },
      { length: 100, members: [1] },
    ]);
  });

  test('hold one sequence where it alone has more tokens than a batch', () => {
    expect(planPredictBatches([9, 9], { maximumLength: 9, batchTokens: 5 })).toHaveLength(2);
    expect(planPredictBatches([], { maximumLength: 9, batchTokens: 5 })).toEqual([]);
  });

  test('name the first sequence that is too long', () => {
    expect(() => planPredictBatches([1, 10, 11], { maximumLength: 9, batchTokens: 5 })).toThrow(
      'sequence 2 is longer',
    );
  });
});
