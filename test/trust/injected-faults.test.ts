/**
 * What disks, other programs and killed processes do to a store: none of it is served, each is named, and the store stays usable.
 *
 * A round counts when its fault struck: files that are spoilt are drawn from those that can be, and operations that fail from
 * those that a run was seen to do. The full number: `npm run test:trust`; `ROUX_TRUST_SEED` does a run again.
 */
import { existsSync } from 'node:fs';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collectGarbage } from '../../src/engine/gc.js';
import type { ResultRecord } from '../../src/engine/result-record.js';
import { readResult } from '../../src/engine/results.js';
import { verifyStore } from '../../src/engine/verify.js';
import { Chance } from '../rig/chance.js';
import type { FailurePlan } from '../rig/failing-files.js';
import { readFailureReport } from '../rig/failure-report.js';
import { Rig, type RigRun, type SpawnedRun } from '../rig/rig.js';
import { type Spoiling, spoilOneOf } from '../rig/store-damage.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

const spoilings: readonly Spoiling[] = ['flipped bit', 'truncated', 'removed', 'swapped', 'half written'];
const locks = ['lock of a dead process', 'half-written lock'] as const;
const codes = ['ENOSPC', 'EACCES', 'EIO'] as const;

/** Faults of each kind; the kinds are ten. */
const rounds = Math.ceil(Number(process.env.ROUX_TRUST_FAULTS ?? 20) / 10);
const chance = new Chance(Number(process.env.ROUX_TRUST_SEED ?? Date.now() % 100_000));

vi.setConfig({ testTimeout: 3_600_000 });

const recipe: ToyRecipe = {
  first: { uses: 'write', with: { text: 'first', size: 500 } },
  second: { uses: 'relink', files: ['first'] },
  third: { uses: 'splits', with: { train: 'a', test: 'b' } },
  fourth: { uses: 'write', with: { text: 'last' }, files: ['second', 'third.test'] },
  fifth: { uses: 'lineage', files: ['fourth'] },
  sixth: { uses: 'read', with: { path: 'data.txt' } },
  seventh: { uses: 'keep', with: { shared: 'kept' } },
  eighth: { uses: 'climb', with: { steps: 3, way: 'up' } },
};

/** What is stored: a run names the damage. The others speed things up or tell of the past: `verify` names it at the latest. */
const precious: readonly string[] = ['artifacts', 'results'];
const notes: readonly string[] = ['stamps', 'history', 'runs', 'provenance', 'lines'];

let rig: Rig;
let expected: Readonly<Record<string, string>>;
const struck: Record<string, number> = {};

beforeEach(async () => {
  rig = await Rig.create();
  await rig.write('data.txt', 'data\n');
  await rig.run(recipe);
  expected = await rig.contents('artifacts');
});

afterEach(() => rig.close());

afterAll(() => {
  const all = Object.values(struck).reduce((sum, count) => sum + count, 0);
  console.info(`injected faults, seed ${chance.seed}: ${all} struck, ${JSON.stringify(struck)}`);
});

test.each(spoilings)(
  'a file of the store (%s) is not served, is named, and the next run makes good',
  async (how) => {
    for (let round = 0; round < rounds; round += 1) {
      // What was removed cannot be told from what never was, but for results and their artifacts.
      const folder = chance.of(await foldersWithFiles(how));
      const spoilt = await spoilOneOf(await filesIn(folder, how), how, chance);
      const what = `${round}: ${how}, ${spoilt.join(' and ')}, seed ${chance.seed}`;
      await expectNamed(spoilt, what);
      // What stages keep for later is read only when they run; but a forced one does not ask for its own result.
      const run = await rig.run(recipe, how === 'removed' ? {} : { force: ['seventh', 'eighth'] });
      await expectSound(run, what);
      if (await isRead(spoilt)) expect(namesIn(run), what).not.toEqual([]);
      if (round % 50 === 49) await collectGarbage(await rig.openAgain());
      count(how);
    }
  },
);

