import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from '../rig/rig.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

test('independent stages run side by side, as many as there are threads', async () => {
  const running = rig.run({ a: rig.gate('a'), b: rig.gate('b'), c: rig.gate('c') }, { threads: 2 });
  const [a, b] = await Promise.all([rig.gates.begin('a'), rig.gates.begin('b')]);
  expect(rig.gates.hasBegun('c')).toBe(false);
  expect(a.greeting.pid).not.toBe(b.greeting.pid);
  b.finish('b');
  const c = await rig.gates.begin('c');
  expect(c.greeting.pid).toBe(b.greeting.pid);
  c.finish('c');
  a.finish('a');
  expect((await running).summary.outcome).toBe('done');
});

test('stages start in the order of the recipe, whatever its graph', async () => {
  const running = rig.run(
    {
      a: rig.gate('a'),
      b: rig.gate('b'),
      c: rig.gate('c', { files: ['a'] }),
      d: rig.gate('d', { files: ['b'] }),
      e: rig.gate('e'),
    },
    { threads: 1 },
  );
  for (const name of ['a', 'b', 'c', 'd', 'e']) (await rig.gates.begin(name)).finish(name);
  const { events } = await running;
  const started = events.filter((event) => event.event === 'stage-started').map(({ stage }) => stage);
  expect(started).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a stage that takes all threads runs alone, and what fits runs before it', async () => {
  const running = rig.run(
    {
      small: rig.gate('small'),
      big: rig.gate('big', { threads: 'all' }),
      tiny: rig.gate('tiny'),
    },
    { threads: 2 },
  );
  const [small, tiny] = await Promise.all([rig.gates.begin('small'), rig.gates.begin('tiny')]);
  expect(rig.gates.hasBegun('big')).toBe(false);
  small.finish('');
  tiny.finish('');
  (await rig.gates.begin('big')).finish('');
  expect((await running).summary.outcome).toBe('done');
});

test('a stage that asks for more threads than there are runs with what there is', async () => {
  const running = rig.run({ big: rig.gate('big', { threads: 64 }) }, { threads: 1 });
  (await rig.gates.begin('big')).finish('');
  expect((await running).summary.outcome).toBe('done');
});

test('processes are kept warm from stage to stage and from run to run', async () => {
  const pids: number[] = [];
  for (const text of ['one', 'two']) {
    const running = rig.run({ g: rig.gate('g', { with: { text } }), h: rig.gate('h', { files: ['g'] }) });
    for (const name of ['g', 'h']) {
      const gate = await rig.gates.begin(name);
      pids.push(gate.greeting.pid);
      gate.finish(`${name} ${text}`);
    }
    await running;
  }
  expect(new Set(pids).size).toBe(1);
});

test('a process in which a stage crashed or threw is not used again', async () => {
  const pids: number[] = [];
  for (const how of ['bug', 'user', 'none'] as const) {
    const running = rig.run({ g: rig.gate('g', { with: { text: how } }) });
    const gate = await rig.gates.begin('g');
    pids.push(gate.greeting.pid);
    if (how === 'none') gate.finish('');
    else gate.tell({ do: 'fail', how });
    await running;
  }
  const [bug, user, none] = pids;
  expect(user).not.toBe(bug);
  expect(none).toBe(user);
});

test('progress comes from the stage as it goes', async () => {
  const running = rig.run({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'progress', done: 5 });
  gate.finish('');
  const { events } = await running;
  expect(events.filter(({ event }) => event === 'stage-progress')).toMatchObject([
    { stage: 'g', progress: { done: 5, total: 5, unit: 'steps' } },
  ]);
});
