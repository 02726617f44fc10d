/**
 * What disks, other programs and killed processes do to a store: none of it is ever served, each is named, and the store stays
 * usable. The full number: `npm run test:trust`; `ROUX_TRUST_SEED` does a run again.
 */
import { chmod, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collectGarbage } from '../../src/engine/gc.js';
import { verifyStore } from '../../src/engine/verify.js';
import { Chance } from '../rig/chance.js';
import { Rig, type RigRun } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

const spoilings = Number(process.env.ROUX_TRUST_SPOILINGS ?? 30);
const failures = Number(process.env.ROUX_TRUST_FAILURES ?? 6);
const chance = new Chance(Number(process.env.ROUX_TRUST_SEED ?? Date.now() % 100_000));

vi.setConfig({ testTimeout: 3_600_000 });

const recipe: ToyRecipe = {
  first: { uses: 'write', with: { text: 'first', size: 500 } },
  second: { uses: 'relink', files: ['first'] },
  third: { uses: 'splits', with: { train: 'a', test: 'b' } },
  fourth: { uses: 'write', with: { text: 'last' }, files: ['second', 'third.test'] },
  fifth: { uses: 'lineage', files: ['fourth'] },
  sixth: { uses: 'read', with: { path: 'data.txt' } },
};

let rig: Rig;
let expected: Readonly<Record<string, string>>;
const counts: Record<string, number> = {};

beforeEach(async () => {
  rig = await Rig.create();
  await rig.write('data.txt', 'data');
  await rig.run(recipe);
  expected = await rig.contents('artifacts');
});

afterEach(() => rig.close());

afterAll(() => console.info(`injected faults, seed ${chance.seed}: ${JSON.stringify(counts)}`));

/** Folders whose files are what is stored; damage in them must be named. The others only speed things up or tell of the past. */
const precious: readonly string[] = ['artifacts', 'results'];
const notes: readonly string[] = ['stamps', 'history', 'runs', 'provenance'];

test(`${spoilings} spoilt files: none is served, each is named, and the next run makes good`, async () => {
  for (let index = 0; index < spoilings; index += 1) {
    const folder = chance.of([...precious, ...precious, ...notes]);
    const how = chance.of(['flip', 'truncate', 'grow', 'remove', 'swap', 'half', 'lock']);
    const what = `${index}: ${how} in ${folder}, seed ${chance.seed}`;
    counts[how] = (counts[how] ?? 0) + 1;
    if (how === 'lock') await leaveLock();
    else if (!(await spoil(folder, how))) continue;
    const isPrecious = precious.includes(folder) && how !== 'lock';
    const found = await verifyStore(await rig.store(), { dryRun: true });
    const run = await rig.run(recipe);
    expect(run.summary.outcome, what).toBe('done');
    expect(await rig.contents('artifacts'), what).toEqual(expected);
    if (isPrecious) expect(isNamed(run) || found.damaged.length > 0, what).toBe(true);
    expect((await verifyStore(await rig.store())).damaged, what).toEqual([]);
    if (index % 50 === 49) await collectGarbage(await rig.openAgain());
  }
  expect(new Set(Object.values((await rig.run(recipe)).outcomes))).toEqual(new Set(['hit']));
});

test(`${failures} file operations that fail: the run says so or does without, and the next one makes good`, async () => {
  let struck = 0;
  for (let index = 0; index < failures; index += 1) {
    const code = chance.of(['ENOSPC', 'EACCES', 'EIO']);
    const fail = `${1 + Math.floor(chance.number() * 160)}:${code}`;
    const what = `${index}: ${fail}, seed ${chance.seed}`;
    // Something to do: the stages' results are gone, and their artifacts in every other round.
    for (const name of await rig.files('results')) await rm(join(rig.storeFolder, 'results', name));
    if (index % 2 === 0) await rm(join(rig.storeFolder, 'artifacts'), { recursive: true });
    if (index % 2 === 0) await rig.write('.roux/artifacts/.keep', '');
    if (index % 2 === 0) await rm(join(rig.storeFolder, 'artifacts', '.keep'));
    const run = rig.spawn(recipe, {}, fail);
    const exit = await run.ended;
    if (run.errorOutput.includes('made to fail')) struck += 1;
    counts[code] = (counts[code] ?? 0) + 1;
    if (exit !== 0) {
      const told = run.events.some(
        (event) => event.event === 'stage-failed' && event.failure.kind === 'user',
      );
      expect(told || run.errorOutput.includes('UserError'), `${what}\n${run.errorOutput}`).toBe(true);
    }
    const after = rig.spawn(recipe);
    expect(await after.ended, `${what}\n${after.errorOutput}`).toBe(0);
    expect(await rig.contents('artifacts'), what).toEqual(expected);
    expect((await verifyStore(await rig.openAgain())).damaged, what).toEqual([]);
  }
  counts.struck = struck;
});

/** The run told of what it found, or why a stage had to run again. */
function isNamed({ events }: RigRun): boolean {
  return events.some(
    (event) =>
      event.event === 'artifact-damaged' ||
      (event.event === 'stage-started' && event.reasons.some(({ text }) => text !== '')),
  );
}

async function spoil(folder: string, how: string): Promise<boolean> {
  const files = await rig.files(folder);
  if (files.length === 0) return false;
  const path = join(rig.storeFolder, folder, chance.of(files));
  if (how === 'remove') {
    await rm(path);
    return true;
  }
  const bytes = await readFile(path);
  await chmod(path, 0o644);
  if (how === 'flip') {
    if (bytes.length === 0) return false;
    const at = Math.floor(chance.number() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance.number() * 8));
    await writeFile(path, bytes);
  } else if (how === 'truncate') {
    if (bytes.length === 0) return false;
    await truncate(path, Math.floor(chance.number() * bytes.length));
  } else if (how === 'half') {
    if (bytes.length < 2) return false;
    await writeFile(path, bytes.subarray(0, bytes.length >> 1));
  } else if (how === 'grow') await writeFile(path, Buffer.concat([bytes, Buffer.from('x')]));
  else {
    const other = join(rig.storeFolder, folder, chance.of(files));
    const others = await readFile(other);
    if (bytes.equals(others)) return false;
    await chmod(other, 0o644);
    await writeFile(path, others);
    await writeFile(other, bytes);
  }
  return true;
}

/** A lock of a process that is no more, or half a lock of one that was killed while writing it, on a result that is missing. */
async function leaveLock(): Promise<void> {
  const name = chance.of(await rig.files('results'));
  await rm(join(rig.storeFolder, 'results', name));
  const key = name.split('/').at(-1)?.replace('.json', '') ?? '';
  const lock = join(rig.storeFolder, 'locks', `${key}.lock`);
  const { identity } = (await rig.store()).presence;
  const dead = { ...identity, pid: 999_999_999, startTime: '1', token: '999999999-1-00', lock: 'dead-1' };
  const text = JSON.stringify(dead);
  const isHalf = chance.number() < 0.5;
  await writeFile(lock, isHalf ? text.slice(0, 20) : text);
  if (isHalf) await utimes(lock, 1, 1);
  expect(await readdir(join(rig.storeFolder, 'locks'))).toContain(`${key}.lock`);
}
