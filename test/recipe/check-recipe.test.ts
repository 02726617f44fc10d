import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckRecipeOptions, checkRecipe } from '../../src/recipe/check-recipe.js';
import type { CheckedRecipe, CheckedStage } from '../../src/recipe/checked-recipe.js';
import { fakeRegistry } from './fake-registry.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-recipe-'));
  for (const path of ['data', 'models/mini', 'elsewhere', 'node_modules/@mail/corpus/data']) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  writeFileSync(join(folder, 'data/mail.tsv'), 'text\tlabel\n');
  writeFileSync(join(folder, 'elsewhere/mail.tsv'), 'text\tlabel\n');
  writeFileSync(
    join(folder, 'node_modules/@mail/corpus/package.json'),
    '{"name":"@mail/corpus","exports":{}}',
  );
  writeFileSync(join(folder, 'node_modules/@mail/corpus/data/mail.tsv'), 'text\tlabel\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the example of the design', () => {
  const text = `
recipe: 1
name: spam-filter
params: { base: ./models/mini, epochs: 3, seed: 13 }
profiles: { smoke: { epochs: 1 } }
seed: "\${params.seed}"
stages:
  train:
    uses: train
    in: { model: frozen, tokens: tokens, penalties: [memory] }
    with: { epochs: "\${params.epochs}", learning_rate: 5e-5 }
    expect: { loss: ["> 0", "<= 2.5"] }
  mail: { uses: load-dataset, with: { path: data/mail.tsv, split: { train: 0.8, validation: 0.1, test: 0.1 } } }
  base: { uses: load-model, with: { from: "\${params.base}" } }
  tokens: { uses: tokenize, in: { dataset: mail, model: base } }
  frozen: { uses: freeze-layers, in: base, with: { freeze: [embeddings, layers.0-2] } }
  memory: { uses: ewc, in: [base, tokens.train], seed: 5, threads: 1 }
  evaluate: { uses: evaluate, in: { model: train, tokens: tokens.test } }
`;

  test('is checked, with every stage after its inputs and otherwise in the order of the file', async () => {
    const recipe = await good(text);
    expect(recipe.name).toBe('spam-filter');
    expect(recipe.stages.map(({ name }) => name)).toEqual([
      'base',
      'frozen',
      'mail',
      'tokens',
      'memory',
      'train',
      'evaluate',
    ]);
  });

  test('has parameters with their types, defaults and absolute paths in its settings', async () => {
    const recipe = await good(text);
    expect(stage(recipe, 'train').settings).toEqual({
      epochs: 3,
      learning_rate: 5e-5,
      batch_size: 32,
      optimizer: 'adamw',
      schedule: 'linear',
    });
    expect(stage(recipe, 'base').settings.from).toBe(join(folder, 'models/mini'));
    expect(stage(recipe, 'base').paths).toMatchObject([{ pointer: '/from', written: './models/mini' }]);
  });

  test('is wired by kind where no output is named', async () => {
    const recipe = await good(text);
    expect(stage(recipe, 'train').inputs).toMatchObject({
      model: [{ stage: 'frozen', port: 'model' }],
      tokens: [{ stage: 'tokens', port: 'tokens' }],
      penalties: [{ stage: 'memory', port: 'penalty' }],
    });
    expect(stage(recipe, 'memory').inputs).toMatchObject({
      model: [{ stage: 'base' }],
      tokens: [{ stage: 'tokens', port: 'tokens', part: 'train', written: 'tokens.train' }],
    });
    expect(stage(recipe, 'evaluate').inputs.model).toMatchObject([{ stage: 'train', port: 'model' }]);
  });

  test('takes seed and threads from the stage, then the command line, then the recipe', async () => {
    const recipe = await good(text, { threads: 3 });
    expect(stage(recipe, 'train')).toMatchObject({ seed: 13, threads: 3 });
    expect(stage(recipe, 'memory')).toMatchObject({ seed: 5, threads: 1 });
    expect(stage(recipe, 'mail').threads).toBe(1);
    const seeded = await good(text, { seed: 99, runtime: 'wasm' });
    expect(stage(seeded, 'train')).toMatchObject({ seed: 99, runtime: 'wasm' });
    expect(stage(seeded, 'memory').seed).toBe(5);
  });

  test('says where each setting was written', async () => {
    const { settingLocations } = stage(await good(text), 'train');
    expect(settingLocations['/learning_rate']).toMatchObject({ line: 11, column: 56, length: 4 });
    expect(settingLocations['/batch_size']).toBeUndefined();
  });

  test('reads expectations', async () => {
    expect(stage(await good(text), 'train').expect).toMatchObject([
      { metric: 'loss', operator: '>', value: 0 },
      { metric: 'loss', operator: '<=', value: 2.5 },
    ]);
  });

  test('takes parameters from the profile, and over that from the command line', async () => {
    expect(stage(await good(text, { profile: 'smoke' }), 'train').settings.epochs).toBe(1);
    const set = await good(text, { profile: 'smoke', set: ['epochs=7', 'params.seed=4'] });
    expect(stage(set, 'train')).toMatchObject({ settings: { epochs: 7 }, seed: 4 });
    expect(set.profile).toBe('smoke');
  });
});

