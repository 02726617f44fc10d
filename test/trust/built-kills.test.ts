/**
 * The built program is killed at random moments: while it makes a store and results, while it finds them, while a run is kept or
 * recalled, while it removes garbage. The next run gives what an undisturbed one does, and nothing of the past is left.
 *
 * The full number: `npm run test:faults`; `ROUX_FAULT_SEED` does a round again.
 */
import { readdir, readFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BuiltProject, killGroup, showsStack } from '../rig/built-project.js';
import { Chance } from '../rig/chance.js';

const rounds = Number(process.env.ROUX_FAULT_ROUNDS ?? 1);
const chance = new Chance(Number(process.env.ROUX_FAULT_SEED ?? Date.now() % 100_000));

vi.setConfig({ testTimeout: 3_600_000 });

let project: BuiltProject;
let expected: Readonly<Record<string, string>>;

/** What is killed: the words, what is there before, and about how long the command takes, in milliseconds. */
const victims = {
  'makes a store': { words: ['run'], forgotten: [''], takes: 700 },
  'makes results': { words: ['run'], forgotten: ['results', 'artifacts'], takes: 600 },
  'makes slow results': { words: ['run', '--set', 'pause=100'], forgotten: ['results'], takes: 900 },
  'finds results and keeps the run': { words: ['run'], forgotten: ['recipes'], takes: 200 },
  'recalls the run': { words: ['run'], forgotten: [], takes: 100 },
  'removes garbage': { words: ['cache', 'gc', '--older-than', '0s'], forgotten: [], takes: 200 },
} as const;

beforeAll(async () => {
  project = await BuiltProject.create();
  expected = await project.contents(await project.settle());
});

afterAll(async () => {
  console.info(`kills of the built program: ${rounds} of each kind, seed ${chance.seed}`);
  await project.remove();
});

test.each(Object.entries(victims))('a program that %s is killed', async (_, { words, forgotten, takes }) => {
  for (let round = 0; round < rounds; round += 1) {
    await project.settle();
    for (const part of forgotten) await empty(part);
    const what = `round ${round}, seed ${chance.seed}`;
    const { child, ended } = project.start(words);
    const { pid = 0 } = child;
    await Promise.race([wait(chance.number() * takes), ended]);
    // Stages whose program is gone end by themselves.
    if (round % 2 === 0) child.kill('SIGKILL');
    else killGroup(pid);
    await ended;
    await untilGroupGone(pid);
    await expectRecovery(words[0] === 'run' ? words.slice(1) : [], what);
  }
});

/** The next run ends well, with the same bytes, and nothing of the past is left; the one after is recalled. */
async function expectRecovery(words: readonly string[], what: string): Promise<void> {
  const ran = await project.run(words);
  expect(ran.status, `${what}\n${ran.printed}`).toBe(0);
  expect(showsStack(ran), `${what}\n${ran.printed}`).toBe(false);
  expect(await project.contents(ran), what).toEqual(expected);
  const settled = await project.settle(words);
  expect(await project.contents(settled), what).toEqual(expected);
  const verified = await project.start(['cache', 'verify']).ended;
  expect(verified.status, `${what}\n${verified.printed}`).toBe(0);
  // What may be about to be written is left alone.
  for (const path of await halfWritten()) await utimes(path, 1, 1);
  await project.start(['cache', 'gc']).ended;
  expect([...(await project.debris()), ...(await halfWritten())], what).toEqual([]);
}

/** Removes what is in a part of the store, or all of the store. */
async function empty(part: string): Promise<void> {
  const folder = join(project.storeFolder, part);
  if (part === '') await rm(folder, { recursive: true });
  else for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
}

/** Files that were to be renamed when they were whole. */
async function halfWritten(): Promise<readonly string[]> {
  return (await project.files('')).filter((path) => path.endsWith('.tmp'));
}

/** Waits until no process of a group lives. */
async function untilGroupGone(group: number): Promise<void> {
  while (await livesInGroup(group)) await wait(5);
}

async function livesInGroup(group: number): Promise<boolean> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // After the name in parentheses: state, parent, group.
    const [state = 'X', , ofGroup] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    if (Number(ofGroup) === group && !/[ZX]/.test(state)) return true;
  }
  return false;
}
