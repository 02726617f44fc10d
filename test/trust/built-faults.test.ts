/**
 * What `injected-faults.test.ts` does to the engine, done to the built program, whose runs are answered from notes where nothing
 * changed (docs/adr/0098-whole-runs-are-recalled.md): whatever happens to the store, to the notes and to the project, a run gives
 * what one in a new store would.
 *
 * The full number: `npm run test:trust`; `ROUX_TRUST_SEED` does a run again.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildSources } from '../rig/build.js';
import { BuiltProject, type BuiltRun, namesIn, showsStack } from '../rig/built-project.js';
import { Chance } from '../rig/chance.js';
import type { FailurePlan } from '../rig/failing-files.js';
import { readFailureReport } from '../rig/failure-report.js';
import { mountSmallDisk, unmountSmallDisk } from '../rig/small-disk.js';
import { type Spoiling, spoilOneOf } from '../rig/store-damage.js';

const spoilings: readonly Spoiling[] = ['flipped bit', 'truncated', 'removed', 'swapped', 'half written'];
const leftovers = ['lock', 'half-written lock', 'folder in tmp', 'entry among the processes'] as const;
const codes = ['ENOSPC', 'EACCES', 'EIO'] as const;

/** Faults of each of three kinds. */
const rounds = Math.ceil(Number(process.env.ROUX_TRUST_FAULTS ?? 3) / 3);
const chance = new Chance(Number(process.env.ROUX_TRUST_SEED ?? Date.now() % 100_000));

vi.setConfig({ testTimeout: 3_600_000 });

/** Command lines of which each has its note. */
const commandLines: readonly (readonly string[])[] = [[], ['--set', 'word=two']];

/** What is stored: a run names the damage. Of notes `verify` does, and what is recalled is made again without a word. */
const stored: readonly string[] = ['artifacts', 'results'];
const notes: readonly string[] = ['stamps', 'history', 'runs', 'lines'];
const recalled: readonly string[] = ['recipes', 'plugins'];

let project: BuiltProject;
const expected = new Map<readonly string[], Readonly<Record<string, string>>>();
const struck: Record<string, number> = {};

beforeAll(async () => {
  project = await BuiltProject.create();
  for (const words of commandLines) expected.set(words, await project.contents(await project.settle(words)));
});

afterAll(async () => {
  const all = Object.values(struck).reduce((sum, count) => sum + count, 0);
  console.info(`faults of the built program, seed ${chance.seed}: ${all} struck, ${JSON.stringify(struck)}`);
  await project.remove();
});

test('a file of the store or of what is recalled that was spoilt is not served, and is named', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const how = chance.of(spoilings);
    const words = chance.of(commandLines);
    const before = await project.run(words);
    const part = chance.of([...stored, ...stored, ...(how === 'removed' ? [] : notes), ...recalled]);
    const spoilt = await spoilOneOf(await spoilable(part), how, chance);
    const what = `${round}: ${how}, ${spoilt.join(' and ')}, seed ${chance.seed}`;
    await expectFound(spoilt, what);
    const ran = await project.run(words);
    await expectRight(ran, words, what);
    if (isUsed(before, spoilt)) {
      expect(ran.isRecalled, what).toBe(false);
      expect(namesIn(ran), what).not.toEqual([]);
    }
    await expectSound(what);
    count(how);
  }
});

test('what a dead process left is cleared away and named', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const kind = chance.of(leftovers);
    const words = chance.of(commandLines);
    const what = `${round}: ${kind}, seed ${chance.seed}`;
    await leave(kind, words);
    const ran = await project.run(words);
    await expectRight(ran, words, what);
    expect(ran.isRecalled, what).toBe(false);
    expect(namesIn(ran), what).toContainEqual(
      expect.stringMatching(
        /^(A lock in the store was damaged|Process 999999999 ended|Processes that ended)/,
      ),
    );
    await expectSound(what);
    count(kind);
  }
});

/** What a run finds: everything and its note, everything but no note, not even bundled plugins, no results. */
const scopes = ['recalled', 'found', 'bundled', 'made'] as const;