describe('parameters', () => {
  test('keep their type where they are the whole value and are written out inside a text', async () => {
    const recipe = await good(`
recipe: 1
params: { name: mail, part: "\${params.name}.tsv", ratios: { train: 0.5, validation: 0.25, test: 0.25 }, n: 7 }
stages:
  mail:
    uses: load-dataset
    with: { path: "data/\${params.part}", split: "\${params.ratios}", limit: "\${params.n}", text: "$\${params.n} is \${params.n}, \${params.ratios.train}" }
`);
    expect(stage(recipe, 'mail').settings).toMatchObject({
      split: { train: 0.5, validation: 0.25, test: 0.25 },
      limit: 7,
      text: `\${params.n} is 7, 0.5`,
    });
  });

  test('that nothing uses are a warning', async () => {
    const recipe = await good('recipe: 1\nparams: { epochs: 3 }\nstages: { base: { uses: load-model } }');
    expect(recipe.warnings).toMatchObject([{ code: 'params/unused', location: { line: 2, column: 11 } }]);
  });

  test('from the command line start paths at the working folder', async () => {
    const text = `recipe: 1\nparams: { data: data/mail.tsv }\nstages: { mail: { uses: load-dataset, with: { path: "\${params.data}" } } }`;
    const recipe = await good(text, { set: ['data=mail.tsv'], workingFolder: join(folder, 'elsewhere') });
    expect(stage(recipe, 'mail').settings.path).toBe(join(folder, 'elsewhere/mail.tsv'));
  });

  test('that multiply each other beyond measure are refused', async () => {
    const lines = Array.from(
      { length: 30 },
      (_, index) => `  p${index}: ["\${params.p${index + 1}}", "\${params.p${index + 1}}"]`,
    );
    const text = `recipe: 1\nparams:\n${lines.join('\n')}\n  p30: x\nstages:\n  a: { uses: load-model, with: { task: "\${params.p0}" } }\n`;
    expect(await codes(text)).toContain('params/too-large');
    const texts = Array.from(
      { length: 30 },
      (_, index) => `  p${index}: "\${params.p${index + 1}}\${params.p${index + 1}}"`,
    );
    expect(
      await codes(
        `recipe: 1\nparams:\n${texts.join('\n')}\n  p30: x\nstages:\n  a: { uses: load-model, with: { task: "\${params.p0}" } }\n`,
      ),
    ).toContain('params/too-large');
  });
});

describe('extends', () => {
  test('merges maps by key, replaces everything else, and keeps paths where they were written', async () => {
    writeFileSync(
      join(folder, 'elsewhere/base.yaml'),
      `recipe: 1
name: base
params: { epochs: 3, data: mail.tsv }
stages:
  mail: { uses: load-dataset, with: { path: "\${params.data}" } }
  base: { uses: load-model }
  tokens: { uses: tokenize, in: [mail, base], with: { max_length: 64, pairs: true } }
  frozen: { uses: freeze-layers, in: base, with: { freeze: [embeddings, pooler] } }
`,
    );
    const recipe = await good(`
recipe: 1
extends: ./elsewhere/base.yaml
stages:
  tokens: { with: { max_length: 32 } }
  frozen: { with: { freeze: [embeddings] } }
`);
    expect(recipe.stages.map(({ name }) => name)).toEqual(['mail', 'base', 'tokens', 'frozen']);
    expect(stage(recipe, 'tokens').settings).toEqual({ max_length: 32, pairs: true });
    expect(stage(recipe, 'frozen').settings).toEqual({ freeze: ['embeddings'] });
    expect(stage(recipe, 'mail').settings.path).toBe(join(folder, 'elsewhere/mail.tsv'));
    expect(stage(recipe, 'tokens').settingLocations['/pairs']?.file).toBe(
      join(folder, 'elsewhere/base.yaml'),
    );
    expect(recipe.files).toEqual([join(folder, 'recipe.yaml'), join(folder, 'elsewhere/base.yaml')]);
  });
});

