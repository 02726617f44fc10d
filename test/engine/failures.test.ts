import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig, untilGone } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';
import type { GateCommand } from '../rig/toy-stages.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

async function failWith(command: GateCommand) {
  const running = rig.run({ g: rig.gate('g') });
  (await rig.gates.begin('g')).tell(command);
  const run = await running;
  return run.summary.stages[0]?.failure;
}

test('a failed stage stops only what depends on it; the rest goes on and stays cached', async () => {
  const recipe: ToyRecipe = {
    bad: rig.gate('bad'),
    after: { uses: 'write', with: { text: 'x' }, files: ['bad'] },
    last: { uses: 'write', with: { text: 'x' }, files: ['after'] },
    good: { uses: 'write', with: { text: 'good' } },
    better: { uses: 'write', with: { text: 'better' }, files: ['good'] },
  };
  const running = rig.run(recipe);
  (await rig.gates.begin('bad')).tell({ do: 'fail', how: 'user' });
  const run = await running;
  expect(run.outcomes).toEqual({
    bad: 'failed',
    after: 'skipped',
    last: 'skipped',
    good: 'done',
    better: 'done',
  });
  expect(run.events.filter(({ event }) => event === 'stage-skipped')).toMatchObject([
    { stage: 'after', because: 'bad' },
    { stage: 'last', because: 'after' },
  ]);
  expect(run.summary.outcome).toBe('failed');
  const again = rig.run(recipe);
  (await rig.gates.begin('bad')).finish('mended');
  expect((await again).outcomes).toEqual({
    bad: 'done',
    after: 'done',
    last: 'done',
    good: 'hit',
    better: 'hit',
  });
});

test('a mistake of the user is told without a stack', async () => {
  expect(await failWith({ do: 'fail', how: 'user' })).toEqual({
    kind: 'user',
    message: 'as the test said',
    help: 'write another test',
    line: 7,
  });
});

test("a mistake of the user without a place in a file has the stage's place in the recipe", async () => {
  expect(await failWith({ do: 'fail', how: 'user-nowhere' })).toMatchObject({
    message: 'as the test said',
    file: expect.stringMatching(/recipe\.yaml$/),
    line: 3,
    column: 3,
  });
});

test('an exception is a bug, with its stack', async () => {
  const failure = await failWith({ do: 'fail', how: 'bug' });
  expect(failure).toMatchObject({ kind: 'bug', message: 'as the test said' });
  expect(failure?.stack).toContain('toy-stages');
});

test('an exception outside the stage function is a bug, too', async () => {
  expect(await failWith({ do: 'fail', how: 'uncaught' })).toMatchObject({
    kind: 'bug',
    message: 'out of the blue',
  });
});

test('a full disk is told as such, and not as a mistake in the recipe', async () => {
  expect(await failWith({ do: 'fail', how: 'ENOSPC' })).toEqual({
    kind: 'user',
    code: 'disk/enospc',
    message: 'The disk is full while running stage g',
    found: '/there',
    help: 'Free some space, or remove old results: roux cache gc',
  });
});

test('a stage that fails without a checkpoint leaves nothing in the store', async () => {
  await failWith({ do: 'fail', how: 'user' });
  expect(await rig.debris()).toEqual([]);
});

test('a file beyond the limit of the process is told as such', async () => {
  expect(await failWith({ do: 'fail', how: 'EFBIG' })).toMatchObject({
    kind: 'user',
    code: 'disk/efbig',
    message: 'A file is larger than the system allows while running stage g',
    help: expect.stringContaining('ulimit -f'),
  });
});

test('a crash in native code is a failure of the stage, and the engine goes on', async () => {
  const running = rig.run({ g: rig.gate('g'), w: { uses: 'write', with: { text: 'fine' } } }, { threads: 1 });
  (await rig.gates.begin('g')).tell({ do: 'die', signal: 'SIGSEGV' });
  const run = await running;
  expect(run.outcomes).toEqual({ g: 'failed', w: 'done' });
  expect(run.summary.stages[0]?.failure).toMatchObject({
    kind: 'crash',
    message: 'The process of the stage was ended by SIGSEGV',
  });
});

test('a process that ends by itself is a crash with its exit code and what it printed', async () => {
  const running = rig.run({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'print', message: 'last words' });
  gate.tell({ do: 'exit', code: 3 });
  const { summary } = await running;
  expect(summary.stages[0]?.failure).toMatchObject({
    kind: 'crash',
    message: 'The process of the stage ended with code 3',
    stack: 'last words',
  });
});

