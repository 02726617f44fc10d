import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatasetWriter } from '../../../src/artifacts/dataset.js';
import { writeMetrics } from '../../../src/artifacts/metrics.js';
import { readMaximumLength } from '../../../src/artifacts/model.js';
import { createRandom } from '../../../src/data/random.js';
import { loadTokenizer } from '../../../src/data/tokenizer.js';
import { JsonFields } from '../../../src/formats/json.js';
import type { ModelTask } from '../../../src/models/architecture.js';
import { completeConfig } from '../../../src/models/families.js';
import { createModel, loadModel, type Model, saveModel } from '../../../src/models/model.js';
import stage from '../../../src/stages/export/export.js';
import { artifact, Workshop } from '../run-stage.js';

const tokenizer = fileURLToPath(new URL('../../fixtures/tokenizer/trained', import.meta.url));
const workshop = new Workshop();
afterAll(() => workshop.remove());

const none = { tokens: undefined, dataset: undefined, metrics: [] };
let vocabularySize: number;
beforeAll(async () => {
  vocabularySize = (await loadTokenizer(tokenizer)).vocabularySize;
});

/** A model whose logits differ clearly from text to text. */
async function makeModel(task: ModelTask, changes: Partial<Model> = {}): Promise<string> {
  const config = completeConfig(
    new JsonFields(
      {
        model_type: 'bert',
        vocab_size: vocabularySize,
        hidden_size: 32,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 48,
        max_position_embeddings: 64,
        initializer_range: 0.3,
      },
      'config',
    ),
  );
  const path = workshop.emptyFolder();
  const labels = ['ham', 'spam | eggs'];
  const model = createModel(config, { task, labels, random: createRandom(3), tokenizer });
  await saveModel({ ...model, ...changes }, path);
  return path;
}

async function runExport(path: string, settings: object, inputs: object = {}) {
  const outcome = await workshop.run(stage, settings, { ...none, ...inputs, model: artifact('model', path) });
  return { ...outcome, path: outcome.paths.export ?? '' };
}

test('a classifier becomes a folder and an ONNX file that give its logits, the same bytes every time', async () => {
  const model = await makeModel('sequence-classification');
  const one = await runExport(model, {});
  const other = await runExport(model, {});
  expect(one.digests).toEqual(other.digests);
  expect(Object.keys(one.digests)).toEqual([
    'README.md',
    'config.json',
    'model.onnx',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'vocab.txt',
  ]);
  expect(one.result?.metrics?.largest_difference).toBeLessThan(1e-4);
  const exported = await loadModel(one.path);
  expect(exported.model.weights).toEqual((await loadModel(model)).model.weights);
});

test.each([
  [1, 1],
  [3, 20],
  [2, 64],
])('the ONNX file takes batches of %i texts of %i tokens', async (batch, length) => {
  const { path } = await runExport(await makeModel('sequence-classification'), { formats: ['onnx'] });
  expect(existsSync(join(path, 'model.safetensors'))).toBe(false);
  const session = await ort.InferenceSession.create(join(path, 'model.onnx'));
  const integers = (value: bigint) =>
    new ort.Tensor('int64', new BigInt64Array(batch * length).fill(value), [batch, length]);
  const { logits } = await session.run({
    input_ids: integers(5n),
    attention_mask: integers(1n),
    token_type_ids: integers(0n),
  });
  expect(logits?.dims).toEqual([batch, 2]);
  await session.release();
});

test('the tokenizer says at which length the texts of the training were cut off', async () => {
  const settingsOf = (path: string) =>
    JSON.parse(readFileSync(join(path, 'tokenizer_config.json'), 'utf8')) as Record<string, unknown>;
  for (const formats of [['safetensors'], ['onnx']]) {
    const trained = await makeModel('sequence-classification', { maximumTrainedLength: 24 });
    const { path } = await runExport(trained, { formats });
    expect(settingsOf(path)).toEqual({ ...settingsOf(trained), model_max_length: 24 });
    expect(await readMaximumLength(path)).toBe(24);
  }
  const untrained = await makeModel('sequence-classification');
  const { path } = await runExport(untrained, {});
  expect(settingsOf(path)).toEqual(settingsOf(untrained));
});

test('a masked language model is exported with the scores of all words', async () => {
  const { path, messages } = await runExport(await makeModel('masked-language-modeling'), {});
  expect(messages).toHaveLength(2);
  const session = await ort.InferenceSession.create(join(path, 'model.onnx'));
  const integers = (value: bigint) => new ort.Tensor('int64', new BigInt64Array(6).fill(value), [2, 3]);
  const { logits } = await session.run({
    input_ids: integers(5n),
    attention_mask: integers(1n),
    token_type_ids: integers(0n),
  });
  expect(logits?.dims).toEqual([2, 3, vocabularySize]);
  await session.release();
});

