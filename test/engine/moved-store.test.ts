import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../src/engine/store.js';
import { verifyStore } from '../../src/engine/verify.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

const recipe: ToyRecipe = {
  a: { uses: 'write', with: { text: 'one' } },
  b: { uses: 'relink', files: ['a'] },
  c: { uses: 'lineage', files: ['b'] },
};

test.each([
  ['moved', (from: string, to: string) => rename(from, to)],
  ['copied', (from: string, to: string) => cp(from, to, { recursive: true })],
])('a store that was %s serves all that it holds', async (_, bring) => {
  await rig.run(recipe);
  const folder = join(rig.folder, 'elsewhere', '.roux');
  await rig.write('elsewhere/note.txt', '');
  await (await rig.store()).close();
  await bring(rig.storeFolder, folder);
  const store = await openStore(folder);
  expect((await rig.run(recipe, { store })).outcomes).toEqual({ a: 'hit', b: 'hit', c: 'hit' });
  expect((await verifyStore(store)).damaged).toEqual([]);
  await store.close();
});