test('what a crashed stage had started ends with it', async () => {
  const running = rig.run({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  const answer = await gate.ask({ do: 'start-process' });
  gate.tell({ do: 'die', signal: 'SIGKILL' });
  await running;
  await untilGone(Object(answer).pid);
});

test('a missing file fails its stage before anything starts', async () => {
  const run = await rig.run({ r: { uses: 'read', with: { path: 'nowhere.txt' } } });
  expect(run.summary.stages[0]?.failure).toMatchObject({
    kind: 'user',
    code: 'file/missing',
    message: 'There is no file or folder nowhere.txt',
  });
  expect(rig.pool.pids).toEqual([]);
});

test('an expectation that does not hold fails the stage and skips what follows, and the result stays', async () => {
  const recipe = (value: number): ToyRecipe => ({
    a: {
      uses: 'write',
      with: { text: 'one', metric: 0.5 },
      expect: [
        { metric: 'metric', operator: '>=', value },
        { metric: 'letters', operator: '==', value: 3 },
      ],
    },
    b: { uses: 'write', with: { text: 'two' }, files: ['a'] },
  });
  const run = await rig.run(recipe(0.9));
  expect(run.outcomes).toEqual({ a: 'failed', b: 'skipped' });
  expect(run.summary.stages[0]?.failure).toMatchObject({
    kind: 'expect',
    found: 'metric 0.5',
    expected: 'metric >= 0.9',
    line: 3,
  });
  expect(run.summary.stages[0]?.record?.metrics).toEqual({ letters: 3, metric: 0.5 });
  const again = await rig.run(recipe(0.9));
  expect(again.outcomes).toEqual({ a: 'failed', b: 'skipped' });
  expect(again.events.some(({ event }) => event === 'stage-started')).toBe(false);
  expect((await rig.run(recipe(0.4))).outcomes).toEqual({ a: 'hit', b: 'done' });
});

test('an expectation of a metric that there is not says which there are', async () => {
  const run = await rig.run({
    a: { uses: 'write', with: { text: 'x' }, expect: [{ metric: 'f1', operator: '>', value: 0 }] },
  });
  expect(run.summary.stages[0]?.failure).toMatchObject({
    found: 'f1 is not among the metrics',
    help: 'The metrics of a: letters',
  });
});

test('a metric that is no number is left out with a warning', async () => {
  const running = rig.run({ g: rig.gate('g') });
  (await rig.gates.begin('g')).tell({
    do: 'finish',
    text: '',
    metrics: JSON.parse('{"loss":null,"f1":0.5}'),
  });
  const { summary } = await running;
  expect(summary.stages[0]?.record).toMatchObject({
    metrics: { f1: 0.5 },
    warnings: ['metric loss is null and is left out'],
  });
});

test('a data file that changes while the stage reads it is not stored under the old key', async () => {
  await rig.write('data.txt', 'before');
  const recipe: ToyRecipe = { g: rig.gate('g', { with: { path: 'data.txt' } }) };
  const running = rig.run(recipe);
  const gate = await rig.gates.begin('g');
  await rig.write('data.txt', 'after');
  gate.finish('perhaps before, perhaps after');
  const { summary } = await running;
  expect(summary.stages[0]?.failure).toMatchObject({ kind: 'user', code: 'file/changed-meanwhile' });
  expect(await rig.files('results')).toEqual([]);
});

test('what a stage prints and logs is in the record of the run', async () => {
  const running = rig.run({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  await gate.ask({ do: 'print', message: 'printed' });
  await gate.ask({ do: 'log', message: 'logged' });
  gate.finish('text');
  const run = await running;
  const { readRun, readRunEvents } = await import('../../src/engine/run-record.js');
  const store = await rig.store();
  const record = await readRun(store, 'latest');
  expect(record).toMatchObject({ outcome: 'done', stages: [{ name: 'g', type: 'gate', outcome: 'done' }] });
  expect(await readFile(record?.stages[0]?.log ?? '', 'utf8')).toBe('printed\n');
  expect(await readRunEvents(store, run.summary.run)).toEqual(run.events);
  expect(run.summary.stages[0]?.record?.logTail).toEqual(['logged']);
});
