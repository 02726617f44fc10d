import { chmod, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectGarbage } from '../../src/engine/gc.js';
import { verifyStore } from '../../src/engine/verify.js';
import { Rig, type RigRun } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

const recipe: ToyRecipe = {
  a: { uses: 'write', with: { text: 'one' } },
  b: { uses: 'write', with: { text: 'two' }, files: ['a'] },
};

async function fileOf(run: RigRun, stage: string): Promise<string> {
  const digest = run.summary.stages.find(({ name }) => name === stage)?.record?.outputs.out?.digest ?? '';
  return join((await rig.store()).artifactFolder(digest), 'text.txt');
}

test('stored files are read-only', async () => {
  const run = await rig.run(recipe);
  const { stat } = await import('node:fs/promises');
  expect((await stat(await fileOf(run, 'a'))).mode & 0o222).toBe(0);
});

test.each(['a', 'b'])(
  'a flipped bit in the artifact of %s is noticed and made again, byte for byte',
  async (stage) => {
    const first = await rig.run(recipe);
    const before = await rig.contents('artifacts');
    await rig.run(recipe);
    await rig.flip(await fileOf(first, stage));
    expect((await rig.states(recipe))[stage]).toBe(
      'run: out: text.txt does not have the contents it was stored with',
    );
    const run = await rig.run(recipe);
    expect(run.outcomes).toEqual({ a: stage === 'a' ? 'done' : 'hit', b: stage === 'b' ? 'done' : 'hit' });
    expect(run.events.filter(({ event }) => event === 'artifact-damaged')).toMatchObject([
      { stage, port: 'out', detail: 'text.txt does not have the contents it was stored with' },
    ]);
    expect(await rig.contents('artifacts')).toEqual(before);
    expect((await readdir(join(rig.storeFolder, 'quarantine'))).length).toBe(1);
  },
);

test('a flipped bit is noticed right after the first run', async () => {
  const first = await rig.run(recipe);
  await rig.flip(await fileOf(first, 'b'));
  expect((await rig.run(recipe)).outcomes).toEqual({ a: 'hit', b: 'done' });
});

test('truncated, missing and added files are noticed', async () => {
  const first = await rig.run(recipe);
  const path = await fileOf(first, 'b');
  await chmod(path, 0o644);
  await truncate(path, 2);
  const details: string[] = [];
  const onEvent = (event: { event: string; detail?: string }) => {
    if (event.event === 'artifact-damaged') details.push(event.detail ?? '');
  };
  await rig.run(recipe, { onEvent });
  await rm(path);
  await rig.run(recipe, { onEvent });
  await writeFile(`${path}.bak`, 'x');
  await rig.run(recipe, { onEvent });
  await rig.run(recipe, { onEvent });
  expect(details).toEqual([
    'text.txt has 2 bytes instead of 7',
    'text.txt is missing',
    'text.txt.bak does not belong to it',
  ]);
});

test('damage that no stamp shows is noticed before a stage reads it', async () => {
  const first = await rig.run(recipe);
  await rig.run(recipe);
  const path = await fileOf(first, 'a');
  await rig.flip(path);
  await noteAsSound(path);
  const changed: ToyRecipe = { ...recipe, b: { uses: 'write', with: { text: 'zwei' }, files: ['a'] } };
  const run = await rig.run(changed);
  expect(run.outcomes).toEqual({ a: 'done', b: 'done' });
  expect(run.events.map(({ event }) => event)).toEqual([
    'run-started',
    'stage-hit',
    'artifact-damaged',
    'stage-started',
    'stage-done',
    'stage-started',
    'stage-done',
    'run-finished',
  ]);
  expect(await rig.text(run, 'b')).toBe('one+zwei');
});

test('damage that no stamp shows is found by verifying', async () => {
  const first = await rig.run(recipe);
  await rig.run(recipe);
  const path = await fileOf(first, 'b');
  await rig.flip(path);
  await noteAsSound(path);
  expect((await rig.run(recipe)).outcomes).toEqual({ a: 'hit', b: 'hit' });
  const store = await rig.store();
  const { outputs } = first.summary.stages[1]?.record ?? {};
  const report = await verifyStore(store);
  expect(report).toMatchObject({
    artifacts: 2,
    results: 2,
    damaged: [{ kind: 'artifact', id: outputs?.out?.digest }],
  });
  expect((await verifyStore(store)).damaged).toEqual([]);
  const run = await rig.run(recipe);
  expect(run.summary.stages[1]).toMatchObject({ outcome: 'done', reasons: [{ kind: 'damaged' }] });
});

test.each([
  ['cut off', (text: string) => text.slice(0, 20)],
  ['without its last line break', (text: string) => text.slice(0, -1)],
  ['empty', () => ''],
  ['of another kind', () => '[]'],
  ['changed', (text: string) => text.replace('"letters": 3', '"letters": 4')],
])('a result record that is %s is set aside with a word', async (_, change) => {
  await rig.run(recipe);
  const { readFile } = await import('node:fs/promises');
  for (const name of await rig.files('results')) {
    const path = join(rig.storeFolder, 'results', name);
    const text = await readFile(path, 'utf8');
    if (text.includes('"letters": 3')) await writeFile(path, change(text));
  }
  const run = await rig.run(recipe);
  expect(run.outcomes).toEqual({ a: 'done', b: 'hit' });
  expect(run.events.filter(({ event }) => event === 'artifact-damaged')).toMatchObject([
    { stage: 'a', port: 'record' },
  ]);
});

test('damaged notes, history and run records are no reason to fail', async () => {
  await rig.run(recipe);
  for (const folder of ['stamps', 'history', 'runs', 'provenance']) {
    for (const name of await rig.files(folder)) await writeFile(join(rig.storeFolder, folder, name), '{"a');
  }
  await rig.openAgain();
  expect((await rig.run(recipe)).outcomes).toEqual({ a: 'hit', b: 'hit' });
  const { listRuns } = await import('../../src/engine/run-record.js');
  expect(await listRuns(await rig.store())).toHaveLength(1);
});

test('an artifact that was removed by hand is made again', async () => {
  const first = await rig.run(recipe);
  await rm(join(await fileOf(first, 'a'), '..'), { recursive: true });
  const run = await rig.run(recipe);
  expect(run.outcomes).toEqual({ a: 'done', b: 'hit' });
  expect(run.summary.stages[0]?.reasons).toEqual([
    { kind: 'evicted', text: 'out: it is no longer in the store' },
  ]);
});

test('garbage collection empties the quarantine', async () => {
  const first = await rig.run(recipe);
  await rig.flip(await fileOf(first, 'b'));
  await rig.run(recipe);
  const report = await collectGarbage(await rig.openAgain());
  expect(report.removedDebris).toEqual([expect.stringMatching(/^quarantine\/artifact-/)]);
  expect(await rig.files('quarantine')).toEqual([]);
});

/** What a disk does that returns other bytes than were written: nothing in the stamp tells. */
async function noteAsSound(path: string): Promise<void> {
  const { fileStamp } = await import('../../src/engine/file-stamp.js');
  const { saveStamps } = await import('../../src/engine/stamps.js');
  const { stat } = await import('node:fs/promises');
  await utimes(path, 1, 1);
  const digest = path.split('/').at(-2) ?? '';
  await saveStamps(await rig.store(), digest, { 'text.txt': fileStamp(await stat(path, { bigint: true })) });
}
