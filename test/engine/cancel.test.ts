import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limitScratch } from '../../src/engine/sweep.js';
import { createWorkerPool } from '../../src/engine/worker-pool.js';
import { Rig, untilGone } from '../rig/rig.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

test('a cancelled run ends its stages at the next batch and starts nothing more', async () => {
  const abort = new AbortController();
  const running = rig.run(
    {
      done: rig.gate('done'),
      g: rig.gate('g', { files: ['done'] }),
      after: rig.gate('after', { files: ['g'] }),
    },
    { signal: abort.signal },
  );
  (await rig.gates.begin('done')).finish('done');
  const gate = await rig.gates.begin('g');
  abort.abort();
  const run = await running;
  expect(run.outcomes).toEqual({ done: 'done', g: 'cancelled', after: 'cancelled' });
  expect(run.summary.outcome).toBe('cancelled');
  expect(await rig.files('results')).toHaveLength(1);
  expect(rig.pool.pids).toEqual([gate.greeting.pid]);
});

test('a run that is cancelled before it begins does nothing', async () => {
  const run = await rig.run({ g: rig.gate('g') }, { signal: AbortSignal.abort() });
  expect(run.outcomes).toEqual({ g: 'cancelled' });
  expect(rig.gates.order).toEqual([]);
});

test('a stage that never lets the event loop turn sees the cancellation when it asks', async () => {
  // No TERM within the test's time: the stage ends by itself.
  const pool = createWorkerPool({ module: rig.workerModule, graceMs: 1_000_000 });
  const abort = new AbortController();
  const running = rig.run({ g: rig.gate('g') }, { signal: abort.signal, pool });
  const gate = await rig.gates.begin('g');
  gate.tell({ do: 'block-until-cancelled' });
  abort.abort();
  expect((await running).outcomes).toEqual({ g: 'cancelled' });
  expect(pool.pids).toEqual([gate.greeting.pid]);
  await pool.close();
});

test('a stage that ignores the cancellation is ended after a grace, with all it started', async () => {
  const pool = createWorkerPool({ module: rig.workerModule, graceMs: 1 });
  const abort = new AbortController();
  const running = rig.run({ g: rig.gate('g') }, { signal: abort.signal, pool });
  const gate = await rig.gates.begin('g');
  const answer = await gate.ask({ do: 'start-process' });
  await gate.ask({ do: 'ignore-cancel' });
  abort.abort();
  expect((await running).outcomes).toEqual({ g: 'cancelled' });
  await untilGone(gate.greeting.pid);
  await untilGone(Object(answer).pid);
  expect(pool.pids).toEqual([]);
});

test('a stage that blocks for good in native code is ended after a grace', async () => {
  const pool = createWorkerPool({ module: rig.workerModule, graceMs: 1 });
  const abort = new AbortController();
  const running = rig.run({ g: rig.gate('g') }, { signal: abort.signal, pool });
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'block-for-good' });
  abort.abort();
  expect((await running).outcomes).toEqual({ g: 'cancelled' });
  await untilGone(gate.greeting.pid);
});

test('a cancelled stage goes on from its checkpoint', async () => {
  const abort = new AbortController();
  const recipe = { g: rig.gate('g') };
  const running = rig.run(recipe, { signal: abort.signal });
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'checkpoint', text: 'half way' });
  abort.abort();
  await running;
  const again = rig.run(recipe);
  const resumed = await rig.gates.begin('g');
  expect(resumed.greeting.checkpoint).toBe('half way');
  resumed.finish('all');
  const { events } = await again;
  expect(events.find(({ event }) => event === 'stage-started')).toMatchObject({ resumed: true });
  expect(await rig.files('scratch')).toEqual([]);
});

test('checkpoints of stages that were broken off are kept up to a limit, the newest in any case', async () => {
  const store = await rig.store();
  for (const [age, key] of ['c', 'b', 'a'].entries()) {
    const folder = store.scratchFolder(key.repeat(64));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'checkpoint'), 'x'.repeat(100));
    await utimes(folder, 1_000 - age, 1_000 - age);
  }
  const left = async () => (await readdir(store.path('scratch'))).map((key) => key.charAt(0)).sort();
  await limitScratch(store, 300);
  expect(await left()).toEqual(['a', 'b', 'c']);
  await limitScratch(store, 250);
  expect(await left()).toEqual(['b', 'c']);
  await limitScratch(store, 10);
  expect(await left()).toEqual(['c']);
  expect(await rig.files('locks')).toEqual([]);
});

test('a forced stage does not go on from a checkpoint', async () => {
  const recipe = { g: rig.gate('g') };
  const running = rig.run(recipe);
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'checkpoint', text: 'bad' });
  gate.tell({ do: 'fail', how: 'user' });
  await running;
  const again = rig.run(recipe, { force: true });
  const fresh = await rig.gates.begin('g');
  expect(fresh.greeting.checkpoint).toBeUndefined();
  fresh.finish('');
  await again;
});