test.each(locks)('a %s is taken over and named', async (how) => {
  for (let round = 0; round < rounds; round += 1) {
    const what = `${round}: ${how}, seed ${chance.seed}`;
    await leaveLock(how === 'half-written lock');
    const run = await rig.run(recipe);
    await expectSound(run, what);
    expect(namesIn(run), what).toContainEqual(
      expect.stringMatching(/^(A lock in the store was damaged|Process 999999999 ended without)/),
    );
    count(how);
    // A new opening, so that the next one is told of anew.
    await (await rig.store()).close();
    await rig.openAgain();
  }
});

test.each(codes)('what fails with %s is named, and the next run makes good', async (code) => {
  const operations = new Map<string, number>();
  let missed = 0;
  for (let round = 0; round < rounds; ) {
    const where = chance.number() < 0.75 ? 'engine' : 'stage';
    const scope = round % 2 === 0 ? 'everything' : 'results';
    const known = operations.get(`${where} ${scope}`) ?? (await countOperations(where, code, scope));
    operations.set(`${where} ${scope}`, known);
    const number = 1 + Math.floor(chance.number() * known);
    await forget(scope);
    const plan: FailurePlan = { number, code, where, report: join(rig.folder, 'report') };
    const run = rig.spawn(recipe, {}, plan);
    const exit = await run.ended;
    const report = await readFailureReport(join(rig.folder, 'report'));
    const what = `${round}: ${JSON.stringify(plan)}\n${report.join('\n')}\n${run.errorOutput}`;
    expect(isNamed(run, exit) || report.length === 0, what).toBe(true);
    await (await rig.store()).close();
    await rig.openAgain();
    await expectSound(await rig.run(recipe), what);
    // Processes do not do exactly the same twice; a run without its failure is no round.
    if (report.length === 0) missed += 1;
    else {
      count(code);
      round += 1;
    }
    expect(missed, 'most of the drawn failures strike').toBeLessThan(10 + rounds);
  }
});

function count(kind: string): void {
  struck[kind] = (struck[kind] ?? 0) + 1;
}

/** Notes are not written again before somebody needs them. */
async function foldersWithFiles(how: Spoiling): Promise<readonly string[]> {
  if (how === 'removed') return precious;
  const least = how === 'swapped' ? 2 : 1;
  const filled: string[] = [];
  for (const folder of notes) if ((await filesIn(folder, how)).length >= least) filled.push(folder);
  return [...precious, ...precious, ...filled];
}

