import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { describeModel, loadModel } from '../../../src/models/model.js';
import stage from '../../../src/stages/freeze-layers/freeze-layers.js';
import { artifact, Workshop } from '../run-stage.js';

const path = fileURLToPath(new URL('../../fixtures/models/tiny-classifier', import.meta.url));
const model = artifact('model', path);
const workshop = new Workshop();
afterAll(() => workshop.remove());

test('what is frozen is noted, and the weights are the same', async () => {
  const { paths, result } = await workshop.run(stage, { freeze: ['embeddings', 'layers.0'] }, { model });
  const before = await loadModel(path);
  const after = await loadModel(paths.model ?? '');
  expect(after.model.weights).toEqual(before.model.weights);
  expect(after.model.frozen.every((name) => /embeddings|layer\.0/.test(name))).toBe(true);
  expect(result?.metrics).toEqual({ parameters: 5395, trainable_parameters: 2283, frozen_parameters: 3112 });
  expect(result?.table?.map(([part, , trainable]) => [part, trainable])).toEqual([
    ['part', 'trainable'],
    ['embeddings', 0],
    ['layers.0', 0],
    ['layers.1', 1960],
    ['pooler', 272],
    ['classifier', 51],
    ['all', 2283],
  ]);
});

test('the file of the weights is shared, not copied, where the disk can', async () => {
  const first = await workshop.run(stage, { freeze: ['pooler'] }, { model });
  const second = await workshop.run(
    stage,
    { train_only: ['head'] },
    { model: artifact('model', first.paths.model ?? '') },
  );
  const inode = (folder: string | undefined) => statSync(join(folder ?? '', 'model.safetensors')).ino;
  expect(inode(second.paths.model)).toBe(inode(first.paths.model));
});

test('only the named parts are trained, and earlier choices are forgotten', async () => {
  const first = await workshop.run(stage, { freeze: ['classifier'] }, { model });
  const second = await workshop.run(
    stage,
    { train_only: ['classifier', 'layers.1'], freeze: ['*.bias'] },
    { model: artifact('model', first.paths.model ?? '') },
  );
  const { frozen, architecture, parts } = await describeModel(second.paths.model ?? '');
  const trained = architecture.parameters(parts).filter(({ name }) => !frozen.includes(name));
  expect(new Set(trained.map(({ group }) => group))).toEqual(new Set(['layers.1', 'classifier']));
  expect(trained.some(({ name }) => name.endsWith('.bias'))).toBe(false);
  const notes = JSON.parse(readFileSync(join(second.paths.model ?? '', 'roux.json'), 'utf8'));
  expect(notes).toMatchObject({ version: 1, task: 'sequence-classification', frozen });
});

test.each([
  [{}, 'freeze/nothing'],
  [{ freeze: ['all'] }, 'freeze/everything'],
  [{ freeze: ['layers.5-7'] }, 'freeze/no-match'],
  [{ train_only: ['haed'] }, 'freeze/no-match'],
])('%j is a mistake', async (settings, code) => {
  await expect(workshop.run(stage, settings, { model })).rejects.toMatchObject({ details: { code } });
});
