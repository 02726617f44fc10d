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
});

test('a second run executes nothing', async () => {
  await rig.run(chain);
  const again = await rig.run(chain);
  expect(again.outcomes).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
  expect(await rig.states(chain)).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
});
