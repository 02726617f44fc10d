import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../src/engine/store.js';
import { verifyStore } from '../../src/engine/verify.js';
import { Rig } from '../rig/rig.js';
import { mountSmallDisk, resizeSmallDisk, unmountSmallDisk } from '../rig/small-disk.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

test('a full disk is a clear failure, everything finished stays, and with more space the run goes on', async (context) => {
  if (!(await mountSmallDisk(rig.storeFolder, 600)))
    return context.skip('needs the right to mount a file system');
  try {
    const recipe: ToyRecipe = {
      small: { uses: 'write', with: { text: 'small' } },
      big: { uses: 'write', with: { text: 'big', size: 1_000_000 }, files: ['small'] },
      after: { uses: 'write', with: { text: 'after' }, files: ['big'] },
    };
    const run = await rig.run(recipe);
    expect(run.outcomes).toEqual({ small: 'done', big: 'failed', after: 'skipped' });
    expect(run.summary.stages[1]?.failure).toMatchObject({
      kind: 'user',
      code: 'disk/enospc',
      message: 'The disk is full while running stage big',
      help: expect.stringContaining('roux cache gc'),
    });
    resizeSmallDisk(rig.storeFolder, 65_536);
    expect((await rig.run(recipe)).outcomes).toEqual({ small: 'hit', big: 'done', after: 'done' });
    expect(await rig.debris()).toEqual([]);
  } finally {
    await (await rig.store()).close();
    unmountSmallDisk(rig.storeFolder);
  }
});

test('a disk so full that not even the run can be recorded is told as such', async (context) => {
  if (!(await mountSmallDisk(rig.storeFolder, 600)))
    return context.skip('needs the right to mount a file system');
  try {
    await rig.store();
    await writeFile(join(rig.storeFolder, 'filler'), Buffer.alloc(1_000_000)).catch(() => undefined);
    await expect(rig.run({ a: { uses: 'write', with: { text: 'a' } } })).rejects.toMatchObject({
      name: 'UserError',
      details: { code: 'disk/enospc' },
    });
    await rm(join(rig.storeFolder, 'filler'));
    // Half a record would count as damage.
    expect((await verifyStore(await rig.store())).damaged).toEqual([]);
  } finally {
    await (await rig.store()).close();
    unmountSmallDisk(rig.storeFolder);
  }
});

test('a store of another version, or that is none, is not touched', async () => {
  await rig.store();
  await writeFile(join(rig.storeFolder, 'version'), '99\n');
  await expect(openStore(rig.storeFolder)).rejects.toMatchObject({
    details: { message: 'The store was made by another version of roux', code: 'store/version' },
  });
  expect(await readFile(join(rig.storeFolder, 'version'), 'utf8')).toBe('99\n');
  await writeFile(join(rig.storeFolder, 'version'), 'something else');
  await expect(openStore(rig.storeFolder)).rejects.toMatchObject({ details: { code: 'store/version' } });
});

test('a file where the store should be is told as such', async () => {
  await rig.write('.roux', 'a file');
  await expect(openStore(rig.storeFolder)).rejects.toMatchObject({ details: { code: 'store/not-a-folder' } });
});

test('a store that must not be written is told as such', async (context) => {
  if (process.getuid?.() === 0) return context.skip('root may write everywhere');
  await mkdir(join(rig.folder, 'locked'));
  await chmod(join(rig.folder, 'locked'), 0o555);
  await expect(openStore(join(rig.folder, 'locked', '.roux'))).rejects.toMatchObject({
    details: { code: 'disk/eacces' },
  });
});
