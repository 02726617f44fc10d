import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';
import { Watched } from '../rig/watched.js';

let rig: Rig;
let watched: Watched | undefined;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(async () => {
  await watched?.end();
  watched = undefined;
  await rig.close();
});

async function save(recipe: ToyRecipe, comment = ''): Promise<void> {
  await rig.write('recipe.yaml', `${JSON.stringify(recipe)} # ${comment}`);
}

async function watch(recipe: ToyRecipe): Promise<Watched> {
  await save(recipe);
  watched = new Watched(rig, await rig.store());
  return watched;
}

const write = (text: string, files: readonly string[] = []) =>
  ({ uses: 'write', with: { text }, files }) as const;

test('a saved recipe is run again, and only what changed', async () => {
  const told = await watch({ a: write('one'), b: write('two', ['a']) });
  await told.until('idle');
  await save({ a: write('one'), b: write('zwei', ['a']) });
  await told.until('idle', 2);
  expect(told.told).toEqual([
    'plan run waiting',
    'run-started',
    'stage-started a',
    'stage-done a',
    'stage-started b',
    'stage-done b',
    'run-finished',
    'finished done',
    'idle',
    'plan hit run recipe.yaml',
    'run-started',
    'stage-hit a',
    'stage-started b',
    'stage-done b',
    'run-finished',
    'finished done',
    'idle',
  ]);
  const done = told.events.filter((event) => event.event === 'stage-done').at(-1);
  expect(done).toMatchObject({
    stage: 'b',
    previousMetrics: { letters: 7 },
    record: { metrics: { letters: 8 } },
  });
});

test('data files and folders are followed', async () => {
  await rig.write('data/file.txt', 'one');
  const told = await watch({ r: { uses: 'read', with: { path: 'data/file.txt' } } });
  await told.until('idle');
  await rig.write('data/file.txt', 'two');
  await told.until('idle', 2);
  expect(told.told).toContain('plan run file.txt');
});

test('a comment changes nothing and interrupts nothing', async () => {
  const recipe = { g: rig.gate('g') };
  const told = await watch(recipe);
  const gate = await rig.gates.begin('g');
  await save(recipe, 'a comment');
  await save({ ...recipe, h: write('new') }, 'so that there is something to wait for');
  await told.until('run-finished');
  gate.finish('');
  await told.until('finished done');
  expect(rig.gates.order).toEqual(['g']);
});

test('a superseded run is cancelled at once and its process is used again', async () => {
  // Stages that take all threads: the next one cannot begin before this one has ended. That it stops when it is told to is
  // what is tested, not how fast the machine lets it: a process that outlasts the grace is ended, and another one used.
  const gate = (text: string) => rig.gate('g', { threads: 2, stopSeconds: 3600, with: { text } });
  const told = await watch({ g: gate('old'), after: write('x', ['g']) });
  const old = await rig.gates.begin('g');
  await save({ g: gate('new'), after: write('x', ['g']) });
  const fresh = await rig.gates.begin('g');
  await old.closed;
  fresh.finish('');
  await told.until('idle');
  expect(fresh.greeting.pid).toBe(old.greeting.pid);
  expect(told.summaries.map(({ outcome }) => outcome)).toEqual(['done']);
  expect(told.told).toEqual([
    'plan run waiting',
    'run-started',
    'stage-started g',
    'stage-cancelled g',
    'stage-cancelled after',
    'run-finished',
    'plan run waiting recipe.yaml',
    'run-started',
    'stage-started g',
    'stage-done g',
    'stage-started after',
    'stage-done after',
    'run-finished',
    'finished done',
    'idle',
  ]);
});

test('a stage that the new recipe needs just as it is goes on', async () => {
  const told = await watch({ g: rig.gate('g'), after: write('old', ['g']) });
  const gate = await rig.gates.begin('g');
  await save({ g: rig.gate('g'), after: write('new', ['g']) });
  await told.until('stage-started g', 2);
  const started = told.events.filter(({ event }) => event === 'stage-started');
  expect(started[0]).not.toHaveProperty('ongoing');
  expect(started[1]).toMatchObject({ stage: 'g', resumed: false, ongoing: true });
  await gate.ask({ do: 'progress', done: 1 });
  await told.until('stage-progress g');
  gate.finish('made once');
  await told.until('idle');
  expect(rig.gates.order).toEqual(['g']);
  expect(told.summaries.map(({ outcome }) => outcome)).toEqual(['done']);
  expect(told.summaries[0]?.stages.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
});

test('a broken recipe leaves the run alone, and a mended one is taken up', async () => {
  const told = await watch({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  await rig.write('recipe.yaml', '{"g": ');
  await told.until('problems');
  gate.finish('');
  await told.until('finished done');
  await save({ g: rig.gate('g'), b: write('b') });
  await told.until('finished done', 2);
  expect(rig.gates.order).toEqual(['g']);
});

test('a recipe that is broken at the start is waited for', async () => {
  await rig.write('recipe.yaml', 'nonsense');
  watched = new Watched(rig, await rig.store());
  await watched.until('problems');
  await save({ b: write('b') });
  await watched.until('finished done');
});

test('a file that an editor replaces is followed further', async () => {
  const { rename } = await import('node:fs/promises');
  const told = await watch({ a: write('0') });
  await told.until('idle');
  for (const text of ['1', '2', '3']) {
    await rig.write('recipe.yaml.tmp', JSON.stringify({ a: write(text) }));
    await rename(`${rig.folder}/recipe.yaml.tmp`, `${rig.folder}/recipe.yaml`);
    await told.until('idle', Number(text) + 1);
  }
  expect(told.summaries).toHaveLength(4);
});

test('a watch that ends cancels what runs', async () => {
  const told = await watch({ g: rig.gate('g') });
  const gate = await rig.gates.begin('g');
  await told.end();
  await gate.closed;
  expect(await rig.files('results')).toEqual([]);
});
