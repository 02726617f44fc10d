/**
 * Two to eight processes on one store: each result is made once, and nobody waits for a process that is dead. The full number:
 * `npm run test:trust`.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Chance } from '../rig/chance.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

const races = Number(process.env.ROUX_TRUST_RACES ?? 2);
const chance = new Chance(Number(process.env.ROUX_TRUST_SEED ?? Date.now() % 100_000));

/** A run of the recipe takes about this long; kills fall into this time. */
const runTimeMs = 900;

vi.setConfig({ testTimeout: 600_000 });

const recipe: ToyRecipe = {
  a: { uses: 'count', with: { steps: 8 } },
  b: { uses: 'write', with: { text: 'b' } },
  c: { uses: 'count', with: { steps: 9 }, files: ['a', 'b'] },
  d: { uses: 'relink', files: ['b'] },
  e: { uses: 'write', with: { text: 'e' }, files: ['c', 'd'] },
};
const stages = Object.keys(recipe);

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

afterAll(() => console.info(`races: ${races}, seed ${chance.seed}`));

test.each(Array.from({ length: races }, (_, race) => race))('race %i', async (race) => {
  const isKilled = race % 2 === 1;
  const runs = Array.from({ length: 2 + Math.floor(chance.number() * 7) }, () => rig.spawn(recipe));
  const victim = isKilled ? chance.of(runs) : undefined;
  if (victim !== undefined) {
    await Promise.race([wait(chance.number() * runTimeMs), victim.ended]);
    victim.child.kill('SIGKILL');
  }
  const survivors = runs.filter((run) => run !== victim);
  const codes = await Promise.all(survivors.map(({ ended }) => ended));
  expect(codes, survivors.map(({ errorOutput }) => errorOutput).join('')).toEqual(survivors.map(() => 0));
  for (const stage of stages) {
    const makers = runs.filter(({ outcomes }) => outcomes[stage] === 'done');
    // A process that was killed may have been the one that made it, and have told so or not.
    if (victim === undefined) expect(makers, stage).toHaveLength(1);
    else expect(makers.length, stage).toBeLessThanOrEqual(1);
  }
  const after = rig.spawn(recipe);
  expect(await after.ended).toBe(0);
  expect(new Set(Object.values(after.outcomes))).toEqual(new Set(['hit']));
  expect(await rig.debris()).toEqual([]);
});
