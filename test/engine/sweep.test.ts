import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { collectGarbage } from '../../src/engine/gc.js';
import { listRuns } from '../../src/engine/run-record.js';
import { runSweep, type SweepEvent } from '../../src/engine/run-sweep.js';
import { listSweeps, type SweepRecord } from '../../src/engine/sweep-record.js';
import type { JsonObject } from '../../src/plugin/stage-info.js';
import type { CheckedSweep } from '../../src/recipe/checked-recipe.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;
let events: SweepEvent[] = [];
let started: string[] = [];

beforeAll(async () => {
  rig = await Rig.create();
});

afterAll(async () => {
  await rig.close();
});

beforeEach(() => {
  events = [];
  started = [];
});

/** `shared` is the same for all trials; `score` measures the distance of `x` from 3. */
function recipe(name: string, { x = 0, budget = 1 }: JsonObject): ToyRecipe {
  const metric = -Math.abs(Number(x) - 3) + Number(budget) / 100;
  return {
    shared: { uses: 'write', with: { text: name } },
    score: {
      uses: 'write',
      with: { text: `${x} ${budget}`, ...(x === 'none' ? {} : { metric }) },
      files: ['shared'],
    },
    after: { uses: 'write', with: { text: 'not needed' }, files: ['score'] },
  };
}

const sweep: CheckedSweep = {
  method: 'grid',
  seed: 0,
  space: { x: { kind: 'choice', values: [1, 2, 3, 4] } },
  goal: { stage: 'score', metric: 'metric', mode: 'max' },
};

async function search(
  name: string,
  options: Partial<CheckedSweep> = {},
  trials?: number,
): Promise<SweepRecord> {
  return runSweep<string>({
    store: await rig.store(),
    recipe: rig.recipe(recipe(name, {})),
    sweep: { ...sweep, ...options },
    ...(trials === undefined ? {} : { trials }),
    identity: name,
    threads: 2,
    load: async (params) =>
      params.x === 'wrong'
        ? { ok: false, problems: ['x is wrong'], files: [] }
        : { ok: true, recipe: rig.recipe(recipe(name, params)) },
    describe: (problem) => problem,
    onEvent: (event) => events.push(event),
    onRunEvent: (event) => {
      if (event.event === 'stage-started') started.push(event.stage);
    },
    pool: rig.pool,
  });
}

describe('a sweep', () => {
  test('runs every trial up to the stage that counts, sharing what is the same, and names the best', async () => {
    const record = await search('shared');
    expect(record.trials.map(({ value, state }) => [value, state])).toEqual([
      [-1.99, 'done'],
      [-0.99, 'done'],
      [0.01, 'done'],
      [-0.99, 'done'],
    ]);
    expect(record).toMatchObject({ best: 3, outcome: 'done' });
    expect(started).toEqual(['shared', 'score', 'score', 'score', 'score']);
    expect(await listSweeps(await rig.store())).toContainEqual(record);
  });

  test('with more trials computes only the new ones, and still knows the runs of the others', async () => {
    const first = await search('more', {}, 2);
    const runs = (await listRuns(await rig.store())).length;
    started = [];
    const second = await search('more', {}, 4);
    expect(started).toEqual(['score', 'score']);
    expect((await listRuns(await rig.store())).length).toBe(runs + 2);
    expect(second.id).toBe(first.id);
    expect(second.startedAt).toBe(first.startedAt);
    expect(second.trials.slice(0, 2)).toEqual(first.trials);
  });

  test('goes on after trials that fail, which say why and rank last', async () => {
    const record = await search('failing', {
      space: { x: { kind: 'choice', values: ['wrong', 'none', 2] } },
    });
    expect(record.trials.map(({ state, runs }) => [state, runs[0]?.failure?.message])).toEqual([
      ['failed', 'x is wrong'],
      ['failed', "the stage has no metric 'metric'; it has letters"],
      ['done', undefined],
    ]);
    expect(record.best).toBe(3);
  });

  test('that stops trials early gives the whole budget to the best alone', async () => {
    const record = await search('early', {
      space: { x: { kind: 'choice', values: [1, 2, 3, 4, 5, 6, 7, 8, 9] } },
      stopping: { param: 'budget', eta: 3, budgets: [1, 3, 9] },
    });
    const budgets = record.trials.map(({ runs }) => runs.map(({ budget }) => budget));
    expect(budgets.filter((list) => list.length === 3)).toEqual([[1, 3, 9]]);
    expect(record.best).toBe(3);
    expect(record.trials[2]).toMatchObject({ state: 'done', value: 0.09 });
    expect(record.trials[8]).toMatchObject({ state: 'stopped', runs: [{ budget: 1 }] });
  });

  test('keeps the results of all its trials from being called unreachable', async () => {
    const record = await search('kept');
    await rig.write('recipe.yaml', '');
    const { removedResults } = await collectGarbage(await rig.store(), { unreachable: true, dryRun: true });
    const removed = removedResults.map(({ key }) => key);
    for (const { runs } of record.trials) {
      for (const key of Object.values(runs[0]?.keys ?? {})) expect(removed).not.toContain(key);
    }
  });

  test('tells of trials as they begin and end', async () => {
    await search('events', {}, 1);
    expect(events.map(({ event }) => event)).toEqual([
      'sweep-started',
      'trial-started',
      'trial-finished',
      'sweep-finished',
    ]);
  });

  test('of another goal, space or seed is another sweep', async () => {
    const ids = await Promise.all(
      [
        {},
        { goal: { ...sweep.goal, mode: 'min' as const } },
        { space: { x: { kind: 'choice' as const, values: [1] } } },
        { seed: 1 },
      ].map(async (options) => (await search('identity', options, 1)).id),
    );
    expect(new Set(ids).size).toBe(4);
  });
});