describe('extends of a recipe that is not there', () => {
  test('is told of without what the recipe would have held, and with what is wrong whatever it holds', async () => {
    const text = `recipe: 1
extends: ./gone.yaml
stages:
  tokens: { uses: tokenize, in: [mail, base], with: { max_length: "\${params.length}" } }
  train: { with: { epochs: 3 } }
  short: { uses: tokenize, in: [mail, base], with: { max_length: 4 } }
  audit: null
`;
    expect(await codes(text)).toEqual(['extends/missing', 'setting/range']);
  });
});

describe('extends of a package', () => {
  test.each(['npm:@mail/corpus/base.yaml', '@mail/corpus/base.yaml', '@mail/corpus', 'npm:@mail/corpus'])(
    'finds %s',
    async (written) => {
      const text = 'recipe: 1\nstages: { mail: { uses: load-dataset, with: { path: data/mail.tsv } } }';
      writeFileSync(join(folder, 'node_modules/@mail/corpus/base.yaml'), text);
      writeFileSync(join(folder, 'node_modules/@mail/corpus/roux.yaml'), text);
      const recipe = await good(`recipe: 1\nextends: "${written}"\nstages: { base: { uses: load-model } }`);
      expect(stage(recipe, 'mail').settings.path).toBe(
        join(folder, 'node_modules/@mail/corpus/data/mail.tsv'),
      );
    },
  );

  test('removes stages by null and appends to lists', async () => {
    writeFileSync(
      join(folder, 'elsewhere/lists.yaml'),
      'recipe: 1\nstages:\n  base: { uses: load-model }\n  gone: { uses: load-model }\n  frozen: { uses: freeze-layers, in: base, with: { freeze: [embeddings] } }\n',
    );
    const recipe = await good(
      'recipe: 1\nextends: elsewhere/lists.yaml\nstages:\n  gone: null\n  frozen: { with: { freeze: { $append: [pooler] } } }\n',
    );
    expect(recipe.stages.map(({ name }) => name)).toEqual(['base', 'frozen']);
    expect(stage(recipe, 'frozen').settings.freeze).toEqual(['embeddings', 'pooler']);
  });
});

