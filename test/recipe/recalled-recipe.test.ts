import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sealText, unsealText } from '../../src/plugin/sealed-text.js';
import { checkRecipe } from '../../src/recipe/check-recipe.js';
import type { CheckedRecipe } from '../../src/recipe/checked-recipe.js';
import { recallRecipe } from '../../src/recipe/recalled-recipe.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-recall-'));
  write('package.json', '{}');
  write('mail.tsv', 'text\tlabel\n');
  write(
    'roux.yaml',
    `recipe: 1
params: { limit: 10 }
profiles: { smoke: { limit: 2 } }
stages:
  mail:
    uses: load-dataset
    with: { path: mail.tsv, text: text, label: label, limit: "\${params.limit}" }
`,
  );
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

/** What is kept of checked recipes. */
function keptFiles(): readonly string[] {
  const recipes = join(folder, '.roux', 'recipes');
  return readdirSync(recipes).map((name) => join(recipes, name));
}

/** Writes into what is kept, so that it can be told from what was checked. */
function mark(): void {
  for (const file of keptFiles()) {
    const kept = JSON.parse(unsealText(readFileSync(file, 'utf8')) ?? '');
    const marked = { ...kept, recipe: { ...kept.recipe, name: 'recalled' } };
    writeFileSync(file, sealText(JSON.stringify(marked)));
  }
}

async function recall(
  options: { readonly profile?: string; readonly set?: readonly string[] } = {},
): Promise<CheckedRecipe> {
  const result = await recallRecipe({ file: join(folder, 'roux.yaml'), ...options });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

async function isRecalled(): Promise<boolean> {
  return (await recall()).name === 'recalled';
}

test('a recalled recipe is what the checker says', async () => {
  const file = join(folder, 'roux.yaml');
  await recall();
  const recalled = await recall();
  const checked = await checkRecipe({ file });
  const plain = (recipe: CheckedRecipe) => JSON.parse(JSON.stringify(recipe));
  expect(checked.ok && plain(checked.value)).toEqual(plain(recalled));
  expect(recalled.stages[0]?.info.validate({ path: 1 })).not.toEqual([]);
});

test('an unchanged recipe is recalled, and one whose text changed is checked again', async () => {
  await recall();
  mark();
  expect(await isRecalled()).toBe(true);
  write('roux.yaml', `${readFileSync(join(folder, 'roux.yaml'), 'utf8')}# a comment\n`);
  expect(await isRecalled()).toBe(false);
});

test('what the command line says tells recipes apart', async () => {
  const limits = [];
  for (const options of [{}, { profile: 'smoke' }, { set: ['limit=3'] }, {}, { profile: 'smoke' }]) {
    limits.push((await recall(options)).stages[0]?.settings.limit);
  }
  expect(limits).toEqual([10, 2, 3, 10, 2]);
  expect(keptFiles()).toHaveLength(3);
});

test('a file that is gone is a mistake, whatever is kept', async () => {
  await recall();
  renameSync(join(folder, 'mail.tsv'), join(folder, 'post.tsv'));
  const result = await recallRecipe({ file: join(folder, 'roux.yaml') });
  expect(!result.ok && result.error.map(({ code }) => code)).toEqual(['path/missing']);
});

test('a recipe with mistakes is not kept', async () => {
  write('roux.yaml', 'recipe: 1\nstages: { a: { uses: nothing } }\n');
  expect((await recallRecipe({ file: join(folder, 'roux.yaml') })).ok).toBe(false);
  expect(readdirSync(folder)).not.toContain('.roux');
});

test('a file of a package is looked for again', async () => {
  const place = join(folder, 'node_modules', 'mails');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'mail.tsv'), 'text\tlabel\n');
  mkdirSync(join(folder, 'recipes'));
  const text = readFileSync(join(folder, 'roux.yaml'), 'utf8').replace(
    'path: mail.tsv',
    'path: npm:mails/mail.tsv',
  );
  const file = join(folder, 'recipes', 'roux.yaml');
  writeFileSync(file, text);
  const absolute = async () => {
    const result = await recallRecipe({ file });
    return result.ok ? result.value.stages[0]?.paths[0]?.absolute : undefined;
  };
  expect(await absolute()).toBe(join(place, 'mail.tsv'));
  mark();
  expect(await absolute()).toBe(join(place, 'mail.tsv'));
  const nearer = join(folder, 'recipes', 'node_modules', 'mails');
  mkdirSync(nearer, { recursive: true });
  writeFileSync(join(nearer, 'mail.tsv'), 'text\tlabel\n');
  expect(await absolute()).toBe(join(nearer, 'mail.tsv'));
});

test('a plugin that changed is checked again, one that did not is recalled', async () => {
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  const plugin = (version: number) => `
    import { defineStage, Type } from 'roux';
    export default defineStage({
      type: 'shout', version: ${version}, summary: 'Shouts',
      settings: Type.Object({ text: Type.String({ description: 'What', default: 'version ${version}' }) }),
      inputs: {}, outputs: { out: { kind: 'text', description: 'A text' } },
      async run() { return undefined; },
    });`;
  write('shout.ts', plugin(1));
  write('roux.yaml', 'recipe: 1\nplugins: [./shout.ts]\nstages: { a: { uses: shout } }\n');
  await recall();
  mark();
  const recalled = await recall();
  expect(recalled.name).toBe('recalled');
  expect(recalled.stages[0]?.info.source).toMatchObject({ from: 'plugin', file: join(folder, 'shout.ts') });
  write('shout.ts', plugin(2));
  expect((await recall()).stages[0]?.settings).toEqual({ text: 'version 2' });
});

test.each([
  ['cut off', (text: string) => text.slice(0, text.length / 2)],
  ['empty', () => ''],
  ['of another format', () => sealText('{"format":0}')],
  ['turned', (text: string) => text.replace('"limit":10', '"limit":11')],
])('what is kept and %s is not used', async (_, spoil) => {
  await recall();
  for (const file of keptFiles()) writeFileSync(file, spoil(readFileSync(file, 'utf8')));
  expect((await recall()).stages[0]?.settings.limit).toBe(10);
  expect((await recall()).stages.map(({ name }) => name)).toEqual(['mail']);
});

test('what is kept of two command lines and swapped is not used', async () => {
  await recall();
  await recall({ profile: 'smoke' });
  const [one = '', other = ''] = keptFiles();
  renameSync(one, join(folder, 'one'));
  renameSync(other, one);
  renameSync(join(folder, 'one'), other);
  expect((await recall()).stages[0]?.settings.limit).toBe(10);
  expect((await recall({ profile: 'smoke' })).stages[0]?.settings.limit).toBe(2);
});
