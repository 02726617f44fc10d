import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckRecipeOptions, checkRecipe } from '../../src/recipe/check-recipe.js';
import type { CheckedRecipe, CheckedStage } from '../../src/recipe/checked-recipe.js';
import { fakeRegistry } from './fake-registry.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-expansion-'));
  for (const name of ['mail.tsv', 'en.tsv', 'de.tsv']) writeFileSync(join(folder, name), 'text\tlabel\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const matrix = `
recipe: 1
params: { learning_rate: 5e-5, freeze: { type: [integer, list], default: 1 }, max_length: 64 }
matrix:
  learning_rate: [1e-5, 5e-5]
  freeze: { few: 1, many: [embeddings, pooler] }
profiles: { smoke: { learning_rate: 1e-3 } }
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv } }
  base: { uses: load-model }
  tokens: { uses: tokenize, in: [mail, base], with: { max_length: "\${params.max_length}" } }
  frozen: { uses: freeze-layers, in: base, with: { freeze: "\${params.freeze}" } }
  train: { uses: train, in: { model: frozen, tokens: tokens }, with: { learning_rate: "\${params.learning_rate}" } }
  evaluate: { uses: evaluate, in: { model: train, tokens: tokens.test } }
  pick: { uses: compare, in: { before: "evaluate[learning_rate=1e-5,freeze=few]", after: "evaluate[learning_rate=5e-5,freeze=few]" } }
  half: { uses: compare, in: { before: "evaluate[learning_rate=1e-5]", after: "evaluate[learning_rate=5e-5]" } }
  pool: { uses: ewc, in: { model: base, tokens: tokens.train } }
`;

describe('a matrix', () => {
  test('multiplies the stages that depend on what varies, and no others', async () => {
    expect(names(await good(matrix))).toEqual([
      'mail',
      'base',
      'tokens',
      'frozen[freeze=few]',
      'frozen[freeze=many]',
      ...variants('train'),
      ...variants('evaluate'),
      'pick',
      'half[freeze=few]',
      'half[freeze=many]',
      'pool',
    ]);
  });

  test('gives every variant its values and the variants of what it reads', async () => {
    const recipe = await good(matrix);
    const train = stage(recipe, 'train[learning_rate=1e-5,freeze=many]');
    expect(train.settings.learning_rate).toBe(1e-5);
    expect(sources(train)).toEqual({ model: ['frozen[freeze=many]'], tokens: ['tokens'] });
    expect(train).toMatchObject({ groups: ['train'], variant: { learning_rate: '1e-5', freeze: 'many' } });
    expect(sources(stage(recipe, 'evaluate[learning_rate=1e-5,freeze=many]')).model).toEqual([train.name]);
    expect(sources(stage(recipe, 'half[freeze=many]'))).toEqual({
      before: ['evaluate[learning_rate=1e-5,freeze=many]'],
      after: ['evaluate[learning_rate=5e-5,freeze=many]'],
    });
  });

  test('gives way to a value from outside, which keeps its name', async () => {
    const smoke = names(
      await good(matrix.replace(/ {2}pick.*\n {2}half.*\n/, ''), { profile: 'smoke', set: ['freeze=2'] }),
    );
    expect(smoke).toContain('train[learning_rate=0.001,freeze=2]');
    expect(smoke.filter((name) => name.startsWith('train'))).toHaveLength(1);
  });

  test('is gathered where a reference asks for all variants', async () => {
    const text = `
recipe: 1
params: { strength: 1, rate: 1 }
matrix: { strength: [1, 2], rate: [0.1, 0.2] }
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv } }
  base: { uses: load-model }
  tokens: { uses: tokenize, in: [mail, base] }
  memory: { uses: ewc, in: [base, tokens.train], with: { strength: "\${params.strength}" } }
  each: { uses: train, in: { model: base, tokens: tokens, penalties: [memory] } }
  all: { uses: train, in: { model: base, tokens: tokens, penalties: ["memory[*]"] } }
  some: { uses: train, in: { model: base, tokens: tokens, penalties: "memory[strength=*]" }, with: { learning_rate: "\${params.rate}" } }