describe('paths', () => {
  test('into packages are found whatever the package exports', async () => {
    const recipe = await good(
      'recipe: 1\nstages: { mail: { uses: load-dataset, with: { path: "npm:@mail/corpus/data/mail.tsv" } } }',
    );
    expect(stage(recipe, 'mail').settings.path).toBe(join(folder, 'node_modules/@mail/corpus/data/mail.tsv'));
  });

  test('to folders that a stage writes to need not exist and are no input', async () => {
    const recipe = await good(
      'recipe: 1\nstages: { base: { uses: load-model }, mail: { uses: load-dataset, with: { path: data/mail.tsv } }, ' +
        'tokens: { uses: tokenize, in: { dataset: mail, model: base } }, ' +
        'train: { uses: train, in: { model: base, tokens: tokens }, with: { log_to: { folder: runs/first } } } }',
    );
    expect(stage(recipe, 'train').settings.log_to).toEqual({ folder: join(folder, 'runs/first') });
    expect(stage(recipe, 'train').paths).toEqual([]);
  });

  test.each([
    'npm:@mail/corpus/../../data',
    'npm:',
    'npm:../x',
    'https://example.org/mail.tsv',
    'data/mail.tsv/x',
  ])('like %s are refused', async (path) => {
    const found = await codes(
      `recipe: 1\nstages: { mail: { uses: load-dataset, with: { path: "${path}" } } }`,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^path\//);
  });
});

describe('YAML', () => {
  test('anchors and merge keys work, and a key of the map itself wins', async () => {
    const recipe = await good(`
recipe: 1
stages:
  base: { uses: load-model }
  one: &one { uses: freeze-layers, in: base, with: { freeze: 1 } }
  two: { <<: *one, with: { freeze: 2 } }
  three: { <<: [{ with: { freeze: 3 } }, *one] }
`);
    expect(recipe.stages.map(({ settings }) => settings.freeze)).toEqual([undefined, 1, 2, 3]);
  });

  test('what begins with x- is a place for anchors, and nothing reads it', async () => {
    const recipe = await good(`
recipe: 1
x-half: &half { freeze: 1, no_such_setting: "\${params.nothing}" }
x-whole: &whole { freeze: 2 }
stages:
  base: { uses: load-model }
  one: { uses: freeze-layers, in: base, with: *whole }
`);
    expect(recipe.stages[1]?.settings.freeze).toBe(2);
    expect(await codes('recipe: 1\nxhalf: 1\nstages: { base: { uses: load-model } }')).toEqual([
      'recipe/unknown',
    ]);
  });

  test('values of anchors and merge keys stand where the alias stands, and their parts where they were written', async () => {
    const recipe = await good(`
recipe: 1
stages:
  base: { uses: load-model }
  one: { uses: freeze-layers, in: base, with: &with { freeze: 1 } }
  two: { uses: freeze-layers, in: base, with: *with }
  three: { uses: freeze-layers, in: base, with: { <<: *with } }
`);
    const places = recipe.stages.slice(1).map(({ settingLocations }) => settingLocations['/freeze']?.line);
    expect(places).toEqual([5, 5, 5]);
    expect(await codes('recipe: 1\nstages:\n  base: &a { uses: load-model }\n  two: { <<: *b }')).toContain(
      'yaml/alias',
    );
  });

  test('hostile files are refused with a diagnostic', async () => {
    const bomb = Array.from(
      { length: 30 },
      (_, i) => `  a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}`}]`,
    );
    expect(await codes(`recipe: 1\nparams:\n${bomb.join('\n')}\nstages: {}`)).toEqual(['yaml/alias-bomb']);
    expect(await codes(`a: ${'['.repeat(100_000)}`)).toEqual(['yaml/depth']);
    expect(await codes(`${'- '.repeat(20_000)}x`)).toEqual(['yaml/depth']);
    expect(await codes(Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'))).toEqual([
      'yaml/depth',
    ]);
  });

  test('that is missing, a folder or no YAML is a diagnostic', async () => {
    const missing = await checkRecipe({ file: join(folder, 'recipe.yml'), registry: fakeRegistry });
    expect(missing.ok ? [] : missing.error).toMatchObject([{ code: 'file/missing' }]);
    const isFolder = await checkRecipe({ file: folder, registry: fakeRegistry });
    expect(isFolder.ok ? [] : isFolder.error).toMatchObject([{ code: 'file/folder' }]);
    expect(await codes('--- 1\n--- 2')).toEqual(['yaml/documents']);
    expect(await codes('a: !!python/object:os.system {}')).toEqual(['yaml/tag']);
  });

  test('does not pollute prototypes', async () => {
    await codes(
      'recipe: 1\n__proto__: { polluted: 1 }\nstages: { __proto__: { uses: x }, constructor: { prototype: 1 } }',
    );
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

test('a chain of two thousand stages written backwards is ordered', async () => {
  const count = 2000;
  const lines = Array.from({ length: count }, (_, index) => {
    const number = count - index;
    return `  s${number}: { uses: freeze-layers, in: ${number === 1 ? 'base' : `s${number - 1}`}, with: { freeze: 1 } }`;
  });
  const recipe = await good(`recipe: 1\nstages:\n${lines.join('\n')}\n  base: { uses: load-model }`);
  expect(recipe.stages[0]?.name).toBe('base');
  expect(recipe.stages.at(-1)?.name).toBe(`s${count}`);
});

test('many mistakes are counted, and only the first are kept', async () => {
  const lines = Array.from({ length: 3000 }, (_, index) => `  s${index}: { uses: nothing }`);
  const found = await codes(`recipe: 1\nstages:\n${lines.join('\n')}`);
  expect(found.length).toBeGreaterThan(100);
  expect(found.length).toBeLessThanOrEqual(1000);
});

async function check(text: string, options: Partial<CheckRecipeOptions> = {}) {
  return checkRecipe({
    file: join(folder, 'recipe.yaml'),
    text,
    registry: fakeRegistry,
    workingFolder: folder,
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
  if (!found) throw new Error(`no stage ${name}`);
  return found;
}
