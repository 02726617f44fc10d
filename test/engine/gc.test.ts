import { mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectGarbage } from '../../src/engine/gc.js';
import { listRuns } from '../../src/engine/run-record.js';
import { openStore } from '../../src/engine/store.js';
import { listResults } from '../../src/engine/stored-results.js';
import { removeTag, tagRun } from '../../src/engine/tags.js';
import { Rig, untilGone } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
  await rig.write('recipe.yaml', '');
});

afterEach(() => rig.close());

const recipe = (text: string): ToyRecipe => ({
  a: { uses: 'write', with: { text } },
  b: { uses: 'write', with: { text: 'b' }, files: ['a'] },
});

/** Runs, and leaves: what is pinned by a process that lives is never removed. */
async function runAndLeave(text: string) {
  const run = await rig.run(recipe(text));
  await (await rig.store()).close();
  await rig.openAgain();
  return run;
}

async function setLastUse(key: string | undefined, time: number): Promise<void> {
  await utimes((await rig.store()).resultFile(key ?? ''), time / 1000, time / 1000);
}

test('results are listed with their users, the last used first', async () => {
  const run = await runAndLeave('one');
  const keys = run.summary.stages.map(({ record }) => record?.key);
  await setLastUse(keys[0], 2_000_000);
  await setLastUse(keys[1], 1_000_000);
  const results = await listResults(await rig.store());
  expect(results).toMatchObject([
    { key: keys[0], lastUsed: 2_000_000, bytes: 3, complete: true, usedBy: [{ stage: 'a' }] },
    { key: keys[1], lastUsed: 1_000_000, usedBy: [{ stage: 'b', recipe: join(rig.folder, 'recipe.yaml') }] },
  ]);
});

test('without conditions no result is removed', async () => {
  await runAndLeave('one');
  expect(await collectGarbage(await rig.store(), {})).toMatchObject({
    removedResults: [],
    removedArtifacts: [],
    keptResults: 2,
    keptBytes: 8,
  });
  expect((await rig.run(recipe('one'))).summary.counts.hit).toBe(2);
});

test('by age: what was not used for so long is removed, with its artifacts and old runs', async () => {
  const run = await runAndLeave('one');
  const [a, b] = run.summary.stages.map(({ record }) => record);
  await setLastUse(b?.key, 1_000_000);
  const report = await collectGarbage(await rig.store(), { olderThanMs: 60_000 });
  expect(report.removedResults.map(({ key }) => key)).toEqual([b?.key]);
  expect(report.removedArtifacts).toEqual([b?.outputs.out?.digest]);
  expect(await rig.files('results')).toHaveLength(1);
  expect((await rig.files('artifacts'))[0]).toContain(a?.outputs.out?.digest);
  expect(await rig.states(recipe('one'))).toEqual({
    a: 'hit',
    b: 'run: its result is no longer in the store',
  });
  const later = { olderThanMs: 1, now: Date.now() + 60_000 };
  expect((await collectGarbage(await rig.store(), later)).removedRuns).toEqual([run.summary.run]);
  expect(await listRuns(await rig.store())).toEqual([]);
});

test('a dry run only tells', async () => {
  await runAndLeave('one');
  const before = await rig.contents('.');
  const report = await collectGarbage(await rig.store(), { maxBytes: 0, dryRun: true });
  expect(report).toMatchObject({ dryRun: true, keptResults: 0 });
  expect(report.removedResults).toHaveLength(2);
  expect(report.freedBytes).toBeGreaterThan(8);
  expect(Object.keys(await rig.contents('artifacts'))).toHaveLength(2);
  expect(Object.keys(before).filter((path) => path.startsWith('artifacts'))).toHaveLength(2);
});

test('by size: the longest unused go first, until the rest fits', async () => {
  const [one, two] = [await runAndLeave('one'), await runAndLeave('two2')];
  for (const { record } of one.summary.stages) await setLastUse(record?.key, 1_000_000);
  const report = await collectGarbage(await rig.store(), { maxBytes: 10 });
  expect(report.keptBytes).toBe(10);
  expect((await rig.run(recipe('two2'))).summary.counts.hit).toBe(2);
  expect(two.summary.outcome).toBe('done');
});

test('by reachability: what no stage of a recipe that still exists gave last', async () => {
  await runAndLeave('one');
  await runAndLeave('two');
  const store = await rig.store();
  expect((await collectGarbage(store, { unreachable: true })).removedResults).toHaveLength(2);
  expect((await rig.run(recipe('two'))).summary.counts.hit).toBe(2);
  await (await rig.store()).close();
  await rig.openAgain();
  await rm(join(rig.folder, 'recipe.yaml'));
  expect((await collectGarbage(await rig.store(), { unreachable: true })).keptResults).toBe(0);
});

