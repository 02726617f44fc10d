/** What editors, git and other programs do to files, and what a watch makes of it. */
import { appendFile, mkdir, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';
import { Watched } from '../rig/watched.js';

let rig: Rig;
let watched: Watched | undefined;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(async () => {
  await watched?.end();
  watched = undefined;
  await rig.close();
});

const write = (text: string): ToyRecipe[string] => ({ uses: 'write', with: { text } });
const place = (name: string) => join(rig.folder, name);
const recipeText = (recipe: ToyRecipe) => JSON.stringify(recipe);

async function watch(
  recipe: ToyRecipe,
  options: ConstructorParameters<typeof Watched>[2] = {},
): Promise<Watched> {
  await rig.write('recipe.yaml', recipeText(recipe));
  watched = new Watched(rig, await rig.store(), options);
  await watched.until('idle');
  return watched;
}

/** How editors put a text in a file's place. */
const editors: Readonly<Record<string, (file: string, text: string) => Promise<void>>> = {
  'in place': (file, text) => writeFile(file, text),
  'in place, emptied first, as VS Code does': async (file, text) => {
    await writeFile(file, '');
    await writeFile(file, text);
  },
  'by a backup, a new file and no backup, as vim does': async (file, text) => {
    await writeFile(`${file}.4913`, '');
    await unlink(`${file}.4913`);
    await rename(file, `${file}~`);
    await writeFile(file, text);
    await unlink(`${file}~`);
  },
  'by a file beside it that takes its name, as JetBrains does': async (file, text) => {
    await writeFile(`${file}___jb_tmp___`, text);
    await rename(file, `${file}___jb_old___`);
    await rename(`${file}___jb_tmp___`, file);
    await unlink(`${file}___jb_old___`);
  },
  'by removing it and writing it anew': async (file, text) => {
    await unlink(file);
    await writeFile(file, text);
  },
};

test.each(Object.entries(editors))('a recipe saved %s is run once', async (_, save) => {
  const told = await watch({ a: write('one') });
  for (const [index, text] of ['two', 'three'].entries()) {
    await save(place('recipe.yaml'), recipeText({ a: write(text) }));
    await told.until('idle', index + 2);
  }
  expect(told.told.filter((text) => text === 'problems')).toEqual([]);
  expect(told.summaries.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
});

test.each(Object.entries(editors))('data saved %s are read once more', async (_, save) => {
  await rig.write('data.txt', 'one');
  const told = await watch({ r: { uses: 'read', with: { path: 'data.txt' } } });
  await save(place('data.txt'), 'two');
  await told.until('finished done', 2);
  expect(told.told.filter((text) => text === 'problems')).toEqual([]);
  const digest = told.summaries.at(-1)?.stages[0]?.record?.outputs.out?.digest ?? '';
  expect(await rig.contents(`artifacts/${digest.slice(0, 2)}/${digest}`)).toEqual({ 'text.txt': 'two' });
});

test('temporary files of editors beside the recipe and the data are no change', async () => {
  await rig.write('data/one.txt', 'one');
  const told = await watch({ r: { uses: 'read', with: { path: 'data/one.txt' } } });
  for (const name of ['.recipe.yaml.swp', '4913', 'recipe.yaml~', '#recipe.yaml#', 'data/one.txt.swp']) {
    await writeFile(place(name), 'x');
    await rm(place(name));
  }
  await writeFile(place('recipe.yaml'), recipeText({ a: write('to have something to wait for') }));
  await told.until('finished done', 2);
  expect(told.summaries).toHaveLength(2);
  expect(told.told.filter((text) => text.startsWith('plan'))).toEqual(['plan run', 'plan run recipe.yaml']);
});

test('a file that is touched, or written with the same text, runs nothing', async () => {
  await rig.write('data.txt', 'one');
  const told = await watch({ r: { uses: 'read', with: { path: 'data.txt' } } });
  await utimes(place('data.txt'), 1, 1);
  await writeFile(place('data.txt'), 'one');
  await writeFile(place('recipe.yaml'), recipeText({ a: write('new') }));
  await told.until('finished done', 2);
  expect(told.summaries.map(({ stages }) => stages.map(({ name }) => name))).toEqual([['r'], ['a']]);
});

test('mistakes that do not last are not told', async () => {
  const told = await watch({ a: write('one') });
  await writeFile(place('recipe.yaml'), '{"a":');
  await appendFile(place('recipe.yaml'), recipeText({ a: write('two') }).slice(5));
  await told.until('finished done', 2);
  expect(told.told).not.toContain('problems');
});

test('a recipe that is mended as it was runs nothing, and that is told', async () => {
  const told = await watch({ a: write('one') });
  await writeFile(place('recipe.yaml'), '{"a":');
  await told.until('problems');
  await told.until('idle', 2);
  await writeFile(place('recipe.yaml'), recipeText({ a: write('one') }));
  await told.until('idle', 3);
  expect(told.told.slice(-4)).toEqual(['problems', 'idle', 'mended', 'idle']);
  expect(told.summaries).toHaveLength(1);
});

test('a branch that changes many files at once is one run', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await rig.write(`data/${name}.txt`, 'main');
  const recipe = Object.fromEntries(
    ['a', 'b', 'c', 'd'].map((name) => [name, { uses: 'read', with: { path: `data/${name}.txt` } } as const]),
  );
  const told = await watch(recipe);
  // git removes a file and writes it anew, and has a lock meanwhile.
  await rig.write('.git/index.lock', '');
  await rig.write('recipe.yaml', recipeText({ ...recipe, e: write('branch') }));
  for (const name of ['a', 'b', 'c', 'd']) {
    await unlink(place(`data/${name}.txt`));
    await writeFile(place(`data/${name}.txt`), `branch ${name}`);
  }
  await rm(place('.git/index.lock'));
  await told.until('finished done', 2);
  expect(told.summaries).toHaveLength(2);
  expect(told.summaries.at(-1)?.counts.done).toBe(5);
  expect(told.told).not.toContain('problems');
});

test.each(['.git', 'main/.git/worktrees/here'])(
  'while git holds the lock of %s nothing runs',
  async (folder) => {
    if (folder !== '.git') await rig.write('.git', `gitdir: ${folder}\n`);
    await rig.write('data.txt', 'main');
    const told = await watch({ r: { uses: 'read', with: { path: 'data.txt' } } });
    const lock = join(rig.folder, folder, 'index.lock');
    await mkdir(dirname(lock), { recursive: true });
    await writeFile(lock, '');
    await unlink(place('data.txt'));
    await setTimeout(300);
    await writeFile(place('data.txt'), 'half');
    await setTimeout(300);
    expect(told.told.filter((text) => text.startsWith('plan'))).toHaveLength(1);
    await writeFile(place('data.txt'), 'branch');
    await rm(lock);
    await told.until('finished done', 2);
    expect(told.summaries).toHaveLength(2);
    expect(told.told).not.toContain('problems');
  },
);

test('a lock that was left long ago is not waited for', async () => {
  await rig.write('.git/index.lock', '');
  await utimes(place('.git/index.lock'), 1, 1);
  const told = await watch({ a: write('one') });
  await writeFile(place('recipe.yaml'), recipeText({ a: write('two') }));
  await told.until('finished done', 2);
});

test('what was asked for again runs although nothing changed', async () => {
  const told = await watch({ a: write('one') });
  told.control?.runAgain();
  await told.until('finished done', 2);
  expect(told.summaries.at(-1)?.stages.map(({ outcome }) => outcome)).toEqual(['hit']);
});

test('asking for a wrong recipe again tells its mistakes once more, and the watch goes on', async () => {
  const told = await watch({ a: write('one') });
  await rig.write('recipe.yaml', '{');
  await told.until('problems');
  told.control?.runAgain();
  await told.until('problems', 2);
  await rig.write('recipe.yaml', recipeText({ a: write('two') }));
  await told.until('stage-done a', 2);
});

test('a preview runs first, and the whole recipe after it; a failed preview ends it', async () => {
  const sampled = rig.recipe({ a: write('sample') });
  const told = await watch({ a: write('whole') }, { preview: async () => ({ ...sampled, sample: true }) });
  expect(told.told.filter((text) => /^(sample|plan|stage-done|finished|idle)/.test(text))).toEqual([
    'sample run',
    'stage-done a',
    'finished done',
    'plan run',
    'stage-done a',
    'finished done',
    'idle',
  ]);
  await told.end();
  await rig.write('folder/file.txt', '');
  // A folder can be hashed, but not read as a file.
  const broken = rig.recipe({ a: { uses: 'read', with: { path: 'folder' } } });
  await rig.write('recipe.yaml', recipeText({ a: write('other') }));
  watched = new Watched(rig, await rig.store(), { preview: async () => ({ ...broken, sample: true }) });
  await watched.until('idle');
  expect(watched.told).not.toContain('stage-done a');
});
