import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatasetWriter } from '../../../src/artifacts/dataset.js';
import { loadModel } from '../../../src/models/model.js';
import stage from '../../../src/stages/load-model/load-model.js';
import { artifact, Workshop } from '../run-stage.js';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const tokenizer = artifact('tokenizer', `${fixtures}tokenizer/trained`);
const workshop = new Workshop();
afterAll(() => workshop.remove());

const none = { model: undefined, tokenizer: undefined, dataset: undefined };
const config = { num_hidden_layers: 1, hidden_size: 32, num_attention_heads: 2, max_position_embeddings: 40 };

test('a fresh model fits its tokenizer, and the seed decides it', async () => {
  const settings = { config, task: 'masked-language-modeling' };
  const make = (seed: number) => workshop.run(stage, settings, { ...none, tokenizer }, seed);
  const [one, same, other] = [await make(1), await make(1), await make(2)];
  expect(one.digests).toEqual(same.digests);
  expect(one.digests['model.safetensors']).not.toBe(other.digests['model.safetensors']);
  expect(Object.keys(one.digests)).toEqual([
    'config.json',
    'model.safetensors',
    'roux.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'vocab.txt',
  ]);
  const { model } = await loadModel(one.paths.model ?? '');
  expect(model.task).toBe('masked-language-modeling');
  expect(model.architecture.config).toMatchObject({ layers: 1, hiddenSize: 32, maximumLength: 40 });
  expect(one.result?.summary).toMatch(/^bert, 1 layers of 32, [\d.]+ k parameters$/);
});

test('a model gets the head of its next task, with the classes of the wired data set', async () => {
  const base = await workshop.run(stage, { config, task: 'fill-mask' }, { ...none, tokenizer });
  const folder = workshop.emptyFolder();
  const writer = createDatasetWriter(folder);
  writer.write('train', { id: '0', text: 'x', label: 2 });
  await writer.finish({ labels: ['a', 'b', 'c'], columns: [], pairs: false, statistics: {} });
  const next = await workshop.run(
    stage,
    { task: 'text-classification' },
    { ...none, model: artifact('model', base.paths.model ?? ''), dataset: artifact('dataset', folder) },
  );
  const { model } = await loadModel(next.paths.model ?? '');
  expect(model.task).toBe('sequence-classification');
  expect(model.architecture.config.labels).toEqual(['a', 'b', 'c']);
  expect(model.parts).toContain('masked-language-modeling');
  expect(next.messages.join()).toContain('pooler, sequence-classification');
  expect(next.result?.table?.map((row) => [row[0], row[2]])).toEqual([
    ['part', 'weights'],
    ['embeddings', 'loaded'],
    ['layers.0', 'loaded'],
    ['pooler', 'fresh'],
    ['classifier', 'fresh'],
    ['masked-language-head', 'loaded'],
  ]);
});

test('a folder is read as it is, with other names for its classes a fresh classifier', async () => {
  const settings = { config, task: 'sequence-classification', labels: ['x', 'y'] };
  const made = await workshop.run(stage, settings, { ...none, tokenizer });
  const from = made.paths.model ?? '';
  const again = await workshop.run(stage, { from }, none);
  expect(again.digests).toEqual(made.digests);
  const renamed = await workshop.run(stage, { from, labels: ['y', 'x'] }, none, 8);
  expect(renamed.messages.join()).toContain('sequence-classification');
  expect(renamed.digests['model.safetensors']).not.toBe(made.digests['model.safetensors']);
});

test('a folder without a tokenizer needs one', async () => {
  const from = `${fixtures}models/tiny-classifier`;
  await expect(workshop.run(stage, { from }, none)).rejects.toMatchObject({
    details: { code: 'tokenizer/missing' },
  });
});

describe('what cannot be is said', () => {
  let base: string;
  beforeAll(async () => {
    const made = await workshop.run(stage, { config, task: 'fill-mask' }, { ...none, tokenizer });
    base = made.paths.model ?? '';
  });

  test.each([
    ['no source', {}, none, 'load-model/source'],
    ['two sources', { config, from: fixtures }, none, 'load-model/source'],
    ['a fresh model without a tokenizer', { config, task: 'fill-mask' }, none, 'load-model/no-tokenizer'],
    ['a fresh model without a task', { config }, { ...none, tokenizer }, 'load-model/no-task'],
    [
      'a tokenizer with more ids than the model has embeddings',
      { from: `${fixtures}models/tiny-classifier` },
      { ...none, tokenizer },
      'load-model/vocabulary',
    ],
    [
      'heads that do not divide the hidden size',
      { config: { ...config, num_attention_heads: 5 }, task: 'fill-mask' },
      { ...none, tokenizer },
      'json/field',
    ],
  ])('%s', async (_, settings, inputs, code) => {
    await expect(workshop.run(stage, settings, inputs)).rejects.toMatchObject({ details: { code } });
  });

  test('a folder that is no model', async () => {
    await expect(workshop.run(stage, { from: workshop.emptyFolder() }, none)).rejects.toMatchObject({
      details: { code: 'model/folder' },
    });
    expect((await loadModel(base)).fresh).toEqual([]);
  });
});