async function filesIn(folder: string, how: Spoiling): Promise<readonly string[]> {
  const files = (await rig.files(folder)).map((name) => join(rig.storeFolder, folder, name));
  // Copies of recipes belong to whoever wants to look at them; nothing reads them.
  if (how !== 'removed') return files.filter((path) => !/\/runs\/[^/]+\/recipe\//.test(path));
  const ids = idsOf((await rig.run(recipe)).summary.stages.flatMap(({ record }) => record ?? []));
  return files.filter((path) => ids.some((id) => path.includes(id)));
}

function idsOf(records: readonly ResultRecord[]): readonly string[] {
  return records.flatMap(({ key, outputs }) => [key, ...Object.values(outputs).map(({ digest }) => digest)]);
}

/** Whether a run reads one of the files: results, their artifacts, and what `seventh` keeps. A forced stage goes on from no state. */
async function isRead(spoilt: readonly string[]): Promise<boolean> {
  const records = (await rig.run(recipe)).summary.stages.flatMap(({ record }) => record ?? []);
  const [key = ''] = records.find(({ stageType }) => stageType === 'keep')?.kept ?? [];
  const kept = await readResult(await rig.store(), key);
  const ids = idsOf([...records, ...(kept.state === 'found' ? [kept.record] : [])]);
  return spoilt.some((path) => /\/(artifacts|results)\//.test(path) && ids.some((id) => path.includes(id)));
}

/** `verify` names what is damaged; a missing record of a result is for the run to tell. */
async function expectNamed(spoilt: readonly string[], what: string): Promise<void> {
  const { damaged } = await verifyStore(await rig.store(), { dryRun: true });
  for (const path of spoilt) {
    if (!existsSync(path) && path.includes('/results/')) continue;
    const isNamed = damaged.some(({ id }) => path.includes(id));
    expect(isNamed, `${what}: ${path} is not among ${JSON.stringify(damaged)}`).toBe(true);
  }
}

async function expectSound(run: RigRun, what: string): Promise<void> {
  expect(run.summary.outcome, what).toBe('done');
  expect(await rig.contents('artifacts'), what).toEqual(expected);
  await verifyStore(await rig.store());
  expect((await verifyStore(await rig.store())).damaged, what).toEqual([]);
  expect(new Set(Object.values((await rig.run(recipe)).outcomes)), what).toEqual(new Set(['hit']));
}

/** What a run told of damage and troubles. */
function namesIn({ events }: RigRun): readonly string[] {
  return events.flatMap((event) => {
    if (event.event === 'store-trouble') return [event.message];
    if (event.event === 'artifact-damaged') return [event.detail];
    if (event.event === 'stage-log' && event.level === 'warning') return [event.message];
    if (event.event !== 'stage-started') return [];
    return event.reasons
      .filter(({ kind }) => kind === 'damaged' || kind === 'evicted')
      .map(({ text }) => text);
  });
}

/** The run failed with words for the user, or did without and said so. */
function isNamed(run: SpawnedRun, exit: number | string): boolean {
  const failures = run.events.flatMap((event) => (event.event === 'stage-failed' ? [event.failure] : []));
  if (failures.some(({ kind }) => kind !== 'user')) return false;
  if (failures.length > 0 || run.errorOutput.includes('UserError')) return exit !== 0;
  return exit === 0 && run.events.some((event) => event.event === 'store-trouble');
}

/** A lock on a result that is missing: of a process that is no more, or half a lock of one that was killed while writing it. */
async function leaveLock(isHalf: boolean): Promise<void> {
  const keys = (await rig.run(recipe)).summary.stages.flatMap(({ record }) => record?.key ?? []);
  const key = chance.of(keys);
  await rm((await rig.store()).resultFile(key));
  const lock = join(rig.storeFolder, 'locks', `${key}.lock`);
  const { identity } = (await rig.store()).presence;
  const text = JSON.stringify({
    ...identity,
    pid: 999_999_999,
    startTime: '1',
    token: '999999999-1-00',
    lock: 'dead-1',
  });
  await writeFile(lock, isHalf ? text.slice(0, 20) : text);
  if (isHalf) await utimes(lock, 1, 1);
}

/** Something to do for the next run: the stages' results are gone, or their artifacts as well. */
async function forget(scope: string): Promise<void> {
  for (const name of await rig.files('results')) await rm(join(rig.storeFolder, 'results', name));
  if (scope === 'results') return;
  await rm(join(rig.storeFolder, 'artifacts'), { recursive: true });
  await rig.write('.roux/artifacts/.keep', '');
  await rm(join(rig.storeFolder, 'artifacts', '.keep'));
}

/** The number of operations of the process that does most. */
async function countOperations(
  where: FailurePlan['where'],
  code: FailurePlan['code'],
  scope: string,
): Promise<number> {
  await forget(scope);
  const run = rig.spawn(recipe, {}, { number: 0, code, where, report: join(rig.folder, 'report') });
  expect(await run.ended, run.errorOutput).toBe(0);
  const counts = new Map<string, number>();
  for (const line of await readFailureReport(join(rig.folder, 'report'))) {
    const [pid = ''] = line.split(' ');
    counts.set(pid, (counts.get(pid) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}
