import { rename, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

const chain: ToyRecipe = {
  a: { uses: 'write', with: { text: 'one' } },
  b: { uses: 'write', with: { text: 'two' }, files: ['a'] },
  c: { uses: 'write', with: { text: 'three' }, files: ['b'] },
};

test('a chain runs in order and each stage reads what the one before made', async () => {
  const run = await rig.run(chain);
  expect(run.outcomes).toEqual({ a: 'done', b: 'done', c: 'done' });
  expect(await rig.text(run, 'c')).toBe('one+two+three');
  expect(run.summary).toMatchObject({ outcome: 'done', counts: { done: 3, hit: 0 } });
});

test('a second run executes nothing and starts no process', async () => {
  await rig.run(chain);
  await rig.pool.close();
  const again = await rig.run(chain);
  expect(again.outcomes).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
  expect(rig.pool.pids).toEqual([]);
  expect(await rig.states(chain)).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
});

test('the plan tells runs from stages that wait for an input', async () => {
  expect(await rig.states(chain)).toEqual({ a: 'run: it has not run before', b: 'waiting', c: 'waiting' });
});

test('a changed setting runs its stage and what follows it', async () => {
  await rig.run(chain);
  const run = await rig.run({ ...chain, b: { uses: 'write', with: { text: 'zwei' }, files: ['a'] } });
  expect(run.outcomes).toEqual({ a: 'hit', b: 'done', c: 'done' });
  expect(await rig.text(run, 'c')).toBe('one+zwei+three');
});

test('a stage that runs again and makes the same bytes stops the wave there', async () => {
  const recipe = (text: string): ToyRecipe => ({
    a: { uses: 'write', with: { text } },
    b: { uses: 'measure', files: ['a'] },
    c: { uses: 'write', with: { text: 'end' }, files: ['b'] },
  });
  await rig.run(recipe('cat'));
  const run = await rig.run(recipe('dog'));
  expect(run.outcomes).toEqual({ a: 'done', b: 'done', c: 'hit' });
  const done = run.events.filter((event) => event.event === 'stage-done');
  expect(done.map(({ stage, sameAsBefore }) => [stage, sameAsBefore])).toEqual([
    ['a', false],
    ['b', true],
  ]);
});

test('going back to an old setting finds the old results', async () => {
  await rig.run(chain);
  await rig.run({ ...chain, a: { uses: 'write', with: { text: 'eins' } } });
  expect((await rig.run(chain)).outcomes).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
});

test('a setting that changes no result runs nothing', async () => {
  await rig.run(chain);
  const run = await rig.run({ ...chain, a: { uses: 'write', with: { text: 'one', note: 'new' } } });
  expect(run.outcomes.a).toBe('hit');
});

test('seed and runtime count only for stages that depend on them', async () => {
  const recipe = (seed: number): ToyRecipe => ({
    a: { uses: 'write', with: { text: 'one' }, seed },
    d: { uses: 'draw', seed },
  });
  await rig.run(recipe(1));
  expect((await rig.run(recipe(2))).outcomes).toEqual({ a: 'hit', d: 'done' });
  const other: ToyRecipe = {
    a: { uses: 'write', with: { text: 'one' }, runtime: 'wasm' },
    d: { uses: 'draw', seed: 2, runtime: 'wasm' },
  };
  expect((await rig.run(other)).outcomes).toEqual({ a: 'hit', d: 'done' });
});

test('a file counts by its contents, not by its name, its folder or its times', async () => {
  await rig.write('data/a.txt', 'first');
  const read = (path: string): ToyRecipe => ({ r: { uses: 'read', with: { path } } });
  expect((await rig.run(read('data/a.txt'))).outcomes.r).toBe('done');
  await utimes(join(rig.folder, 'data/a.txt'), 1, 1);
  expect((await rig.run(read('data/a.txt'))).outcomes.r).toBe('hit');
  await rename(join(rig.folder, 'data/a.txt'), join(rig.folder, 'b.txt'));
  expect((await rig.run(read('b.txt'))).outcomes.r).toBe('hit');
  await symlink(join(rig.folder, 'b.txt'), join(rig.folder, 'c.txt'));
  expect((await rig.run(read('c.txt'))).outcomes.r).toBe('hit');
  await rig.write('b.txt', 'other');
  expect((await rig.run(read('b.txt'))).outcomes.r).toBe('done');
});

test('a change within the same size and at once after a run is noticed', async () => {
  const recipe: ToyRecipe = { r: { uses: 'read', with: { path: 'a.txt' } } };
  for (const letter of ['a', 'b', 'c', 'd', 'e']) {
    await rig.write('a.txt', letter);
    const run = await rig.run(recipe);
    expect(await rig.text(run, 'r')).toBe(letter);
  }
});

test('a stage that takes one part does not run again when only other parts change', async () => {
  const recipe = (train: string, testing: string): ToyRecipe => ({
    data: { uses: 'splits', with: { train, test: testing } },
    e: { uses: 'write', with: { text: '!' }, files: ['data.test'] },
  });
  await rig.run(recipe('a', 'x'));
  expect((await rig.run(recipe('b', 'x'))).outcomes).toEqual({ data: 'done', e: 'hit' });
  expect((await rig.run(recipe('b', 'y'))).outcomes).toEqual({ data: 'done', e: 'done' });
});

test('a part that the data set does not have is a failure where it is wired', async () => {
  const run = await rig.run({
    data: { uses: 'splits', with: { train: 'a', test: 'b' } },
    e: { uses: 'write', with: { text: '!' }, files: ['data.validation'] },
  });
  expect(run.summary.stages[1]?.failure).toMatchObject({
    kind: 'user',
    code: 'input/part-missing',
    line: 13,
  });
});

test('only the named stages and what they need are looked at', async () => {
  const recipe: ToyRecipe = { ...chain, d: { uses: 'write', with: { text: 'four' } } };
  expect((await rig.run(recipe, { only: ['b'] })).outcomes).toEqual({ a: 'done', b: 'done' });
  await expect(rig.run(recipe, { only: ['z'] })).rejects.toThrow('The recipe has no stage z');
});

test('forced stages run again although a result is there, and their likeness stops the wave', async () => {
  await rig.run(chain);
  const run = await rig.run(chain, { force: ['b'] });
  expect(run.outcomes).toEqual({ a: 'hit', b: 'done', c: 'hit' });
  expect(run.summary.stages[1]?.reasons).toEqual([{ kind: 'forced', text: 'forced' }]);
  expect((await rig.run(chain, { force: true })).summary.counts.done).toBe(3);
  expect((await rig.run(chain, { only: ['b'], force: true })).outcomes).toEqual({ a: 'hit', b: 'done' });
});

test('two stages that do the same are computed once', async () => {
  const run = await rig.run({
    a: { uses: 'write', with: { text: 'same' } },
    b: { uses: 'write', with: { text: 'same' } },
  });
  expect(run.summary.outcome).toBe('done');
  const records = run.summary.stages.map(({ record }) => record?.finishedAt);
  expect(records[0]).toBe(records[1]);
});

test('files that a stage links from its inputs stay sound in both artifacts', async () => {
  const recipe: ToyRecipe = {
    a: { uses: 'write', with: { text: 'one' } },
    l: { uses: 'relink', files: ['a'] },
  };
  const run = await rig.run(recipe);
  expect(await rig.text(run, 'l')).toBe('one');
  expect((await rig.run(recipe)).outcomes).toEqual({ a: 'hit', l: 'hit' });
});
