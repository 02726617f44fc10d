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

const climb = (steps: number, more: object = { way: 'up' }): ToyRecipe => ({
  a: { uses: 'climb', with: { steps, ...more } },
});

/** Where the stage began. */
function begin({ events }: RigRun): string | undefined {
  const log = events.find((event) => event.event === 'stage-log');
  return log?.event === 'stage-log' ? log.message : undefined;
}

test('a stage goes on from the state that a shorter run of it left', async () => {
  expect(begin(await rig.run(climb(3)))).toBe('from 0');
  expect(await rig.states(climb(5))).toEqual({
    a: 'run: steps 3 -> 5; may go on from the state in which an earlier result ended',
  });
  const longer = await rig.run(climb(5));
  expect(begin(longer)).toBe('from 3');
  expect(await rig.text(longer, 'a')).toBe('at 5');
  expect(begin(await rig.run(climb(7)))).toBe('from 5');
  expect((await rig.run(climb(3))).outcomes).toEqual({ a: 'hit' });
});

test('it starts anew when anything else has changed, and when it is forced to run', async () => {
  await rig.run(climb(3));
  expect(begin(await rig.run({ a: { uses: 'climb', with: { steps: 5, way: 'up' }, version: 2 } }))).toBe(
    'from 0',
  );
  expect(begin(await rig.run(climb(5, { way: 'up', share: 2 })))).toBe('from 0');
  expect(begin(await rig.run(climb(4), { force: true }))).toBe('from 0');
});

test('the plan says why a stage does not go on', async () => {
  await rig.run(climb(3, { way: 'round' }));
  expect(await rig.states(climb(5, { way: 'round' }))).toEqual({
    a: 'run: steps 3 -> 5; starts anew: with way "round" the first steps go elsewhere',
  });
  await rig.run(climb(3, { way: 'up', share: 0.5 }));
  expect(await rig.states(climb(5, { way: 'up', share: 0.5 }))).toEqual({
    a: 'run: steps 3 -> 5; starts anew: with share 0.5 the first steps are others',
  });
});

test('a damaged state is set aside with a word about it, and the stage starts anew', async () => {
  await rig.run(climb(3));
  const path = (await rig.files('artifacts')).find((name) => name.endsWith('at.json')) ?? '';
  await rig.flip(join(rig.storeFolder, 'artifacts', path));
  const run = await rig.run(climb(5));
  expect(run.events.filter((event) => event.event === 'stage-log')).toMatchObject([
    { level: 'warning', message: expect.stringContaining('the stage starts anew') },
    { message: 'from 0' },
  ]);
  expect(run.outcomes).toEqual({ a: 'done' });
});

test('a state is collected like a result, and what it replaced as soon as garbage is', async () => {
  await rig.run(climb(3));
  await rig.run(climb(5));
  const states = async () => (await rig.files('artifacts')).filter((name) => name.endsWith('at.json')).length;
  expect(await states()).toBe(2);
  await (await rig.store()).close();
  await rig.openAgain();
  await collectGarbage(await rig.store(), { unreachable: true });
  expect(await states()).toBe(1);
  expect((await listResults(await rig.store())).length).toBe(2);
  expect(await rig.states(climb(6))).toEqual({
    a: 'run: steps 5 -> 6; may go on from the state in which an earlier result ended',
  });
  await collectGarbage(await rig.store(), { olderThanMs: 0, now: Date.now() + 1_000 });
  expect(await rig.files('artifacts')).toEqual([]);
});
