/** The built program, since what is recalled depends on the build: is a run recalled, and what does it do when it must not be? */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRun } from '../../src/engine/run-record.js';
import { Store } from '../../src/engine/store.js';
import { root } from '../rig/build.js';

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'roux-recall-run-')));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(project)) write(path, text);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recipe = `recipe: 1
name: copies
plugins: [./copy.mjs]
params:
  word: { type: string, default: one, env: WORD }
stages:
  file: { uses: copy, with: { path: data.txt, word: "\${params.word}" }, expect: { letters: "< 100" } }
  folder: { uses: copy, in: { before: file }, with: { path: data } }
`;

const plugin = `
import { defineStage, PathSetting, Type } from 'roux';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
export default defineStage({
  type: 'copy', version: 1, summary: 'Copies',
  settings: Type.Object({
    path: PathSetting({ description: 'What is copied' }),
    word: Type.String({ description: 'A word', default: '' }),
  }),
  inputs: { before: { kind: 'text', optional: true, description: 'What comes before' } },
  outputs: { out: { kind: 'text', description: 'The copy' } },
  async run({ settings: { path, word }, outputs }) {
    const files = statSync(path).isFile() ? [path] : readdirSync(path).sort().map((name) => path + '/' + name);
    const text = word + files.map((file) => readFileSync(file, 'utf8')).join('');
    writeFileSync(outputs.out.path + '/copy.txt', text);
    return { metrics: { letters: text.length }, summary: 'copied' };
  },
});
`;

const project: Readonly<Record<string, string>> = {
  'package.json': '{}',
  'roux.yaml': recipe,
  'copy.mjs': plugin,
  'data.txt': 'data\n',
  'data/a.txt': 'a\n',
  'data/b.txt': 'b\n',
  'words.yaml': 'word: two\n',
};

/** A run of the program. */
interface Ran {
  readonly status: number | null;
  readonly printed: string;
  /** The newest record's order of members tells: what differs from run to run comes last when the rest was recalled. */
  readonly recalled: boolean;
  readonly run: string;
}

function run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Ran {
  const { ROUX_STORE: _, ...environment } = process.env;
  const before = newestRun();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/cli/roux.cjs'), 'run', ...args],
    { cwd: folder, encoding: 'utf8', env: { ...environment, ...env } },
  );
  const newest = newestRun();
  const begun = newest === undefined ? '' : readFileSync(inStore('runs', newest, 'run.json'), 'utf8');
  return {
    status,
    printed: stdout + stderr,
    recalled: newest !== before && begun.startsWith('{"recipe":'),
    run: newest ?? '',
  };
}

