import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatExplanation } from '../../src/cli/output/explanation.js';
import { type CheckRecipeOptions, explainRecipe } from '../../src/recipe/check-recipe.js';
import type { ExplainedStage, ValueStep } from '../../src/recipe/explain-values.js';
import { fakeTerminal } from '../cli/fake-terminal.js';
import { fakeRegistry } from './fake-registry.js';

let folder = '';

const files = {
  'base.yaml': `recipe: 1
params: { epochs: 3, suffix: tsv, rate: 1e-4, batch: { default: 8, env: BATCH } }
profiles: { smoke: { epochs: 1 } }
stages:
  mail: { uses: load-dataset, with: { path: "mail.\${params.suffix}", limit: 9 } }
  base: { uses: load-model }
  tokens: { uses: tokenize, in: [mail, base], with: { max_length: 64 } }
`,
  'sub.yaml': `recipe: 1
inputs: { model: model, tokens: tokens }
params: { epochs: 9, rate: 1e-3 }
stages:
  train: { uses: train, in: [inputs.model, inputs.tokens], with: { epochs: "\${params.epochs}", learning_rate: "\${params.rate}" } }
`,
  'recipe.yaml': `recipe: 1
extends: base.yaml
params: { epochs: 4 }
matrix: { rate: [1e-5] }
seed: 5
stages:
  mail: { with: { limit: 7 } }
  tune: { uses: sub.yaml, in: [base, tokens], with: { epochs: "\${params.epochs}", rate: "\${params.rate}" } }
  other: { uses: train, in: [base, tokens], with: { batch_size: "\${params.batch}" } }
`,
  'mail.tsv': 'text\tlabel\n',
  'values.yaml': 'batch: 6\n',
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-explain-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each<[string, string, string, Partial<CheckRecipeOptions>]>([
  ['mail', 'with.limit', 'written recipe.yaml:7 (not written base.yaml:5)', {}],
  ['mail', 'with.path', 'written base.yaml:5 <- default base.yaml:2', {}],
  ['mail', 'with.text', 'stage type', {}],
  [
    'tune/train[rate=1e-5]',
    'with.epochs',
    'reference sub.yaml:5 <- with recipe.yaml:8 (not default sub.yaml:3) <- default recipe.yaml:3 (not written base.yaml:2)',
    {},
  ],
  [
    'tune/train[rate=1e-5]',
    'with.epochs',
    'reference sub.yaml:5 <- with recipe.yaml:8 (not default sub.yaml:3) <- profile base.yaml:3 (not default recipe.yaml:3, written base.yaml:2)',
    { profile: 'smoke' },
  ],
  [
    'tune/train[rate=1e-5]',
    'with.learning_rate',
    'reference sub.yaml:5 <- with recipe.yaml:8 (not default sub.yaml:3) <- matrix recipe.yaml:4 (not default base.yaml:2)',
    {},
  ],
  ['other', 'with.batch_size', 'reference recipe.yaml:9 <- default base.yaml:2', {}],
  [
    'other',
    'with.batch_size',
    'reference recipe.yaml:9 <- environment BATCH=16 (not default base.yaml:2)',
    { environment: { BATCH: '16' } },
  ],
  [
    'other',
    'with.batch_size',
    'reference recipe.yaml:9 <- command line batch=7 (not params file values.yaml:1, environment BATCH=16, default base.yaml:2)',
    { environment: { BATCH: '16' }, set: ['batch=7'], paramsFiles: ['values.yaml'] },
  ],
  ['other', 'seed', 'written recipe.yaml:5', {}],
  ['other', 'seed', 'command line', { seed: 3 }],
  ['other', 'runtime', 'roux', {}],
  ['other', 'in.model', 'written recipe.yaml:9', {}],
])('the way of %s %s is %s', async (stage, name, way, options) => {
  const steps = wayOf(await explained(options), stage, name);
  expect(steps.map(worded).join(' <- ')).toBe(way);
});

test('every setting that a stage is given is explained', async () => {
  const result = await explainRecipe({ ...common(), file: join(folder, 'recipe.yaml') });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  for (const { name, values } of result.value.explain()) {
    const stage = result.value.recipe.stages.find((one) => one.name === name);
    const names = values.map((value) => value.name.split('.')[1]);
    for (const setting of Object.keys(stage?.settings ?? {})) expect(names).toContain(setting);
  }
});

test('is written out as a table per stage', async () => {
  const lines = formatExplanation(
    (await explained({})).slice(-1),
    fakeTerminal({ directory: folder, columns: 120 }),
  );
  expect(lines).toMatchInlineSnapshot(`
    [
      "other (train)  recipe.yaml:9:3",
      "  in.model            base.model     recipe.yaml:9:30",
      "  in.tokens           tokens.tokens  recipe.yaml:9:36",
      "  with.batch_size     8              recipe.yaml:9:65 \${params.batch} <- default base.yaml:2:65",
      "  with.epochs         3              default of the stage type",
      "  with.learning_rate  5e-5           default of the stage type",
      "  with.schedule       linear         default of the stage type",
      "  with.optimizer      adamw          default of the stage type",
      "  seed                5              recipe.yaml:5:7",
      "  runtime             onnx           default",
      "  threads             2              command line",
    ]
  `);
});

function common(): Omit<CheckRecipeOptions, 'file'> {
  return { registry: fakeRegistry, workingFolder: folder, environment: {}, threads: 2 };
}

async function explained(options: Partial<CheckRecipeOptions>): Promise<readonly ExplainedStage[]> {
  const result = await explainRecipe({ ...common(), file: join(folder, 'recipe.yaml'), ...options });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.explain();
}

function wayOf(stages: readonly ExplainedStage[], stage: string, name: string): readonly ValueStep[] {
  const found = stages.find((one) => one.name === stage)?.values.find((value) => value.name === name);
  if (!found) throw new Error(`no ${stage} ${name}`);
  return found.steps;
}

function worded({ by, location, text, instead = [] }: ValueStep): string {
  const isTyped = location?.file.startsWith('<');
  const place = isTyped ? text : location && `${location.file.slice(folder.length + 1)}:${location.line}`;
  const others = instead.length === 0 ? '' : ` (not ${instead.map(worded).join(', ')})`;
  return `${[by, place].filter((part) => part !== undefined).join(' ')}${others}`;
}