`;
    const recipe = await good(text);
    expect(names(recipe).slice(3)).toEqual([
      'memory[strength=1]',
      'memory[strength=2]',
      'each[strength=1]',
      'each[strength=2]',
      'all',
      'some[rate=0.1]',
      'some[rate=0.2]',
    ]);
    for (const name of ['all', 'some[rate=0.2]']) {
      expect(sources(stage(recipe, name)).penalties).toEqual(['memory[strength=1]', 'memory[strength=2]']);
    }
  });

  test('may vary seeds, of stages that draw random numbers, and is checked in every variant', async () => {
    const text = `recipe: 1\nparams: { seed: 1 }\nmatrix: { seed: [1, 2] }\nseed: "\${params.seed}"\nstages: { base: { uses: load-model } }`;
    expect((await good(text)).stages.map(({ name }) => name)).toEqual(['base']);
    const seeded = new Map(
      [...fakeRegistry].map(([type, info]) => [type, { ...info, seeded: true }] as const),
    );
    expect((await good(text, { registry: seeded })).stages.map(({ seed }) => seed)).toEqual([1, 2]);
    const own = text.replace('load-model', `load-model, seed: "\${params.seed}"`);
    expect((await good(own)).stages.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(
      await codes(own.replace('[1, 2]', '[1, -2]').replace(/seed: "[^"]*"\nstages/, 'stages')),
    ).toContain('recipe/range');
  });
});

describe('foreach', () => {
  test('makes a stage per item, and what reads it follows', async () => {
    const recipe = await good(`
recipe: 1
stages:
  base: { uses: load-model }
  mail: { foreach: { language: [en, de] }, uses: load-dataset, with: { path: "\${foreach.language}.tsv" } }
  tokens: { uses: tokenize, in: [mail, base] }
  english: { uses: ewc, in: { model: base, tokens: "tokens[language=en].train" } }
`);
    expect(names(recipe)).toEqual([
      'base',
      'mail[language=en]',
      'mail[language=de]',
      'tokens[language=en]',
      'tokens[language=de]',
      'english',
    ]);
    expect(stage(recipe, 'mail[language=de]').settings.path).toBe(join(folder, 'de.tsv'));
    expect(stage(recipe, 'english').inputs.tokens).toMatchObject([
      { stage: 'tokens[language=en]', part: 'train' },
    ]);
  });

  test('takes maps, of which parts may be used', async () => {
    const recipe = await good(`
recipe: 1
stages:
  mail:
    foreach: { corpus: { small: { path: en.tsv, limit: 3 }, large: { path: de.tsv, limit: 9 } } }
    uses: load-dataset
    with: { path: "\${foreach.corpus.path}", limit: "\${foreach.corpus.limit}" }
`);
    expect(recipe.stages.map(({ name, settings }) => [name, settings.limit])).toEqual([
      ['mail[corpus=small]', 3],
      ['mail[corpus=large]', 9],
    ]);
  });
});

describe('a recipe that is a stage of another', () => {
  const sub = `
recipe: 1
inputs:
  dataset: { kind: dataset, description: The rows }
  model: model
outputs:
  tokens: tokens
  trained: { from: train, kind: model, description: The trained model }
params: { epochs: { type: integer, default: 3, minimum: 1 }, path: nothing.tsv }
seed: 4
stages:
  tokens: { uses: tokenize, in: { dataset: inputs.dataset, model: inputs.model } }
  train: { uses: train, in: { model: inputs.model, tokens: tokens.train }, with: { epochs: "\${params.epochs}" } }
`;
  const outer = `
recipe: 1
params: { epochs: 5 }
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv } }
  base: { uses: load-model }
  tune: { uses: ./sub.yaml, in: { dataset: mail, model: base }, with: { epochs: "\${params.epochs}" } }
  evaluate: { uses: evaluate, in: { model: tune, tokens: tune.tokens.test } }