test('what the disk refuses while a run is recalled, kept or made is told in words', async () => {
  const operations = new Map<string, number>();
  let missed = 0;
  for (let round = 0; round < rounds; ) {
    const scope = chance.of(scopes);
    const code = chance.of(codes);
    const words = chance.of(commandLines);
    const known = operations.get(scope + code) ?? (await countOperations(scope, code, words));
    operations.set(scope + code, known);
    await forget(scope);
    const number = 1 + Math.floor(chance.number() * known);
    // As people see it, or as programs do.
    const isText = chance.number() < 0.3;
    const options = await failing({ number, code });
    const ran = await (isText
      ? project.start(['run', ...words], options).ended
      : project.run(words, options));
    const report = await readFailureReport(reportFile());
    const what = `${round}: ${scope}, ${number}, ${code}, seed ${chance.seed}\n${report.join('\n')}\n${ran.printed}`;
    if (ran.status !== 0) expect(isExplained(ran), what).toBe(true);
    else if (isText) expect(showsStack(ran), what).toBe(false);
    else await expectRight(ran, words, what);
    await expectSound(what);
    if (report.length === 0) missed += 1;
    else {
      count(code);
      round += 1;
    }
    expect(missed, 'most of the drawn failures strike').toBeLessThan(10 + rounds);
  }
});

test.each<[string, readonly string[]]>([
  ['with everything made', []],
  ['with plugins to bundle', ['plugins', 'recipes']],
])('a store that may not be written to is told as such (%s)', async (what, missing) => {
  for (const part of missing) await rm(join(project.storeFolder, part), { recursive: true });
  const parts = ['', 'runs', 'plugins', 'recipes'].filter((part) => !missing.includes(part));
  for (const part of parts) await chmod(join(project.storeFolder, part), 0o555);
  for (const format of [[], ['--json']]) {
    const ran = await project.start(['run', ...format], { obeysModes: true }).ended;
    expect(isExplained(ran), ran.printed).toBe(true);
    expect(ran.printed).toContain('Permission denied');
  }
  for (const part of parts) await chmod(join(project.storeFolder, part), 0o755);
  await expectSound(what);
});

test('a full disk is told as such, and with space the run is recalled', async (context) => {
  const moved = join(project.folder, 'moved');
  await rename(project.storeFolder, moved);
  if (!(await mountSmallDisk(project.storeFolder, 2_048)))
    return context.skip('needs the right to mount a file system');
  try {
    await project.settle();
    const filler = join(project.storeFolder, 'recipes/filler');
    await writeFile(filler, Buffer.alloc(4_000_000)).catch(() => undefined);
    const ran = await project.run();
    expect(isExplained(ran), ran.printed).toBe(true);
    expect(ran.printed).toContain('The disk is full');
    await rm(filler);
    await expectRight(await project.run(), commandLines[0] ?? [], 'with space');
    await expectSound('with space');
  } finally {
    unmountSmallDisk(project.storeFolder);
  }
});

function count(kind: string): void {
  struck[kind] = (struck[kind] ?? 0) + 1;
}

/** The run ended well with the bytes of an undisturbed one. */
async function expectRight(ran: BuiltRun, words: readonly string[], what: string): Promise<void> {
  expect(ran.status, `${what}\n${ran.printed}`).toBe(0);
  expect(showsStack(ran), `${what}\n${ran.printed}`).toBe(false);
  expect(await project.contents(ran), what).toEqual(expected.get(words));
}

/** Nothing damaged is left after the store was verified, and every command line is recalled with the right results. */
async function expectSound(what: string): Promise<void> {
  await project.start(['cache', 'verify']).ended;
  const verified = await project.start(['cache', 'verify']).ended;
  expect(verified.status, `${what}\n${verified.printed}`).toBe(0);
  for (const words of commandLines) await expectRight(await project.settle(words), words, what);
  expect(await project.debris(), what).toEqual([]);
}

/** `cache verify` names what is damaged in the store; a missing record of a result is for the run to tell. */
async function expectFound(spoilt: readonly string[], what: string): Promise<void> {
  const { printed } = await project.start(['cache', 'verify', '--dry-run', '--json']).ended;
  const { damaged }: { readonly damaged: readonly { readonly id: string }[] } = JSON.parse(printed);
  for (const path of spoilt) {
    if (recalled.some((part) => path.includes(`/.roux/${part}/`))) continue;
    if (!existsSync(path) && path.includes('/results/')) continue;
    expect(
      damaged.some(({ id }) => path.includes(id)),
      `${what}: ${path} is not in ${printed}`,
    ).toBe(true);
  }
}

