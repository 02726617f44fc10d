/** Symbolic links, hard links, pipes and devices: in data, in what stages write, and inside the store. */
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sealFolder } from '../../src/engine/artifacts.js';
import { readPathContents } from '../../src/engine/path-contents.js';
import { openStore } from '../../src/engine/store.js';
import { verifyStore } from '../../src/engine/verify.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

async function digestOf(path: string): Promise<string> {
  return (await readPathContents(await rig.store(), join(rig.folder, path), path)).digest;
}

/** A folder as a stage has filled it. */
async function output(): Promise<string> {
  const folder = join(rig.folder, 'out');
  await mkdir(folder);
  await writeFile(join(folder, 'text.txt'), 'text');
  return folder;
}

test('data behind a link counts by its contents, wherever it lies', async () => {
  await rig.write('outside/data.txt', 'one');
  await symlink('outside/data.txt', join(rig.folder, 'link.txt'));
  await symlink('outside', join(rig.folder, 'linked'));
  const recipe: ToyRecipe = { r: { uses: 'read', with: { path: 'link.txt' } } };
  expect((await rig.run(recipe)).outcomes).toEqual({ r: 'done' });
  expect((await rig.run(recipe)).outcomes).toEqual({ r: 'hit' });
  const folder = await digestOf('linked');
  expect(folder).toBe(await digestOf('outside'));
  await rig.write('outside/data.txt', 'two');
  expect((await rig.run(recipe)).outcomes).toEqual({ r: 'done' });
  expect(await digestOf('linked')).not.toBe(folder);
});

test('a link that is turned to other contents is a change', async () => {
  await rig.write('a.txt', 'a');
  await rig.write('b.txt', 'b');
  await symlink('a.txt', join(rig.folder, 'link.txt'));
  const recipe: ToyRecipe = { r: { uses: 'read', with: { path: 'link.txt' } } };
  await rig.run(recipe);
  await rm(join(rig.folder, 'link.txt'));
  await symlink('b.txt', join(rig.folder, 'link.txt'));
  expect(await rig.states(recipe)).toEqual({ r: 'run: link.txt changed' });
});

test('links that lead round in circles end, and what is no file is left out', async () => {
  await rig.write('data/one.txt', '1');
  const before = await digestOf('data');
  await symlink('.', join(rig.folder, 'data/self'));
  await symlink('..', join(rig.folder, 'data/up'));
  await symlink('b', join(rig.folder, 'data/a'));
  await symlink('a', join(rig.folder, 'data/b'));
  await symlink('nowhere', join(rig.folder, 'data/dangling'));
  await symlink('/dev/zero', join(rig.folder, 'data/zero'));
  execFileSync('mkfifo', [join(rig.folder, 'data/pipe')]);
  await symlink(rig.gates.socketPath, join(rig.folder, 'data/socket'));
  await rm(join(rig.folder, 'data/up'));
  expect(await digestOf('data')).toBe(before);
});

test('a device or a pipe for a data file is a mistake that is told, not waited for', async () => {
  execFileSync('mkfifo', [join(rig.folder, 'pipe')]);
  for (const path of ['pipe', '/dev/zero']) {
    const run = await rig.run({ r: { uses: 'read', with: { path } } });
    expect(run.summary.stages[0]?.failure).toMatchObject({ kind: 'user', code: 'file/special' });
  }
});

test.each([
  ['an absolute link', '/etc/passwd'],
  ['a link upwards', '../secret.txt'],
  ['a link that leads nowhere', 'nowhere'],
  ['a link to a neighbour', 'text.txt'],
  ['a link to a folder', '/etc'],
])('%s that a stage leaves in its output is refused', async (_, target) => {
  await rig.write('secret.txt', 'secret');
  const folder = await output();
  await symlink(target, join(folder, 'link'));
  await expect(sealFolder(folder)).rejects.toMatchObject({
    details: { code: 'artifact/not-a-file', found: 'a symbolic link' },
  });
});

test('a pipe that a stage leaves in its output is refused, not read', async () => {
  const folder = await output();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await expect(sealFolder(folder)).rejects.toMatchObject({ details: { found: 'a special file' } });
});

