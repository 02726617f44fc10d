import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLocked, tryLock } from '../../src/engine/locks.js';
import { Rig, untilGone } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

test('a key that another process computes is awaited, and its result used', async () => {
  const recipe = { g: rig.gate('g') };
  const other = rig.spawn(recipe);
  const gate = await rig.gates.begin('g');
  let waiting: (event: { readonly pid: number }) => void = () => undefined;
  const waits = new Promise<{ readonly pid: number }>((resolve) => {
    waiting = resolve;
  });
  const running = rig.run(recipe, {
    onEvent: (event) => {
      if (event.event === 'stage-waiting-for-process') waiting(event);
    },
  });
  expect((await waits).pid).toBe(other.child.pid);
  gate.finish('by the other');
  const run = await running;
  expect(run.outcomes).toEqual({ g: 'hit' });
  expect(await rig.text(run, 'g')).toBe('by the other');
  expect(await other.ended).toBe(0);
  expect(rig.gates.order).toEqual(['g']);
});

test('when the process that computes a key is killed, who waits for it takes over', async () => {
  const recipe = { g: rig.gate('g') };
  const other = rig.spawn(recipe);
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'checkpoint', text: 'half way' });
  const running = rig.run(recipe);
  other.child.kill('SIGKILL');
  const second = await rig.gates.begin('g');
  expect(second.greeting.checkpoint).toBe('half way');
  second.finish('by me');
  const run = await running;
  expect(run.outcomes).toEqual({ g: 'done' });
  await untilGone(gate.greeting.pid);
});

test('four processes run one recipe at the same time and compute every stage once', async () => {
  const recipe: ToyRecipe = {
    a: { uses: 'count', with: { steps: 20 } },
    b: { uses: 'count', with: { steps: 21 } },
    c: { uses: 'write', with: { text: 'c' }, files: ['a', 'b'] },
  };
  const all = [1, 2, 3, 4].map(() => rig.spawn(recipe));
  expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  for (const stage of ['a', 'b', 'c']) {
    expect(all.filter(({ outcomes }) => outcomes[stage] === 'done')).toHaveLength(1);
  }
  expect(await rig.debris()).toEqual([]);
});

test('a stage ends with its engine, however that died, also while it is busy in native code', async () => {
  const run = rig.spawn({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  const answer = await gate.ask({ do: 'start-process' });
  await gate.ask({ do: 'block-for-good' });
  run.child.kill('SIGKILL');
  await untilGone(gate.greeting.pid);
  await untilGone(Object(answer).pid);
});

test('Ctrl-C on the engine ends everything and leaves nothing behind', async () => {
  const run = rig.spawn({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(1);
  expect(run.outcomes).toEqual({ g: 'cancelled' });
  await untilGone(gate.greeting.pid);
  expect((await rig.debris()).filter((path) => !path.startsWith('scratch/'))).toEqual([]);
});

test('what a killed process leaves is cleared when the store is opened next', async () => {
  const run = rig.spawn({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  run.child.kill('SIGKILL');
  await run.ended;
  await untilGone(gate.greeting.pid);
  await rig.openAgain();
  expect((await rig.debris()).filter((path) => !path.startsWith('scratch/'))).toEqual([]);
});

test('one of many takes a dead process’s lock over', async () => {
  const store = await rig.store();
  await mkdir(join(rig.storeFolder, 'locks'), { recursive: true });
  const dead = {
    ...store.presence.identity,
    pid: 999_999_999,
    startTime: '1',
    token: 'dead',
    lock: 'dead-1',
  };
  for (let round = 0; round < 20; round += 1) {
    const key = `key${round}`;
    await writeFile(join(rig.storeFolder, 'locks', `${key}.lock`), JSON.stringify(dead));
    // In some rounds a first claimer died on the way.
    if (round % 2 === 1) {
      const claimer = JSON.stringify({ ...dead, lock: 'dead-2' });
      await writeFile(join(rig.storeFolder, 'locks', `${key}.lock.dead-dead-1`), claimer);
    }
    const answers = await Promise.all(Array.from({ length: 8 }, () => tryLock(store, key)));
    const locked = answers.filter(({ state }) => state === 'locked');
    expect(locked).toHaveLength(1);
    for (const answer of answers) if (answer.state === 'locked') await answer.lock.release();
  }
  await rig.openAgain();
  expect(await readdir(join(rig.storeFolder, 'locks'))).toEqual([]);
});

test('a lock is free again when it was released, and only its owner releases it', async () => {
  const store = await rig.store();
  const first = await tryLock(store, 'key');
  expect(first.state).toBe('locked');
  expect(await tryLock(store, 'key')).toEqual({ state: 'busy', pid: process.pid, ours: true });
  expect(await isLocked(store, 'key')).toBe(true);
  if (first.state === 'locked') await first.lock.release();
  const second = await tryLock(store, 'key');
  if (first.state === 'locked') await first.lock.release();
  expect(await isLocked(store, 'key')).toBe(true);
  if (second.state === 'locked') await second.lock.release();
});

test('a lock file that cannot be read counts for a while, then as left behind', async () => {
  const store = await rig.store();
  const path = join(rig.storeFolder, 'locks', 'key.lock');
  await writeFile(path, '{"pid"');
  expect((await tryLock(store, 'key')).state).toBe('busy');
  const { utimes } = await import('node:fs/promises');
  await utimes(path, 1, 1);
  const answer = await tryLock(store, 'key');
  expect(answer.state).toBe('locked');
  if (answer.state === 'locked') await answer.lock.release();
});