`;

  beforeAll(() => writeFileSync(join(folder, 'sub.yaml'), sub));

  test('has its stages under its name, wired through inputs and outputs', async () => {
    const recipe = await good(outer);
    expect(names(recipe)).toEqual(['mail', 'base', 'tune/tokens', 'tune/train', 'evaluate']);
    expect(sources(stage(recipe, 'tune/tokens'))).toEqual({ dataset: ['mail'], model: ['base'] });
    expect(stage(recipe, 'evaluate').inputs).toMatchObject({
      model: [{ stage: 'tune/train', port: 'model' }],
      tokens: [{ stage: 'tune/tokens', port: 'tokens', part: 'test' }],
    });
    expect(stage(recipe, 'tune/train')).toMatchObject({
      settings: { epochs: 5 },
      seed: 4,
      groups: ['tune'],
    });
    expect(recipe.files).toContain(join(folder, 'sub.yaml'));
  });

  test('multiplies only where its params vary', async () => {
    const recipe = await good(outer.replace('stages:', 'matrix: { epochs: [1, 2] }\nstages:'));
    expect(names(recipe)).toEqual([
      'mail',
      'base',
      'tune/tokens',
      'tune/train[epochs=1]',
      'tune/train[epochs=2]',
      'evaluate[epochs=1]',
      'evaluate[epochs=2]',
    ]);
    expect(stage(recipe, 'tune/train[epochs=2]')).toMatchObject({
      settings: { epochs: 2 },
      groups: ['tune', 'tune/train'],
    });
  });

  test('may have recipes as stages itself, used several times', async () => {
    writeFileSync(
      join(folder, 'middle.yaml'),
      `recipe: 1\ninputs: { dataset: dataset, model: model }\noutputs: { model: second.trained }\nparams: { epochs: 2 }\nstages:\n  first: { uses: sub.yaml, in: { dataset: inputs.dataset, model: inputs.model } }\n  second: { uses: sub.yaml, in: [inputs.dataset, first.trained], with: { epochs: "\${params.epochs}" }, seed: 7 }\n`,
    );
    const recipe = await good(
      outer.replace('./sub.yaml', './middle.yaml').replace('tune.tokens.test', 'tokens.test') +
        '  tokens: { uses: tokenize, in: [mail, base] }\n',
    );
    expect(names(recipe)).toEqual([
      'mail',
      'base',
      'tune/first/tokens',
      'tune/first/train',
      'tune/second/tokens',
      'tune/second/train',
      'tokens',
      'evaluate',
    ]);
    expect(stage(recipe, 'tune/second/train')).toMatchObject({ settings: { epochs: 5 }, seed: 7 });
    expect(sources(stage(recipe, 'tune/second/train')).model).toEqual(['tune/first/train']);
  });

  test('takes foreach', async () => {
    const recipe = await good(`
recipe: 1
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv } }
  base: { uses: load-model }
  tune: { foreach: { passes: [1, 2] }, uses: ./sub.yaml, in: [mail, base], with: { epochs: "\${foreach.passes}" } }
`);
    expect(names(recipe).slice(2)).toEqual(['tune/tokens', 'tune/train[passes=1]', 'tune/train[passes=2]']);
  });
});

test('the number of variants is the product of what a stage depends on, each once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      fc.subarray([0, 1, 2]),
      async (sizes, used) => {
        const axes = sizes.map(
          (size, index) => [`p${index}`, Array.from({ length: size }, (_, i) => i + 8)] as const,
        );
        const chosen = used.filter((index) => index < sizes.length).slice(0, 1);
        const setting = chosen.map((index) => `max_length: "\${params.p${index}}"`).join('');
        const recipe = await good(
          `recipe: 1\nparams: ${JSON.stringify(Object.fromEntries(axes.map(([name]) => [name, 8])))}\nmatrix: ${JSON.stringify(Object.fromEntries(axes))}\nstages:\n  mail: { uses: load-dataset, with: { path: mail.tsv } }\n  base: { uses: load-model }\n  tokens: { uses: tokenize, in: [mail, base], with: { ${setting} } }\n`,
        );
        const expected = chosen.reduce((product, index) => product * (sizes[index] ?? 0), 1);
        expect(recipe.stages).toHaveLength(2 + expected);
        expect(new Set(names(recipe)).size).toBe(2 + expected);
      },
    ),
    { numRuns: 20 },
  );
});

test('ten thousand variants are checked', async () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  const recipe = await good(`
recipe: 1
params: { epochs: 1, batch: 1 }
matrix: { epochs: ${JSON.stringify(values)}, batch: ${JSON.stringify(values)} }
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv } }
  base: { uses: load-model }
  tokens: { uses: tokenize, in: [mail, base] }
  train: { uses: train, in: [base, tokens], with: { epochs: "\${params.epochs}", batch_size: "\${params.batch}" } }
`);
  expect(recipe.stages).toHaveLength(10_003);
});

function variants(name: string): readonly string[] {
  return ['1e-5', '5e-5'].flatMap((rate) =>
    ['few', 'many'].map((freeze) => `${name}[learning_rate=${rate},freeze=${freeze}]`),
  );
}

function names(recipe: CheckedRecipe): readonly string[] {
  return recipe.stages.map(({ name }) => name);
}

function sources({ inputs }: CheckedStage): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([port, references]) => [
      port,
      references.map((reference) => reference.stage),
    ]),
  );
}

async function check(text: string, options: Partial<CheckRecipeOptions> = {}) {
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

async function good(text: string, options: Partial<CheckRecipeOptions> = {}): Promise<CheckedRecipe> {
  const checked = await check(text, options);
  if (checked.ok) return checked.value;
  throw new Error(JSON.stringify(checked.error, null, 1));
}

async function codes(text: string): Promise<readonly string[]> {
  const checked = await check(text);
  return checked.ok ? [] : checked.error.map(({ code }) => code);
}

function stage(recipe: CheckedRecipe, name: string): CheckedStage {
  const found = recipe.stages.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no stage ${name} among ${names(recipe).join(' ')}`);
  return found;
}
