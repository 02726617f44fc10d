import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckRecipeOptions, checkRecipe } from '../../src/recipe/check-recipe.js';
import { fakeRegistry } from './fake-registry.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-params-'));
  mkdirSync(join(folder, 'more'));
  for (const path of ['mail.tsv', 'more/mail.tsv']) writeFileSync(join(folder, path), 'text\tlabel\n');
  writeFileSync(join(folder, 'one.yaml'), 'epochs: 11\ndata: mail.tsv\n');
  writeFileSync(join(folder, 'more/two.json'), '{ "epochs": 12, "data": "mail.tsv" }');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const recipe = `
recipe: 1
params:
  epochs: { type: integer, default: 3, minimum: 1, maximum: 20, env: EPOCHS }
  data: { type: string, default: mail.tsv, env: DATA }
  column: text
profiles: { smoke: { epochs: 4 } }
stages:
  mail: { uses: load-dataset, with: { path: "\${params.data}", text: "\${params.column}", limit: "\${params.epochs}" } }
`;

describe('the value of a parameter', () => {
  test.each<[string, Partial<CheckRecipeOptions>, number]>([
    ['is the default', {}, 3],
    ['is what the environment says over the default', { environment: { EPOCHS: '5' } }, 5],
    ['is the profile over the environment', { environment: { EPOCHS: '5' }, profile: 'smoke' }, 4],
    ['is the params file over the profile', { profile: 'smoke', paramsFiles: ['one.yaml'] }, 11],
    ['is the later params file', { paramsFiles: ['one.yaml', 'more/two.json'] }, 12],
    ['is --set over everything', { paramsFiles: ['one.yaml'], set: ['epochs=6', 'epochs=7'] }, 7],
  ])('%s', async (_, options, expected) => {
    expect(await setting('limit', options)).toBe(expected);
  });

  test('is read from declared environment variables only', async () => {
    const read: string[] = [];
    const environment = new Proxy<Record<string, string>>(
      {},
      {
        get: (_, name) => {
          read.push(String(name));
          return undefined;
        },
      },
    );
    await setting('limit', { environment });
    expect(read).toEqual(['EPOCHS', 'DATA']);
  });

  test('is a path that starts from the params file, and otherwise from the working folder', async () => {
    expect(await setting('path', { paramsFiles: ['more/two.json'] })).toBe(join(folder, 'more/mail.tsv'));
    const workingFolder = join(folder, 'more');
    expect(await setting('path', { environment: { DATA: 'mail.tsv' }, workingFolder })).toBe(
      join(folder, 'more/mail.tsv'),
    );
  });

  test('is taken as it was typed where only a text is allowed', async () => {
    expect(await setting('text', { set: ['column=1.0'] })).toBe('1.0');
    expect(await setting('text', { set: ['column=>= 0.3'] })).toBe('>= 0.3');
    expect(await setting('text', { set: ["column='a b'"] })).toBe('a b');
  });

  test('follows params files: watch has to', async () => {
    const checked = await check({ paramsFiles: ['one.yaml'] });
    expect(checked.ok && checked.value.files).toContain(join(folder, 'one.yaml'));
  });
});

describe('declarations of an extended recipe', () => {
  test('keep type and range under a new default', async () => {
    writeFileSync(join(folder, 'base.yaml'), recipe);
    const text = 'recipe: 1\nextends: ./base.yaml\nparams: { epochs: 30, column: null }\nstages: {}';
    const checked = await check({ text });
    expect(checked.ok ? [] : checked.error.map(({ code }) => code)).toEqual([
      'params/range',
      'params/unknown',
    ]);
    const right = await check({ text: 'recipe: 1\nextends: ./base.yaml\nparams: { epochs: 8 }\n' });
    expect(right.ok && right.value.stages[0]?.settings.limit).toBe(8);
  });
});

test('a param may be null where its default is, and must be set where it has none', async () => {
  const text = `recipe: 1\nparams: { task: { type: string, default: null }, data: { type: string } }\nstages: { base: { uses: load-dataset, with: { path: "\${params.data}" } } }`;
  const without = await check({ text });
  expect(without.ok ? [] : without.error.map(({ code }) => code)).toEqual(['params/missing']);
  expect((await check({ text, set: ['data=mail.tsv'] })).ok).toBe(true);
});

async function check(options: Partial<CheckRecipeOptions>) {
  return checkRecipe({
    file: join(folder, 'recipe.yaml'),
    text: recipe,
    registry: fakeRegistry,
    workingFolder: folder,
    environment: {},
    ...options,
  });
}

async function setting(name: string, options: Partial<CheckRecipeOptions>): Promise<unknown> {
  const checked = await check(options);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error, null, 1));
  return checked.value.stages[0]?.settings[name];
}
