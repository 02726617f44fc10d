import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRun } from '../../src/engine/run-reference.js';
import { keysOfTaggedRuns, listTags, readTag, removeTag, tagRun } from '../../src/engine/tags.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

const recipe: ToyRecipe = { a: { uses: 'write', with: { text: 'a' } } };

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

test('a tag names a run until it is moved or taken away', async () => {
  const store = await rig.store();
  const first = (await rig.run(recipe)).summary.run;
  const second = (await rig.run(recipe)).summary.run;
  await tagRun(store, first, 'baseline', { now: 0 });
  expect(await readTag(store, 'baseline')).toEqual({
    name: 'baseline',
    run: first,
    taggedAt: '1970-01-01T00:00:00.000Z',
  });
  await tagRun(store, second, 'baseline');
  expect(await listTags(store)).toMatchObject([{ name: 'baseline', run: second }]);
  expect(await removeTag(store, 'baseline')).toBe(true);
  expect(await removeTag(store, 'baseline')).toBe(false);
  expect(await listTags(store)).toEqual([]);
});

test('the results of tagged runs are known, cached ones too', async () => {
  const store = await rig.store();
  const { summary } = await rig.run(recipe);
  const key = summary.stages[0]?.record?.key;
  const again = await rig.run(recipe);
  expect(await keysOfTaggedRuns(store)).toEqual(new Set());
  await tagRun(store, again.summary.run, 'again');
  expect(await keysOfTaggedRuns(store)).toEqual(new Set([key]));
});

test('a store from before there were tags has none, and takes one', async () => {
  const store = await rig.store();
  const { summary } = await rig.run(recipe);
  const { rm } = await import('node:fs/promises');
  await rm(store.path('tags'), { recursive: true });
  expect(await listTags(store)).toEqual([]);
  await tagRun(store, summary.run, 'kept');
  expect(await listTags(store)).toMatchObject([{ name: 'kept' }]);
});

test.each(['', 'latest', 'latest~1', '../a', '2026', 'a/b', 'a b', `a${'b'.repeat(64)}`])(
  'a run cannot be called %j',
  async (name) => {
    await expect(tagRun(await rig.store(), 'any', name)).rejects.toThrow('cannot be the name of a run');
  },
);

test('a run is found by tag, beginning, age and recipe', async () => {
  const store = await rig.store();
  const first = (await rig.run(recipe)).summary.run;
  const second = (await rig.run(recipe)).summary.run;
  await tagRun(store, first, 'base');
  const { file } = rig.recipe(recipe);
  const find = async (written: string) => {
    const answer = await findRun(store, written, rig.folder);
    return answer.state === 'found' ? answer.run.id : answer.state;
  };
  expect(await find(first)).toBe(first);
  expect(await find('base')).toBe(first);
  expect(await find('latest')).toBe(second);
  expect(await find('latest~1')).toBe(first);
  expect(await find('latest~2')).toBe('missing');
  expect(await find(`${file}~1`)).toBe(first);
  expect(await find(first.slice(0, 8))).toBe('ambiguous');
  expect(await find('none')).toBe('missing');
  expect(await find('')).toBe('missing');
});
