import { expect, test } from 'vitest';
import { sampleRecipe } from '../../src/engine/sample-recipe.js';
import type { JsonObject, StageInfo } from '../../src/plugin/stage-info.js';
import type { CheckedRecipe } from '../../src/recipe/checked-recipe.js';

const location = { file: '/recipe.yaml', line: 1, column: 1, offset: 0, length: 1 };

function recipeWith(settings: JsonObject, info: Partial<StageInfo>): CheckedRecipe {
  const type: StageInfo = {
    type: 'rows',
    version: 1,
    summary: 'Reads rows',
    settings: {},
    inputs: {},
    outputs: {},
    seeded: false,
    tensors: false,
    threads: 1,
    keyless: [],
    source: { from: 'roux' },
    validate: () => [],
    ...info,
  };
  const stage = {
    name: 'a',
    info: type,
    settings,
    paths: [],
    inputs: {},
    expect: [{ metric: 'rows', operator: '>=' as const, value: 1000, location }],
    seed: 0,
    runtime: 'cpu' as const,
    threads: 1,
    location,
    settingLocations: {},
  };
  return { file: '/recipe.yaml', name: 'r', stages: [stage], files: [] };
}

const settingsOf = (recipe: CheckedRecipe | undefined) => recipe?.stages[0]?.settings;

test('numbers become at most the sample, other settings the sample', () => {
  const sample = { limit: 200, mode: 'fast' };
  expect(settingsOf(sampleRecipe(recipeWith({ limit: 1000, text: 't' }, { sample })))).toEqual({
    limit: 200,
    mode: 'fast',
    text: 't',
  });
  expect(settingsOf(sampleRecipe(recipeWith({ limit: 50 }, { sample })))).toEqual({
    limit: 50,
    mode: 'fast',
  });
});

test('a sample is marked, expects nothing, and is no run of the recipe as it stands', () => {
  const sampled = sampleRecipe(recipeWith({}, { sample: { limit: 200 } }));
  expect(sampled).toMatchObject({ sample: true, profile: 'preview' });
  expect(sampled?.stages[0]?.expect).toEqual([]);
});

test('a recipe that is no larger than the sample, or excludes it, has none', () => {
  expect(sampleRecipe(recipeWith({}, {}))).toBeUndefined();
  expect(sampleRecipe(recipeWith({ limit: 20 }, { sample: { limit: 200 } }))).toBeUndefined();
  const wrong = { instancePath: '', keyword: 'not', params: {} };
  const info = { sample: { limit: 200 }, validate: () => [wrong] };
  expect(sampleRecipe(recipeWith({ fraction: 0.5 }, info))).toBeUndefined();
});
