/**
 * Two to eight built programs on one store, some of whose runs are recalled, beside garbage collection and kills: all end well with
 * the right results, and nothing that a run uses is collected.
 *
 * The full number: `npm run test:trust`; `ROUX_TRUST_SEED` does a run again.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BuiltProject, type BuiltRun, killGroup, showsStack } from '../rig/built-project.js';
import { Chance } from '../rig/chance.js';

const races = Number(process.env.ROUX_TRUST_RACES ?? 3);
const chance = new Chance(Number(process.env.ROUX_TRUST_SEED ?? Date.now() % 100_000));

vi.setConfig({ testTimeout: 3_600_000 });

/** Those with a pause have results of their own, which take a while and read what was made before. */
const commandLines: readonly (readonly string[])[] = [
  [],
  ['--set', 'word=two'],
  ['--only', 'file'],
  ['--set', 'pause=100'],
  ['--set', 'word=two', '--set', 'pause=101'],
];

/** A run takes about this long; kills fall into this time, in milliseconds. */
const takes = 600;

let project: BuiltProject;
const expected = new Map<readonly string[], BuiltRun['digests']>();
const counts = { races: 0, runs: 0, recalled: 0, collections: 0, kills: 0 };

beforeAll(async () => {
  project = await BuiltProject.create();
  for (const words of commandLines) expected.set(words, (await project.settle(words)).digests);
});

afterAll(async () => {
  console.info(`races of the built program, seed ${chance.seed}: ${JSON.stringify(counts)}`);
  await project.remove();
});

test.each(Array.from({ length: races }, (_, race) => race))('race %i', async (race) => {
  const isCollected = race % 3 === 1;
  const isKilled = race % 3 === 2;
  const lines = Array.from({ length: 2 + Math.floor(chance.number() * 7) }, () => chance.of(commandLines));
  for (const words of new Set(lines)) await project.settle(words);
  // What is left to do: nothing, some of it, or everything.
  const share = chance.of([0, 0, 0.3, 1]);
  for (const path of await project.files('results')) if (chance.number() < share) await rm(path);
  const runs = lines.map((words) => ({ words, ...project.startRun(words) }));
  const everyRun = Promise.all(runs.map(({ ended }) => ended));
  const victim = isKilled ? chance.of(runs) : undefined;
  if (victim?.child.pid !== undefined) {
    await Promise.race([wait(chance.number() * takes), victim.ended]);
    killGroup(victim.child.pid);
    counts.kills += 1;
  }
  if (isCollected) await collectUntil(everyRun);
  const what = `race ${race}, seed ${chance.seed}`;
  for (const { words, ended } of runs.filter((run) => run !== victim)) {
    const ran = await ended;
    expect(ran.status, `${what}, ${words}\n${ran.printed}`).toBe(0);
    expect(showsStack(ran), `${what}, ${words}\n${ran.printed}`).toBe(false);
    expect(ran.digests, `${what}, ${words}`).toEqual(expected.get(words));
    counts.runs += 1;
    if (ran.isRecalled) counts.recalled += 1;
  }
  if (!isCollected) expectMadeOnce(await everyRun, what);
  for (const words of new Set(lines)) {
    const ran = await project.settle(words);
    expect(ran.digests, what).toEqual(expected.get(words));
  }
  expect(await project.debris(), what).toEqual([]);
  const verified = await project.start(['cache', 'verify']).ended;
  expect(verified.status, `${what}\n${verified.printed}`).toBe(0);
  counts.races += 1;
});

/** Collects everything that nobody uses, again and again until the runs are over. */
async function collectUntil(everyRun: Promise<unknown>): Promise<void> {
  let isOver = false;
  void everyRun.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const collection = await project.start(['cache', 'gc', '--older-than', '0s']).ended;
    expect(collection.status, collection.printed).toBe(0);
    counts.collections += 1;
  }
}

/** No two processes made the same result. */
function expectMadeOnce(runs: readonly BuiltRun[], what: string): void {
  const made = runs.flatMap(({ events }) =>
    events.flatMap((event) => (event.event === 'stage-done' ? [event.record.key] : [])),
  );
  expect(made, what).toHaveLength(new Set(made).size);
}
