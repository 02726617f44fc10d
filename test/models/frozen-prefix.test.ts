import type * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EncoderInputs, ModelTask, Prefix } from '../../src/models/architecture.js';
import { frozenPrefix, prefixParameters } from '../../src/models/frozen-prefix.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedTensors, Runtime, TensorFunction } from '../../src/runtime/runtime.js';
import { encoderInputSpecs } from '../../src/training/collate.js';
import { relativeDifference } from '../training/fixtures.js';
import { tinyModel } from '../training/tiny-bert.js';

const models = {
  'sequence-classification': await tinyModel('tiny-classifier'),
  'masked-language-modeling': await tinyModel('tiny-masked-language-model'),
} as const;

/** Weights of a task's model that a predicate does not freeze. */
function trainable(task: ModelTask, isFrozen: (name: string) => boolean): readonly string[] {
  const { architecture } = models[task];
  return architecture
    .parameters(architecture.partsOf(task))
    .map(({ name }) => name)
    .filter((name) => !isFrozen(name));
}

const lowest = /embeddings|layer\.0\./;
const encoder = /embeddings|layer\./;

describe('the frozen prefix', () => {
  const { architecture } = models['sequence-classification'];
  const of = (isFrozen: (name: string) => boolean, task: ModelTask = 'sequence-classification') =>
    frozenPrefix(models[task].architecture, task, trainable(task, isFrozen));

  it('ends below the lowest layer that has a trained weight', () => {
    expect(of((name) => lowest.test(name))).toEqual({ layers: 1, rows: 'all', pooled: false });
    expect(of((name) => lowest.test(name) && !name.endsWith('0.output.dense.bias'))).toBeUndefined();
  });

  it('is none where an embedding is trained, or nothing but embeddings is frozen', () => {
    expect(of((name) => encoder.test(name) && !name.includes('position'))).toBeUndefined();
    expect(of((name) => name.includes('embeddings'))).toBeUndefined();
  });

  it('is the first token of a whole frozen encoder for a classifier, and what a frozen pooler makes of it', () => {
    const { layers } = architecture.config;
    expect(of((name) => encoder.test(name))).toEqual({ layers, rows: 'first', pooled: false });
    expect(of((name) => name !== 'classifier.bias')).toEqual({ layers, rows: 'first', pooled: true });
  });

  it('keeps every token where masked words are predicted', () => {
    const prefix = of((name) => encoder.test(name), 'masked-language-modeling');
    expect(prefix).toEqual({ layers: architecture.config.layers, rows: 'all', pooled: false });
  });

  it('is computed with nothing but its own weights', () => {
    const names = prefixParameters(architecture, { layers: 1, rows: 'all', pooled: false });
    expect(names.every((name) => lowest.test(name))).toBe(true);
    expect(names).toContain('bert.encoder.layer.0.output.LayerNorm.bias');
    const pooled = prefixParameters(architecture, { layers: 2, rows: 'first', pooled: true });
    expect(pooled.at(-1)).toBe('bert.pooler.dense.bias');
  });
});

describe('a forward pass in two parts', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime('onnx', { threads: 1 });
  });
  afterAll(() => runtime.dispose());

  const [size, length] = [3, 5];
  const matrix = (values: readonly number[]) =>
    ({ dtype: 'int32', shape: [size, length], data: Int32Array.from(values) }) as const;
  const feeds = {
    input_ids: matrix([2, 7, 9, 11, 3, 2, 8, 3, 0, 0, 2, 5, 6, 3, 0]),
    attention_mask: matrix([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0]),
    token_type_ids: matrix([0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]),
  };
  const tokensOf = (inputs: NamedTensors): EncoderInputs => ({
    inputIds: inputs.input_ids as tf.Tensor2D,
    attentionMask: inputs.attention_mask as tf.Tensor2D,
    tokenTypeIds: inputs.token_type_ids as tf.Tensor2D,
  });

  const cases: readonly (readonly [ModelTask, Prefix])[] = [
    ['sequence-classification', { layers: 1, rows: 'all', pooled: false }],
    ['sequence-classification', { layers: 2, rows: 'all', pooled: false }],
    ['sequence-classification', { layers: 2, rows: 'first', pooled: false }],
    ['sequence-classification', { layers: 2, rows: 'first', pooled: true }],
    ['masked-language-modeling', { layers: 1, rows: 'all', pooled: false }],
    ['masked-language-modeling', { layers: 2, rows: 'all', pooled: false }],
  ];
  it.each(cases)('gives the logits of one in one part: %s, %j', async (task, prefix) => {
    const { architecture, weights } = models[task];
    const variables = runtime.createVariables(weights);
    const logits = async (fn: TensorFunction) => {
      const compiled = await runtime.compile(fn, {
        name: 'logits',
        inputs: encoderInputSpecs(length, size),
        variables,
      });
      return (await compiled.run(feeds)).logits?.data ?? [];
    };
    const options = { training: false };
    const whole = await logits((inputs, values) => ({
      outputs: {
        logits:
          task === 'sequence-classification'
            ? architecture.classify(values, tokensOf(inputs), options)
            : architecture.predictTokens(values, tokensOf(inputs), undefined, options),
      },
    }));
    const parts = await logits((inputs, values) => {
      const features = architecture.prefixFeatures(values, tokensOf(inputs), prefix);
      const attentionMask = tokensOf(inputs).attentionMask;
      const upper = { prefix, features, ...(prefix.rows === 'all' ? { attentionMask } : {}) };
      return {
        outputs: {
          logits:
            task === 'sequence-classification'
              ? architecture.classify(values, upper, options)
              : architecture.predictTokens(values, upper, undefined, options),
        },
      };
    });
    expect(whole.length).toBeGreaterThan(0);
    expect(relativeDifference(parts, whole)).toBeLessThan(1e-6);
    variables.dispose();
  });
});