/** Copies of recipes belong to whoever wants to look at them; nothing reads them. */
async function spoilable(part: string): Promise<readonly string[]> {
  return (await project.files(part)).filter((path) => !/\/runs\/[^/]+\/recipe\//.test(path));
}

/** Whether a run's results, or artifacts of them, are among the files. */
function isUsed(run: BuiltRun, paths: readonly string[]): boolean {
  const ids = run.records.flatMap(({ key, outputs }) => [
    key,
    ...Object.values(outputs).map(({ digest }) => digest),
  ]);
  return paths.some((path) => /\/(artifacts|results)\//.test(path) && ids.some((id) => path.includes(id)));
}

/** The run failed, with words for the user and no stack. */
function isExplained(ran: BuiltRun): boolean {
  const failures = ran.events.flatMap((event) => (event.event === 'stage-failed' ? [event.failure] : []));
  const isToldByStage = failures.length > 0 && failures.every(({ kind }) => kind === 'user');
  const isTold = isToldByStage || /"code":"|\[[a-z]+\/[a-z-]+\]/.test(ran.printed);
  return typeof ran.status === 'number' && ran.status !== 0 && isTold && !showsStack(ran);
}

/** Leaves what a process leaves that is killed. */
async function leave(kind: (typeof leftovers)[number], words: readonly string[]): Promise<void> {
  const token = '999999999-1-00';
  const inStore = (...names: readonly string[]) => join(project.storeFolder, ...names);
  const { records } = await project.run(words);
  const { key = '' } = chance.of(records);
  // Whether or not the result is there: a process may be killed before it wrote it, or before it gave back the lock.
  if (chance.number() < 0.5) await rm(inStore('results', key.slice(0, 2), `${key}.json`));
  const identity = { ...(await identityOfLastRun()), pid: 999_999_999, startTime: '1', token };
  const lock = JSON.stringify({ ...identity, lock: `${token}-1` });
  if (kind === 'folder in tmp') {
    await mkdir(inStore('tmp', token));
    await writeFile(inStore('tmp', token, '1'), 'half');
  } else if (kind === 'entry among the processes') {
    await writeFile(inStore('processes', `${token}.json`), JSON.stringify(identity));
    await writeFile(inStore('processes', `${token}.pins`), `${key}\n`);
  } else {
    const file = inStore('locks', `${key}.lock`);
    await writeFile(file, kind === 'lock' ? lock : lock.slice(0, 20));
    // One that was written just now may be about to be written.
    if (kind === 'half-written lock') await utimes(file, 1, 1);
  }
}

/** How a process on this machine names itself, from the record of a run. */
async function identityOfLastRun(): Promise<object> {
  const records = (await project.files('runs')).filter((path) => basename(path) === 'run.json');
  return JSON.parse(await readFile(records.at(-1) ?? '', 'utf8')).process;
}

/** Something to do for the next run. */
async function forget(scope: (typeof scopes)[number]): Promise<void> {
  const forgotten = {
    recalled: [],
    found: ['recipes'],
    bundled: ['recipes', 'plugins'],
    made: ['results'],
  };
  for (const part of forgotten[scope]) for (const path of await project.files(part)) await rm(path);
}

/** Operations of the program on the store in a run. */
async function countOperations(
  scope: (typeof scopes)[number],
  code: FailurePlan['code'],
  words: readonly string[],
): Promise<number> {
  await forget(scope);
  const ran = await project.run(words, await failing({ number: 0, code }));
  await expectRight(ran, words, scope);
  const { length } = await readFailureReport(reportFile());
  await project.settle(words);
  return length;
}

const reportFile = (): string => join(project.folder, 'report');

async function failing(
  plan: Pick<FailurePlan, 'number' | 'code'>,
): Promise<{ readonly env: Record<string, string> }> {
  const whole: FailurePlan = { ...plan, where: 'engine', report: reportFile() };
  const module = join(await buildSources(), 'test/rig/failing-files.js');
  return { env: { ROUX_FAIL: JSON.stringify(whole), NODE_OPTIONS: `--import ${module}` } };
}