test('heads of other tasks are left out', async () => {
  const masked = await makeModel('masked-language-modeling');
  const { model } = await loadModel(masked, { task: 'sequence-classification', random: createRandom(1) });
  const both = workshop.emptyFolder();
  await saveModel(model, both);
  const { path } = await runExport(both, { formats: ['safetensors'] });
  expect((await loadModel(path)).model.parts).toEqual(['pooler', 'sequence-classification']);
  expect(readdirSync(path)).not.toContain('roux.json');
});

test('weights of 16 bits take half the space and give nearly the same logits', async () => {
  const model = await makeModel('sequence-classification');
  const { path, result } = await runExport(model, { formats: ['safetensors'], dtype: 'float16' });
  const size = (folder: string) => statSync(join(folder, 'model.safetensors')).size;
  expect(size(path) / size(model)).toBeLessThan(0.6);
  expect(result?.metrics?.largest_difference).toBeGreaterThan(0);
  expect(JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')).dtype).toBe('float16');
});

test('a model that does not bear 16 bits is not exported with them', async () => {
  const model = (await loadModel(await makeModel('sequence-classification'))).model;
  const weight = model.weights['classifier.weight'];
  if (weight?.dtype !== 'float32') throw new Error('no classifier');
  const data = weight.data.map((value) => value * 1e7);
  const path = workshop.emptyFolder();
  await saveModel(
    { ...model, weights: { ...model.weights, 'classifier.weight': { ...weight, data } } },
    path,
  );
  await expect(runExport(path, { formats: ['safetensors'], dtype: 'float16' })).rejects.toMatchObject({
    details: { code: 'export/precision' },
  });
});

test('a model with weights that are not numbers is not exported', async () => {
  const model = (await loadModel(await makeModel('sequence-classification'))).model;
  const weight = model.weights['classifier.bias'];
  if (weight?.dtype !== 'float32') throw new Error('no classifier');
  const data = weight.data.map(() => Number.NaN);
  const path = workshop.emptyFolder();
  await saveModel({ ...model, weights: { ...model.weights, 'classifier.bias': { ...weight, data } } }, path);
  await expect(runExport(path, {})).rejects.toMatchObject({ details: { code: 'export/not-finite' } });
});

test('the model card tells use, data, training, figures and bias', async () => {
  const model = await makeModel('sequence-classification', {
    frozen: ['bert.embeddings.word_embeddings.weight'],
    training: { learning_rate: 5e-5, schedule: 'linear' },
  });
  const dataset = workshop.emptyFolder();
  const writer = createDatasetWriter(dataset);
  writer.write('train', { id: '0', text: 'x', label: 1 });
  await writer.finish({ labels: ['ham', 'spam | eggs'], columns: [], pairs: false, statistics: {} });
  const figures = workshop.emptyFolder();
  await writeMetrics(figures, {
    type: 'classification',
    metrics: { macro_f1: 0.975, mcc: null },
    intervals: { macro_f1: { low: 0.9625, high: 0.9875, resamples: 100 } },
  });
  const audit = workshop.emptyFolder();
  mkdirSync(audit, { recursive: true });
  await writeMetrics(audit, {
    type: 'bias-audit',
    metrics: {},
    details: {
      counterfactual: [
        {
          name: 'gendered-words',
          metrics: { examples: 20, variants: 40, flipRate: 0.025, meanAbsoluteShift: 0.01 },
        },
        { name: 'first-names', metrics: null },
      ],
      groups: [
        {
          name: 'religion',
          comparisons: [
            {
              positiveLabel: 'ham',
              compared: ['a', 'b'],
              leftOut: ['c'],
              gaps: { demographicParityDifference: 0.125, equalizedOddsDifference: null },
            },
          ],
        },
      ],
    },
  });
  const { path } = await runExport(
    model,
    { formats: ['safetensors'], licence: 'apache-2.0', title: 'Spam filter', data: 'Real e-mails.' },
    {
      dataset: artifact('dataset', dataset),
      metrics: [artifact('metrics', figures), artifact('metrics', audit)],
    },
  );
  await expect(
    readFileSync(join(path, 'README.md'), 'utf8').replace(/\d\.\de[+-]\d+/g, '<difference>'),
  ).toMatchFileSnapshot(fileURLToPath(new URL('../../golden/model-card.md', import.meta.url)));
});
