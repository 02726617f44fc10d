import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

async function reasons(before: ToyRecipe, after: ToyRecipe, stage = 'a') {
  await rig.run(before);
  const run = await rig.run(after);
  return run.summary.stages.find(({ name }) => name === stage)?.reasons;
}

test('settings: old and new value, and where the new one is written', async () => {
  const told = await reasons(
    { a: { uses: 'write', with: { text: 'one', metric: 0.00005 } } },
    { a: { uses: 'write', with: { text: 'two', metric: 0.00003, size: 2 } } },
  );
  expect(told).toMatchObject([
    { kind: 'setting', text: 'text one -> two', location: { line: 5, column: 3 } },
    { kind: 'setting', text: 'metric 5e-5 -> 3e-5', location: { line: 6 } },
    { kind: 'setting', text: 'size unset -> 2', location: { line: 7 } },
  ]);
});

test('an input that another stage made anew', async () => {
  const recipe = (text: string): ToyRecipe => ({
    a: { uses: 'write', with: { text } },
    b: { uses: 'write', with: { text: 'b' }, files: ['a'] },
  });
  expect(await reasons(recipe('one'), recipe('two'), 'b')).toMatchObject([
    { kind: 'input', text: 'files: a changed (stage a ran again)' },
  ]);
});

test('an input that comes from another stage', async () => {
  const recipe = (from: string): ToyRecipe => ({
    a: { uses: 'write', with: { text: 'a' } },
    b: { uses: 'write', with: { text: 'b' } },
    c: { uses: 'write', with: { text: 'c' }, files: [from] },
  });
  expect(await reasons(recipe('a'), recipe('b'), 'c')).toMatchObject([
    { kind: 'input', text: 'files a -> b', location: { line: 23 } },
  ]);
});

test('a file, by its name as written', async () => {
  const recipe: ToyRecipe = { a: { uses: 'read', with: { path: 'data.txt' } } };
  await rig.write('data.txt', 'one');
  await rig.run(recipe);
  await rig.write('data.txt', 'two');
  const run = await rig.run(recipe);
  expect(run.summary.stages[0]?.reasons).toMatchObject([
    { kind: 'file', text: 'data.txt changed', location: { line: 3 } },
  ]);
});

test('seed, runtime, version and type of the stage', async () => {
  expect(
    await reasons({ a: { uses: 'draw', seed: 1 } }, { a: { uses: 'draw', seed: 2, runtime: 'wasm' } }),
  ).toMatchObject([
    { kind: 'seed', text: 'seed 1 -> 2' },
    { kind: 'runtime', text: expect.stringMatching(/^runtime cpu.* -> wasm/) },
  ]);
  const draw = (version: number): ToyRecipe => ({ b: { uses: 'draw', version } });
  expect(await reasons(draw(1), draw(2), 'b')).toMatchObject([
    { kind: 'stage-version', text: 'draw version 1 -> 2' },
  ]);
  expect(await reasons({ c: { uses: 'draw' } }, { c: { uses: 'measure' } }, 'c')).toMatchObject([
    { kind: 'setting', text: 'uses draw -> measure' },
  ]);
});

test('the code of a plugin', async () => {
  const recipe = rig.recipe({ a: { uses: 'write', with: { text: 'a' } } });
  const { runRecipe } = await import('../../src/engine/run.js');
  const { planRecipe } = await import('../../src/engine/planner.js');
  const store = await rig.store();
  await runRecipe(recipe, { store, pool: rig.pool });
  const changed = {
    ...recipe,
    stages: recipe.stages.map((stage) => ({
      ...stage,
      info: { ...stage.info, source: { ...stage.info.source, digest: 'other', file: '/x/shout.ts' } },
    })),
  };
  const plan = await planRecipe(changed, { store });
  expect(plan.stages).toMatchObject([
    { state: 'run', reasons: [{ kind: 'plugin', text: 'the code of shout.ts changed' }] },
  ]);
});