test('a link in place of the output folder is not followed', async () => {
  await rig.write('secret/key.txt', 'secret');
  await symlink('secret', join(rig.folder, 'out'));
  await expect(sealFolder(join(rig.folder, 'out'))).rejects.toMatchObject({
    details: { code: 'artifact/not-a-file' },
  });
  expect((await lstat(join(rig.folder, 'secret/key.txt'))).mode & 0o200).toBe(0o200);
});

test('a hard link to a file outside is published as a copy, and the file stays as it is', async () => {
  await rig.write('mine.txt', 'mine');
  const folder = await output();
  execFileSync('ln', [join(rig.folder, 'mine.txt'), join(folder, 'mine.txt')]);
  await sealFolder(folder);
  const [mine, published] = [
    await lstat(join(rig.folder, 'mine.txt')),
    await lstat(join(folder, 'mine.txt')),
  ];
  expect([mine.nlink, mine.mode & 0o200]).toEqual([1, 0o200]);
  expect(published.mode & 0o222).toBe(0);
  expect(await readFile(join(folder, 'mine.txt'), 'utf8')).toBe('mine');
});

test('a link in place of an artifact is damage, even where it leads to the same bytes', async () => {
  const recipe: ToyRecipe = { w: { uses: 'write', with: { text: 'one' } } };
  const run = await rig.run(recipe);
  const store = await rig.store();
  const place = store.artifactFolder(run.summary.stages[0]?.record?.outputs.out?.digest ?? '');
  await rename(place, join(rig.folder, 'elsewhere'));
  await symlink(join(rig.folder, 'elsewhere'), place);
  expect((await verifyStore(store, { dryRun: true })).damaged).toMatchObject([{ kind: 'artifact' }]);
  const again = await rig.run(recipe);
  expect(again.outcomes).toEqual({ w: 'done' });
  expect((await lstat(place)).isDirectory()).toBe(true);
  expect(await readdir(join(rig.folder, 'elsewhere'))).toEqual(['text.txt']);
});

test.each(['tmp', 'processes', 'locks', 'scratch', 'artifacts', 'quarantine'])(
  'a link in place of %s in a store is refused, and what it leads to is left alone',
  async (part) => {
    await rig.run({ w: { uses: 'write', with: { text: 'one' } } });
    await (await rig.store()).close();
    await rig.write('precious/letter.txt', 'to keep');
    await rm(join(rig.storeFolder, part), { recursive: true });
    await symlink(join(rig.folder, 'precious'), join(rig.storeFolder, part));
    await expect(openStore(rig.storeFolder)).rejects.toMatchObject({ details: { code: 'store/part' } });
    expect(await readFile(join(rig.folder, 'precious/letter.txt'), 'utf8')).toBe('to keep');
    await rm(join(rig.storeFolder, part));
    await rig.openAgain();
    expect((await rig.run({ w: { uses: 'write', with: { text: 'two' } } })).outcomes).toEqual({ w: 'done' });
  },
);

test.each(['nowhere', '../version', '/dev/zero'])(
  'a lock that is a link to %s stops nobody',
  async (target) => {
    const recipe: ToyRecipe = { w: { uses: 'write', with: { text: 'one' } } };
    const run = await rig.run(recipe);
    const { key = '' } = run.summary.stages[0]?.record ?? {};
    await rm((await rig.store()).resultFile(key));
    await symlink(target, join(rig.storeFolder, 'locks', `${key}.lock`));
    const again = await rig.run(recipe);
    expect(again.outcomes).toEqual({ w: 'done' });
    expect(again.events.some(({ event }) => event === 'store-trouble')).toBe(true);
    expect(await readFile(join(rig.storeFolder, 'version'), 'utf8')).toBe('1\n');
  },
);

test('a store may be reached by a link', async () => {
  await mkdir(join(rig.folder, 'big-disk'));
  await symlink('big-disk', rig.storeFolder);
  const recipe: ToyRecipe = { w: { uses: 'write', with: { text: 'one' } } };
  expect((await rig.run(recipe)).outcomes).toEqual({ w: 'done' });
  expect((await rig.run(recipe)).outcomes).toEqual({ w: 'hit' });
  expect((await verifyStore(await rig.store())).damaged).toEqual([]);
});
