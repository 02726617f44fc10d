/**
 * Fault injection: processes are killed at random moments and files are spoilt, and the next run has to end with the
 * bytes of an undisturbed one, with nothing left over. `npm run test:faults` does many rounds.
 */
import { chmod, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { verifyStore } from '../../src/engine/verify.js';
import { childrenOf, isAlive, Rig, type SpawnedRun, untilGone } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

const rounds = Number(process.env.ROUX_FAULT_ROUNDS ?? 2);

/** A run takes about this long once its first stage has started, in milliseconds; kills fall into this time. */
const runTimeMs = 700;

const recipe: ToyRecipe = {
  first: { uses: 'write', with: { text: 'first', size: 50_000 } },
  second: { uses: 'count', with: { steps: 40, pause: 3 } },
  third: { uses: 'relink', files: ['first'] },
  fourth: { uses: 'count', with: { steps: 30, pause: 3 }, files: ['second', 'third'] },
  fifth: { uses: 'splits', with: { train: 'a', test: 'b' } },
  sixth: { uses: 'write', with: { text: 'last' }, files: ['fourth', 'fifth.test'] },
  seventh: { uses: 'lineage', files: ['sixth'] },
  eighth: { uses: 'keep', with: { shared: 'kept', own: 'a', pause: 40 }, files: ['fifth.test'] },
  ninth: { uses: 'keep', with: { shared: 'kept', own: 'b', pause: 40 }, files: ['fifth.test'] },
};

// Five engines and a dozen stage processes a round: a busy machine needs its time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let expected: Readonly<Record<string, string>>;
let rig: Rig;
let seed = Number(process.env.ROUX_FAULT_SEED ?? Date.now() % 100_000);

beforeAll(async () => {
  const undisturbed = await Rig.create();
  expect(await undisturbed.spawn(recipe).ended).toBe(0);
  expected = await undisturbed.contents('artifacts');
  await undisturbed.close();
});

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

afterAll(() => console.info(`faults: the last seed was ${seed}`));

/** Numbers from 0 to 1 that a seed decides, so that a round can be told by its seed. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
}

function choose<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(random() * items.length)];
}

/** Lets a run go on until a random moment; gives back the processes of its stages. */
async function untilSomeMoment(run: SpawnedRun): Promise<readonly number[]> {
  await run.event(({ event }) => event === 'stage-started');
  await Promise.race([wait(random() * runTimeMs), run.ended]);
  return childrenOf(run.child.pid);
}

/** The next run ends well, with the same bytes, and nothing of the past is left. */
async function expectRecovery(): Promise<void> {
  const run = rig.spawn(recipe);
  expect(await run.ended, run.errorOutput).toBe(0);
  expect(await rig.contents('artifacts')).toEqual(expected);
  expect(await rig.debris()).toEqual([]);
  expect((await verifyStore(await rig.openAgain())).damaged).toEqual([]);
  const again = rig.spawn(recipe);
  expect(await again.ended).toBe(0);
  expect(new Set(Object.values(again.outcomes))).toEqual(new Set(['hit']));
}

test.each(Array.from({ length: rounds }, (_, round) => round))(
  'the engine is killed (round %i)',
  async () => {
    for (let kill = 0; kill < 3; kill += 1) {
      const run = rig.spawn(recipe);
      const stages = await untilSomeMoment(run).catch(() => []);
      run.child.kill('SIGKILL');
      await run.ended;
      for (const pid of stages) await untilGone(pid);
    }
    await expectRecovery();
  },
);

test.each(Array.from({ length: rounds }, (_, round) => round))('a stage is killed (round %i)', async () => {
  const run = rig.spawn(recipe);
  const victim = choose(await untilSomeMoment(run));
  if (victim !== undefined && (await isAlive(victim))) process.kill(victim, 'SIGKILL');
  await run.ended;
  await expectRecovery();
});

test.each(Array.from({ length: rounds }, (_, round) => round))(
  'the engine and its stages are killed (round %i)',
  async () => {
    const run = rig.spawn(recipe);
    const stages = await untilSomeMoment(run);
    run.child.kill('SIGKILL');
    for (const pid of stages) if (await isAlive(pid)) process.kill(pid, 'SIGKILL');
    await run.ended;
    for (const pid of stages) await untilGone(pid);
    await expectRecovery();
  },
);

test.each(Array.from({ length: rounds }, (_, round) => round))(
  'files of the store are spoilt after the engine was killed (round %i)',
  async () => {
    const run = rig.spawn(recipe);
    const stages = await untilSomeMoment(run);
    run.child.kill('SIGKILL');
    await run.ended;
    for (const pid of stages) await untilGone(pid);
    // Not locks: one that names another machine counts until that has been silent for a minute.
    for (const folder of ['artifacts', 'results', 'stamps', 'history', 'runs', 'provenance']) {
      const name = choose(await rig.files(folder));
      if (name !== undefined) await spoil(join(rig.storeFolder, folder, name));
    }
    // What stages keep between runs, and how their inputs came about, is read, and found to be damaged, only by a stage that runs.
    const readers = rig.spawn(recipe, { force: ['seventh', 'eighth', 'ninth'] });
    expect(await readers.ended, readers.errorOutput).toBe(0);
    // The record of a run that is over is nothing that a run needs or makes again; who looks through the store is told, once.
    const { damaged } = await verifyStore(await rig.openAgain());
    expect(damaged.filter(({ kind, id }) => kind !== 'note' || !id.startsWith('runs/'))).toEqual([]);
    await expectRecovery();
  },
);

test.each(Array.from({ length: rounds }, (_, round) => round))(
  'one of several engines on a store is killed (round %i)',
  async () => {
    const runs = [rig.spawn(recipe), rig.spawn(recipe), rig.spawn(recipe)];
    const victim = choose(runs);
    if (victim === undefined) throw new Error('There are three');
    await Promise.race([wait(random() * 2 * runTimeMs), victim.ended]);
    victim.child.kill('SIGKILL');
    const codes = await Promise.all(runs.filter((run) => run !== victim).map(({ ended }) => ended));
    expect(codes).toEqual([0, 0]);
    await expectRecovery();
  },
);

async function spoil(path: string): Promise<void> {
  const how = choose(['flip', 'truncate', 'remove']);
  if (how === 'remove') return rm(path);
  const { length } = await readFile(path);
  if (length === 0) return;
  if (how === 'flip') return rig.flip(path);
  await chmod(path, 0o644);
  await truncate(path, Math.floor(random() * length));
}
