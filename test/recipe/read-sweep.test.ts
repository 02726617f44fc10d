import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CheckRecipeOptions, checkRecipe } from '../../src/recipe/check-recipe.js';
import type { CheckedRecipe } from '../../src/recipe/checked-recipe.js';
import { fakeRegistry } from './fake-registry.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-sweep-'));
  writeFileSync(join(folder, 'mail.tsv'), 'text\tlabel\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const text = `
recipe: 1
params: { rate: 1e-4, batch: { type: integer, default: 8 }, epochs: 3, schedule: linear }
profiles: { smoke: { rate: 1e-3 } }
sweep:
  matrix:
    params.rate: { minimum: 1e-5, maximum: 1e-3, scale: log }
    batch: { minimum: 8, maximum: 32 }
    schedule: [linear, cosine]
  best: { stage: train, metric: loss, mode: min }
  early_stopping: { budget: epochs, minimum: 1, maximum: 9 }
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv } }
  base: { uses: load-model }
  tokens: { uses: tokenize, in: [mail, base] }
  train: { uses: train, in: [base, tokens.train], with: { learning_rate: "\${params.rate}", batch_size: "\${params.batch}", epochs: "\${params.epochs}", schedule: "\${params.schedule}" } }
`;

test('a sweep has its space, budgets and defaults', async () => {
  expect((await good()).sweep).toEqual({
    method: 'tpe',
    trials: 20,
    seed: 0,
    space: {
      rate: { kind: 'range', minimum: 1e-5, maximum: 1e-3, scale: 'log', whole: false },
      batch: { kind: 'range', minimum: 8, maximum: 32, scale: 'linear', whole: true },
      schedule: { kind: 'choice', values: ['linear', 'cosine'] },
    },
    goal: { stage: 'train', metric: 'loss', mode: 'min' },
    stopping: { param: 'epochs', eta: 3, budgets: [1, 3, 9] },
  });
});

test('a value from outside is not searched', async () => {
  expect((await good({ profile: 'smoke', set: ['batch=16'] })).sweep?.space).toMatchObject({
    rate: { kind: 'choice', values: [1e-3] },
    batch: { kind: 'choice', values: [16] },
    schedule: { kind: 'choice', values: ['linear', 'cosine'] },
  });
});

test("a trial's values win over everything, and are checked", async () => {
  const recipe = await good({ trial: { rate: 2e-5, batch: 9 }, set: ['batch=16'] });
  expect(recipe.stages.at(-1)?.settings).toMatchObject({ learning_rate: 2e-5, batch_size: 9, epochs: 3 });
  const wrong = await check({ trial: { rate: 'high' } });
  expect(wrong.ok ? [] : wrong.error).toMatchObject([{ code: 'params/type', location: { line: 7 } }]);
});

test('a grid takes all of its lists', async () => {
  const grid = text.replace(/ {4}params.rate.*\n {4}batch.*\n/, '');
  expect((await good({ text: grid })).sweep).toMatchObject({ method: 'grid' });
  expect((await good({ text: grid })).sweep).not.toHaveProperty('trials');
});

async function check(options: Partial<CheckRecipeOptions> = {}) {
  const file = join(folder, 'recipe.yaml');
  return checkRecipe({
    file,
    text,
    registry: fakeRegistry,
    workingFolder: folder,
    environment: {},
    ...options,
  });
}

async function good(options: Partial<CheckRecipeOptions> = {}): Promise<CheckedRecipe> {
  const checked = await check(options);
  if (checked.ok) return checked.value;
  throw new Error(JSON.stringify(checked.error, null, 1));
}
