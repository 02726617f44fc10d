import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectGarbage } from '../../src/engine/gc.js';
import { listResults } from '../../src/engine/stored-results.js';
import { Rig, type RigRun } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
  await rig.write('recipe.yaml', '');
});

afterEach(() => rig.close());

const recipe = (own: string, more: object = {}): ToyRecipe => ({
  a: { uses: 'keep', with: { shared: 'kept', own, ...more } },
});

/** How often a stage made what it keeps. */
function made({ events }: RigRun): number {
  return events.filter((event) => event.event === 'stage-log' && event.message === 'makes it').length;
}

/** The file of the artifact that is kept. */
async function keptFile(): Promise<string> {
  const path = (await rig.files('artifacts')).find((name) => name.endsWith('kept.txt'));
  return join(rig.storeFolder, 'artifacts', path ?? '');
}

test('what a stage keeps on the way is made once for all of its settings', async () => {
  const first = await rig.run(recipe('1 '));
  const second = await rig.run(recipe('2 '));
  expect([made(first), made(second)]).toEqual([1, 0]);
  expect(await rig.text(second, 'a')).toBe('2 kept');
  expect(made(await rig.run({ a: { uses: 'keep', with: { shared: 'other' } } }))).toBe(1);
});

test('of stages that ask at once one makes it', async () => {
  const run = await rig.run({
    a: { uses: 'keep', with: { shared: 'kept', own: '1 ', pause: 50 } },
    b: { uses: 'keep', with: { shared: 'kept', own: '2 ', pause: 50 } },
  });
  expect(run.outcomes).toEqual({ a: 'done', b: 'done' });
  expect(made(run)).toBe(1);
  expect(await rig.text(run, 'b')).toBe('2 kept');
});

test('a stage that fails while it makes it leaves nothing, and the next one makes it', async () => {
  const failed = await rig.run(recipe('1 ', { fail: true }));
  expect(failed.outcomes).toEqual({ a: 'failed' });
  for (const folder of ['artifacts', 'tmp', 'locks']) expect(await rig.files(folder)).toEqual([]);
  expect(made(await rig.run(recipe('1 ')))).toBe(1);
});

test('what is damaged is noticed, set aside and made again, with a word about it', async () => {
  await rig.run(recipe('1 '));
  await rig.flip(await keptFile());
  await (await rig.store()).close();
  await rig.openAgain();
  const second = await rig.run(recipe('2 '));
  expect(made(second)).toBe(1);
  expect(await readFile(await keptFile(), 'utf8')).toBe('kept');
  expect(second.summary.stages[0]?.record?.warnings).toEqual([
    'text: kept.txt does not have the contents it was stored with; it is made again',
  ]);
});

test('it is collected by age like a result, and stays while a result that used it is reached', async () => {
  const run = await rig.run(recipe('1 '));
  const kept = run.summary.stages[0]?.record?.kept ?? [];
  expect(kept.length).toBe(1);
  await (await rig.store()).close();
  await rig.openAgain();
  const keys = async () => (await listResults(await rig.store())).map(({ key }) => key);
  await collectGarbage(await rig.store(), { unreachable: true });
  expect(await keys()).toEqual(expect.arrayContaining([...kept]));
  await collectGarbage(await rig.store(), { olderThanMs: 0, now: Date.now() + 1_000 });
  expect(await keys()).toEqual([]);
  expect(await rig.files('artifacts')).toEqual([]);
});