test('what the stages of a tagged run came to stays, and its record, until the tag is taken away', async () => {
  const { summary } = await runAndLeave('one');
  await runAndLeave('two');
  const store = await rig.store();
  await tagRun(store, summary.run, 'best');
  const wishes = { maxBytes: 0, olderThanMs: 1, now: Date.now() + 60_000, unreachable: true };
  const report = await collectGarbage(store, wishes);
  expect(report.keptResults).toBe(2);
  expect(report.removedResults).toHaveLength(2);
  expect(report.removedRuns).not.toContain(summary.run);
  expect((await listRuns(store)).map(({ id }) => id)).toEqual([summary.run]);
  await removeTag(store, 'best');
  expect(await collectGarbage(store, wishes)).toMatchObject({ keptResults: 0, removedRuns: [summary.run] });
});

test('what a running process uses is never removed', async () => {
  const graph: ToyRecipe = { ...recipe('one'), g: rig.gate('g', { files: ['a'] }) };
  await runAndLeave('one');
  const run = rig.spawn(graph);
  const gate = await rig.gates.begin('g');
  const store = await rig.store();
  const report = await collectGarbage(store, { maxBytes: 0, olderThanMs: 0, unreachable: true });
  expect(report.removedArtifacts).toEqual([]);
  gate.finish('done');
  expect(await run.ended).toBe(0);
  const after = await collectGarbage(store, { maxBytes: 0 });
  expect(after).toMatchObject({ keptResults: 0 });
  expect(await rig.files('artifacts')).toEqual([]);
});

test('checkpoints nobody came back to go by age', async () => {
  const run = rig.spawn({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'checkpoint', text: 'half' });
  run.child.kill('SIGKILL');
  await run.ended;
  await untilGone(gate.greeting.pid);
  const store = await openStore(rig.storeFolder);
  expect((await collectGarbage(store)).removedDebris).toEqual([]);
  const now = Date.now() + 60_000;
  expect((await collectGarbage(store, { olderThanMs: 1_000, now })).removedDebris).toEqual([
    expect.stringMatching(/^scratch\//),
  ]);
  await store.close();
});

test('compiled functions go when they were not used for so long, but nothing that a link leads to', async () => {
  await runAndLeave('one');
  const store = await rig.store();
  const folder = store.path('functions');
  await mkdir(folder);
  for (const [name, time] of [
    ['old.function', 1_000],
    ['new.function', 5_000],
  ] as const) {
    await writeFile(join(folder, name), 'x');
    await utimes(join(folder, name), time, time);
  }
  const options = { olderThanMs: 2_000_000, now: 5_500_000 };
  await collectGarbage(store, {});
  expect(await readdir(folder)).toHaveLength(2);
  await collectGarbage(store, options);
  expect(await readdir(folder)).toEqual(['new.function']);
  const elsewhere = join(rig.folder, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'mine'), 'x');
  await utimes(join(elsewhere, 'mine'), 1_000, 1_000);
  await rm(folder, { recursive: true });
  await symlink(elsewhere, folder);
  await collectGarbage(store, options);
  expect(await readdir(elsewhere)).toEqual(['mine']);
});

test('what killed processes left half written beside the store’s own goes when nobody can be writing it', async () => {
  const half = '0a1b2c3d-0000-4000-8000-0123456789ab.tmp';
  const left = ['.gitignore', 'recipes/roux.yaml', 'plugins/b', 'plugins/b/c'].map((at) => `${at}.${half}`);
  await runAndLeave('one');
  for (const path of [...left, 'plugins/b/notes.tmp']) await rig.write(`.roux/${path}`, '');
  const store = await rig.store();
  expect((await collectGarbage(store)).removedDebris).toEqual([]);
  const { removedDebris, removedRecipes } = await collectGarbage(store, { now: Date.now() + 120_000 });
  expect([...removedDebris, ...removedRecipes.map((name) => `recipes/${name}`)].sort()).toEqual(left.sort());
  expect(await rig.files('plugins')).toEqual(['b/notes.tmp']);
});

test('a run that has not written how it began is not taken for an old one', async () => {
  await mkdir(join(rig.storeFolder, 'runs/20260101-000000'), { recursive: true });
  const store = await rig.store();
  const now = Date.now() + 1_000;
  expect((await collectGarbage(store, { olderThanMs: 0, now })).removedRuns).toEqual([]);
  expect((await collectGarbage(store, { olderThanMs: 0, now: now + 120_000 })).removedRuns).toHaveLength(1);
});
