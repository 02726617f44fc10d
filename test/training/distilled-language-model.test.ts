import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SpecialTokenIds } from '../../src/artifacts/tokens.js';
import { createRandom } from '../../src/data/random.js';
import { initializeParameter } from '../../src/models/initialize.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedHostTensors, NamedTensors, Runtime, TensorFunction } from '../../src/runtime/runtime.js';
import { objectiveEvaluation, objectiveLossSum } from '../../src/training/objective.js';
import { distilledData } from '../../src/training/objectives/distilled-language-model.js';
import { createObjective } from '../../src/training/objectives/index.js';
import { maskedData } from '../../src/training/objectives/masked-language-model.js';
import { tinyModel, tokenSplit } from './tiny-bert.js';

const { architecture, weights: stored } = await tinyModel('tiny-masked-language-model');
const { hiddenSize, vocabularySize } = architecture.config;
const specialTokens: SpecialTokenIds = { padding: 0, unknown: 1, classification: 2, separator: 3, mask: 4 };
const maskProbability = 0.3;
const weight = 7;
const split = tokenSplit(
  [
    [2, 10, 11, 12, 3],
    [2, 13, 14, 15, 16, 17, 3],
    [2, 9, 8, 3],
  ].map((ids) => ({ ids, types: ids.map(() => 0) })),
);
const plan = { length: 8, size: 4, examples: [0, 1, 2] };

const weights: NamedHostTensors = {
  ...Object.fromEntries(
    architecture
      .parameters(['pooler'])
      .filter(({ group }) => group === 'pooler')
      .map((parameter) => [parameter.name, initializeParameter(parameter, 0.3, createRandom(3))]),
  ),
  ...stored,
};
const random = createRandom(5).fork('targets');
const targets = Float32Array.from({ length: split.examples * hiddenSize }, () => random.normal());

const plain = createObjective(architecture, 'masked-language-modeling', { maskProbability });
const distilled = createObjective(architecture, 'masked-language-modeling', {
  maskProbability,
  distillationWeight: weight,
});
const plainData = maskedData(split, { maskProbability, vocabularySize, specialTokens });
const data = distilledData(plainData, { size: hiddenSize, values: targets });
const batch = data.batch(plan, createRandom(1));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
});
afterAll(() => runtime.dispose());

async function run(fn: TensorFunction): Promise<(name: string) => Float32Array> {
  const variables = runtime.createVariables(weights);
  const inputs = distilled.inputs(plan.length, plan.size);
  const compiled = await runtime.compile(fn, { name: 'distilled', inputs, variables });
  const outputs = await compiled.run(batch.feeds);
  compiled.dispose();
  variables.dispose();
  return (name) => Float32Array.from(outputs[name]?.data ?? []);
}

/** The cosines of pooler and target, from the classifier's own pooler. */
function cosinesOf(pooled: Float32Array): readonly number[] {
  return plan.examples.map((example) => {
    const [left, right] = [pooled, targets].map((all) =>
      Array.from(all.subarray(example * hiddenSize, (example + 1) * hiddenSize)),
    );
    const product = (a: readonly number[] = [], b: readonly number[] = []) =>
      a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    return product(left, right) / Math.sqrt(product(left, left) * product(right, right));
  });
}

const pool = (inputs: NamedTensors, values: NamedTensors) =>
  architecture.prefixFeatures(
    values,
    {
      inputIds: inputs.input_ids as tf.Tensor2D,
      attentionMask: inputs.attention_mask as tf.Tensor2D,
      tokenTypeIds: inputs.token_type_ids as tf.Tensor2D,
    },
    { layers: architecture.config.layers, rows: 'first', pooled: true },
  );

describe('masked language modelling with a teacher', () => {
  it('minimises the mean cross entropy and the weighted mean of 1 - cosine, in one forward pass', async () => {
    const value = await run((inputs, values) => ({
      outputs: {
        joint: objectiveLossSum(distilled, inputs, values, { training: false }),
        plain: objectiveLossSum(plain, inputs, values, { training: false }),
        pooled: pool(inputs, values),
      },
    }));
    const [joint = Number.NaN] = value('joint');
    const [alone = Number.NaN] = value('plain');
    const distances = cosinesOf(value('pooled')).map((cosine) => 1 - cosine);
    const distance = distances.reduce((sum, one) => sum + one, 0) / distances.length;
    expect(joint / batch.weight).toBeCloseTo(alone / batch.weight + weight * distance, 4);
  });

  it('teaches the pooler, which masked words alone do not reach', async () => {
    const gradientOf = (objective: typeof plain): TensorFunction => {
      return (inputs, values) => {
        const name = 'bert.pooler.dense.weight';
        const loss = (pooler: tf.Tensor) =>
          tf.add(
            objectiveLossSum(objective, inputs, { ...values, [name]: pooler }, { training: true }),
            tf.mul(tf.sum(pooler), 0),
          ) as tf.Scalar;
        return { outputs: { gradient: tf.grad(loss)(values[name] as tf.Tensor) } };
      };
    };
    const taught = (await run(gradientOf(distilled)))('gradient');
    const untaught = (await run(gradientOf(plain)))('gradient');
    expect(Math.max(...taught.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(Math.max(...untaught.map(Math.abs))).toBe(0);
  });

  it('measures the mean cosine beside the figures of the language model', async () => {
    const value = await run((inputs, values) => ({
      outputs: { ...objectiveEvaluation(distilled, inputs, values), pooled: pool(inputs, values) },
    }));
    const evaluation = data.startEvaluation();
    const outputs = Object.fromEntries(
      ['losses', 'predicted', 'cosines'].map((name) => [
        name,
        { dtype: 'float32', shape: [value(name).length], data: value(name) } as const,
      ]),
    );
    evaluation.add(plan, batch, outputs);
    const { cosine, loss, perplexity } = evaluation.metrics();
    const expected = cosinesOf(value('pooled'));
    expect(cosine).toBeCloseTo(expected.reduce((sum, one) => sum + one, 0) / expected.length, 5);
    expect(Math.exp(loss ?? Number.NaN)).toBeCloseTo(perplexity ?? 0, 5);
    expect(distilled.metrics).toContain('cosine');
  });

  it('gives rows of padding no weight', () => {
    const given = Array.from(batch.feeds.target_weights?.data ?? []);
    expect(given.slice(0, 3)).toEqual(Array(3).fill(Math.fround(batch.weight / 3)));
    expect(given[3]).toBe(0);
  });
});
