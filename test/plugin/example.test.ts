/** The example of docs/guide/writing-a-stage.md works as it stands. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatasetWriter } from '../../src/artifacts/dataset.js';
import type { StageDefinition } from '../../src/plugin/define-stage.js';
import { loadStageDefinition } from '../../src/plugin/load-stage.js';
import { checkRecipe } from '../../src/recipe/check-recipe.js';
import { fakeRegistry } from '../recipe/fake-registry.js';

const recipe = join(import.meta.dirname, '../../examples/plugin/recipe.yaml');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-example-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function shoutStage() {
  const checked = await checkRecipe({
    file: recipe,
    registry: fakeRegistry,
    pluginCache: join(folder, 'plugins'),
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.error, null, 1));
  const stage = checked.value.stages.find(({ name }) => name === 'loud');
  if (!stage) throw new Error('the recipe has no such stage');
  return stage;
}

test('its recipe is right, with the settings that the stage declares', async () => {
  const { settings, inputs, info } = await shoutStage();
  expect(settings).toEqual({ marks: 2, splits: ['train', 'validation', 'test'] });
  expect(inputs.dataset).toMatchObject([{ stage: 'lines', port: 'dataset' }]);
  expect(info.source).toMatchObject({ from: 'plugin', file: join(recipe, '../stages/shout.ts') });
});

test('its stage writes the rows louder', async () => {
  const { info } = await shoutStage();
  const definition: StageDefinition = await loadStageDefinition(info);
  const source = join(folder, 'source');
  const made = join(folder, 'made');
  const scratch = join(folder, 'scratch');
  for (const path of [source, made, scratch]) mkdirSync(path);
  const writer = createDatasetWriter(source);
  writer.write('train', { id: '1', text: 'the roof is on fire', label: 1 });
  writer.write('test', { id: '2', text: 'tea at four', label: 0 });
  await writer.finish({ labels: ['calm', 'alarm'], columns: [], pairs: false, statistics: {} });
  const result = await definition.run({
    settings: { marks: 2, splits: ['train'] },
    inputs: { dataset: { kind: 'dataset', path: source, digest: '', reference: 'lines' } },
    outputs: { dataset: { kind: 'dataset', path: made } },
    seed: 0,
    runtime: { name: 'cpu', threads: 1 },
    signal: new AbortController().signal,
    log: { info: () => undefined, warning: () => undefined },
    progress: () => undefined,
    scratch,
    cache: {
      artifact: () => {
        throw new Error('not asked for');
      },
    },
  });
  expect(result?.metrics).toEqual({ rows: 2 });
  expect(JSON.parse(readFileSync(join(made, 'train.jsonl'), 'utf8'))).toMatchObject({
    text: 'THE ROOF IS ON FIRE!!',
  });
  expect(JSON.parse(readFileSync(join(made, 'test.jsonl'), 'utf8'))).toMatchObject({ text: 'tea at four' });
});