/** Runs until nothing is left to do, and that is recalled. */
function settle(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Ran {
  for (let attempt = 0; attempt < 6; attempt++) {
    const ran = run(args, env);
    if (ran.recalled) return ran;
  }
  throw new Error(`never recalled:\n${run(args, env).printed}`);
}

function newestRun(): string | undefined {
  const order = (id: string): string => {
    const [day = '', second = '', count = '1'] = id.split('-');
    return `${day}-${second}-${count.padStart(6, '0')}`;
  };
  if (!existsSync(inStore('runs'))) return undefined;
  return readdirSync(inStore('runs'))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .at(-1);
}

function inStore(...names: readonly string[]): string {
  return join(folder, '.roux', ...names);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function runNotes(): readonly string[] {
  const names = readdirSync(inStore('recipes')).filter((name) => name.startsWith('run-'));
  return names.map((name) => inStore('recipes', name));
}

/** Files below a part of the store, in order. */
function filesOf(part: string): readonly string[] {
  const entries = readdirSync(inStore(part), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const rm = { recursive: true } as const;

function addBeside(file: string): void {
  writeFileSync(`${file}.more`, '');
}

/** Changes one byte of a file and nothing of its size or modification time. */
function flip(file: string, at: number): void {
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
  utimesSync(file, atime, mtime);
}

function timeless(text: string): string {
  return text.replace(/in \d+ ms/g, 'in N ms').replace(/ +\d\.\ds {2}/g, 'S  ');
}

test('a run that finds everything a second time is recalled: it prints and records the same', async () => {
  expect(run().printed).toContain('2 done');
  const long = run();
  expect(long).toMatchObject({ status: 0, recalled: false });
  const short = settle();
  expect(short.status).toBe(0);
  expect(timeless(short.printed)).toBe(timeless(long.printed));
  const store = new Store(inStore());
  const { id: _1, startedAt: _2, durationMs: _3, ...recorded } = (await readRun(store, short.run)) ?? {};
  const { id: _4, startedAt: _5, durationMs: _6, ...before } = (await readRun(store, long.run)) ?? {};
  expect(recorded).toMatchObject({ outcome: 'done', counts: { hit: 2 } });
  expect(recorded).toEqual(before);
});

test('a recalled run tells the same events as JSON', () => {
  const events = ({ printed }: Ran) =>
    printed
      .trim()
      .split('\n')
      .map((line) => Object.entries(JSON.parse(line)))
      .map((members) => members.map(([name, value]) => (varying.includes(name) ? name : [name, value])));
  const varying = ['time', 'run', 'durationMs'];
  const long = run(['--json']);
  expect(long.recalled).toBe(false);
  expect(events(settle(['--json']))).toEqual(events(long));
});

test('a recalled run keeps results, the recipe and itself from growing old', () => {
  settle();
  const old = new Date('2020-01-01');
  const kept = [...filesOf('results'), ...filesOf('recipes')];
  for (const file of kept) utimesSync(file, old, old);
  expect(run().recalled).toBe(true);
  expect(filesOf('results').every((file) => statSync(file).mtime > old)).toBe(true);
  // Those of other command lines are not used.
  expect(filesOf('recipes').filter((file) => statSync(file).mtime > old)).toHaveLength(2);
});

/** What was done, and what the next run says with which exit code. */
type Change = readonly [what: string, change: () => unknown, says: string, status?: number];

describe('a run is not recalled, and does what has to be done, when', () => {
  beforeEach(() => {
    settle();
  });

  const changes: readonly Change[] = [
    ['a setting changes', () => write('roux.yaml', recipe.replace('default: one', 'default: six')), '2 done'],
    ['a comment changes', () => write('roux.yaml', `${recipe}# a comment\n`), '2 cached'],
    ['data changes', () => write('data.txt', 'other\n'), 'done'],
    ['data changes within its size and time', () => flip(join(folder, 'data.txt'), 1), 'done'],
    ['data is touched', () => utimesSync(join(folder, 'data.txt'), 1, 1), '2 cached'],
    [
      'data is replaced by the same',
      () => {
        cpSync(join(folder, 'data.txt'), join(folder, 'copy.txt'));
        renameSync(join(folder, 'copy.txt'), join(folder, 'data.txt'));
      },
      '2 cached',
    ],
    ['data is gone', () => rmSync(join(folder, 'data.txt')), 'data.txt', 2],
    ['a file comes into a folder', () => write('data/c.txt', 'c\n'), '1 done, 1 cached'],
    ['a file leaves a folder', () => rmSync(join(folder, 'data/c.txt')), '2 cached'],
    [
      'a file of a folder has another name',
      () => renameSync(join(folder, 'data/b.txt'), join(folder, 'data/x.txt')),
      '1 done, 1 cached',
    ],
    ['the plugin changes', () => write('copy.mjs', plugin.replace("'copied'", "'copied well'")), 'done'],
    ['artifacts are damaged', () => filesOf('artifacts').map((file) => flip(file, 0)), 'is damaged'],
    ['artifacts are gone', () => filesOf('artifacts').map((file) => rmSync(dirname(file), rm)), '2 done'],
    ['files lie in artifacts', () => filesOf('artifacts').map(addBeside), 'is damaged'],
    ['a file of an artifact is gone', () => filesOf('artifacts').map((file) => rmSync(file)), 'is damaged'],
    ['results are gone', () => filesOf('results').map((file) => rmSync(file)), '2 done'],
    ['results are damaged', () => filesOf('results').map((file) => flip(file, 200)), 'is damaged'],
    ['the history is gone', () => filesOf('history').map((file) => rmSync(file)), '2 cached'],
    ['the history is damaged', () => filesOf('history').map((file) => flip(file, 50)), 'is damaged'],
    ['a note is damaged', () => runNotes().map((file) => flip(file, 300)), '2 cached'],
    ['half a note is there', () => runNotes().map((file) => writeFileSync(file, '{')), '2 cached'],
    [
      'another build wrote the note',
      () => {
        for (const file of runNotes()) {
          writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"roux":"0.', '"roux":"9.'));
        }
      },
      '2 cached',
    ],
    [
      'the store was copied',
      () => {
        cpSync(inStore(), join(folder, '.copy'), { recursive: true });
        rmSync(inStore(), { recursive: true });
        renameSync(join(folder, '.copy'), inStore());
      },
      '2 cached',
    ],
    [
      'garbage was collected',
      () => {
        const args = [join(root, 'dist/cli/roux.cjs'), 'cache', 'gc', '--max-size', '0MB'];
        expect(spawnSync(process.execPath, args, { cwd: folder }).status).toBe(0);
      },
      '2 done',
    ],
    ['a killed process left something', () => mkdirSync(inStore('tmp', '1-1-abc')), 'ended early'],
    ['a part of the store is gone', () => rmSync(inStore('quarantine'), { recursive: true }), '2 cached'],
    [
      'an expectation is no longer met',
      () => write('roux.yaml', recipe.replace('< 100', '< 1')),
      '1 failed',
      1,
    ],
    [
      'an expectation is met again',
      () => {
        for (const [path, text] of Object.entries(project)) write(path, text);
      },
      'cached',
    ],
  ];

  test.each(changes.map(([what, ...change]) => [what, change] as const))(
    '%s',
    (_, [change, says, status = 0]) => {
      change();
      const ran = run();
      expect(ran.recalled).toBe(false);
      expect(ran.printed).toContain(says);
      expect(ran.status).toBe(status);
      if (status === 0) return;
      for (const [path, text] of Object.entries(project)) write(path, text);
    },
  );
});

test('an environment variable of the recipe says something else', () => {
  settle();
  expect(run([], { WORD: 'three' })).toMatchObject({ recalled: false, status: 0 });
  expect(settle([], { WORD: 'three' }).printed).toContain('2 cached');
  // The note of a command line is of its last run.
  expect(run().recalled).toBe(false);
});

test('a params file changes', () => {
  expect(settle(['--params', 'words.yaml']).printed).toContain('2 cached');
  write('words.yaml', 'word: eleven\n');
  const ran = run(['--params', 'words.yaml']);
  expect(ran.recalled).toBe(false);
  expect(ran.printed).toContain('2 done');
});

test('other command lines are other runs', () => {
  settle();
  expect(run(['--only', 'file'])).toMatchObject({ recalled: false });
  expect(settle(['--only', 'file']).printed).toContain('1 stage: 1 cached');
  expect(run(['--force-all']).printed).toContain('2 done');
  expect(run(['--force-all']).printed).toContain('2 done');
});

test('a file comes that is the recipe of the folder from now on', () => {
  rmSync(join(folder, 'roux.yaml'));
  write('roux.yml', recipe);
  settle();
  write('roux.yaml', recipe.replace('name: copies', 'name: nearer'));
  const ran = run();
  expect(ran.recalled).toBe(false);
  expect(ran.printed).toContain('nearer');
  rmSync(join(folder, 'roux.yml'));
});

test('a recipe with another store keeps its own records', () => {
  settle();
  const before = newestRun();
  expect(run([], { ROUX_STORE: 'elsewhere' }).printed).toContain('2 done');
  expect(run([], { ROUX_STORE: 'elsewhere' }).printed).toContain('2 cached');
  const runs = readdirSync(join(folder, 'elsewhere/runs')).length;
  expect(run([], { ROUX_STORE: 'elsewhere' }).printed).toContain('2 cached');
  expect(readdirSync(join(folder, 'elsewhere/runs'))).toHaveLength(runs + 1);
  expect(newestRun()).toBe(before);
});

test('notes of runs go with the recipe that they are of', () => {
  settle();
  const stray = inStore('recipes', 'run-00000000.json');
  writeFileSync(stray, 'nothing');
  utimesSync(stray, 1, 1);
  const collect = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'dist/cli/roux.cjs'), 'cache', 'gc', ...args], { cwd: folder });
  const kept = runNotes().length;
  collect();
  expect(existsSync(stray)).toBe(false);
  expect(runNotes()).toHaveLength(kept - 1);
  expect(run().recalled).toBe(true);
  appendFileSync(join(folder, 'roux.yaml'), '\n');
  renameSync(join(folder, 'roux.yaml'), join(folder, 'away.txt'));
  collect('--unreachable');
  // What is no note, and so young, may be about to become one.
  expect(runNotes().filter((file) => readFileSync(file, 'utf8') !== '{')).toEqual([]);
});
