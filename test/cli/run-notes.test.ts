/** The built program: where recalled runs are noted, and of which runs there is a note. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../rig/build.js';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'roux-run-notes-')));
  for (const [path, text] of Object.entries(project)) write(`project/${path}`, text);
  mkdirSync(join(folder, 'work'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const project: Readonly<Record<string, string>> = {
  'package.json': '{}',
  'roux.yaml': `recipe: 1
plugins: [./copy.mjs]
params:
  word: { type: string, default: one }
stages:
  copy: { uses: copy, with: { path: data, word: "\${params.word}" } }
`,
  'copy.mjs': `
import { defineStage, PathSetting, Type } from 'roux';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
export default defineStage({
  type: 'copy', version: 1, summary: 'Copies', tensors: true,
  settings: Type.Object({
    path: PathSetting({ description: 'What is copied' }),
    word: Type.String({ description: 'A word' }),
  }),
  inputs: {},
  outputs: { out: { kind: 'text', description: 'The copy' } },
  async run({ settings: { path, word }, outputs }) {
    const files = readdirSync(path).sort().map((name) => readFileSync(path + '/' + name, 'utf8'));
    writeFileSync(outputs.out.path + '/copy.txt', word + files.join(''));
    return { summary: 'copied' };
  },
});
`,
  'data/a.txt': 'a\n',
};

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** How the program is run. */
interface Way {
  readonly at?: string;
  readonly store?: string;
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Ran {
  readonly status: number | null;
  readonly printed: string;
  /** What differs from run to run comes last in the record when the rest was recalled. */
  readonly recalled: boolean;
}

/** Runs a line of Bash in which `roux` is the program. */
function bash(line: string, { at = 'project', store = 'project/.roux', program, env = {} }: Way = {}): Ran {
  const before = runs(store);
  const { ROUX_STORE: _1, TF_NUM_INTRAOP_THREADS: _2, ...environment } = process.env;
  const { status, stdout, stderr } = spawnSync(
    'bash',
    [
      '-c',
      `roux() { "${process.execPath}" "$0" "$@"; }; ${line}`,
      program ?? join(root, 'dist/cli/roux.cjs'),
    ],
    { cwd: join(folder, at), encoding: 'utf8', env: { ...environment, ...env } },
  );
  const [added] = runs(store).filter((run) => !before.includes(run));
  const begun =
    added === undefined ? '' : readFileSync(join(folder, store, 'runs', added, 'run.json'), 'utf8');
  return { status, printed: stdout + stderr, recalled: begun.startsWith('{"recipe":') };
}

function runs(store: string): readonly string[] {
  const all = join(folder, store, 'runs');
  return existsSync(all) ? readdirSync(all) : [];
}

/** Runs until nothing is left to do; whether that was recalled in the end. */
function settles(line: string, way: Way = {}): boolean {
  for (let attempt = 0; attempt < 5; attempt++) {
    const ran = bash(line, way);
    expect(ran.status, ran.printed).toBe(0);
    if (ran.recalled) return true;
  }
  return false;
}

describe('a recipe and a store that are elsewhere', () => {
  const elsewhere = { at: 'work', store: 'store' } as const;
  const line = 'roux run ../project/roux.yaml --store ../store';

  test('leave the working folder as it is', () => {
    expect(settles(line, elsewhere)).toBe(false);
    expect(readdirSync(join(folder, 'work'))).toEqual([]);
  });

  test('do not mind a file where notes would go', () => {
    write('work/.roux', '');
    expect(settles(line, elsewhere)).toBe(false);
    expect(statSync(join(folder, 'work/.roux')).size).toBe(0);
    rmSync(join(folder, 'work/.roux'));
    write('work/.roux/recipes', '');
    expect(settles(line, elsewhere)).toBe(false);
  });

  test('are recalled from the notes of a store of the working folder', () => {
    mkdirSync(join(folder, 'work/.roux'));
    expect(settles(line, elsewhere)).toBe(true);
  });
});

test('parameters that come through a pipe are read once, and no run is kept of them', () => {
  const line = `roux run --params <(echo 'word: two')`;
  expect(settles(line)).toBe(false);
  expect(bash('roux run --set word=two').printed).toContain('1 cached');
});

test('any name of a file of data is a name like others', () => {
  write('project/data/__proto__', 'one\n');
  write('project/data/constructor', 'one\n');
  expect(settles('roux run')).toBe(true);
  write('project/data/__proto__', 'other\n');
  expect(bash('roux run').printed).toContain('1 done');
  expect(settles('roux run')).toBe(true);
});

describe('the runtime of a stage that computes with tensors', () => {
  /** An installation whose tensor libraries are what a test makes them. */
  function install(): string {
    const installed = join(folder, 'installed');
    mkdirSync(join(installed, 'node_modules'), { recursive: true });
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name.startsWith('.') || name === 'onnxruntime-node') continue;
      symlinkSync(join(root, 'node_modules', name), join(installed, 'node_modules', name));
    }
    cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true, preserveTimestamps: true });
    cpSync(join(root, 'package.json'), join(installed, 'package.json'));
    write('installed/node_modules/onnxruntime-node/package.json', '{ "version": "1.0.1" }');
    return join(installed, 'dist/cli/roux.cjs');
  }

  test('counts by the versions of its packages, and where they are found', () => {
    const program = install();
    expect(settles('roux run', { program })).toBe(true);
    write('installed/node_modules/onnxruntime-node/package.json', '{ "version": "1.0.2" }');
    expect(bash('roux run', { program }).printed).toContain('1 done');
    expect(settles('roux run', { program })).toBe(true);
    write('installed/dist/node_modules/onnxruntime-node/package.json', '{ "version": "1.0.3" }');
    expect(bash('roux run', { program }).printed).toContain('1 done');
  });

  test.each(['tensorflow', 'onnx-cuda', 'onnx-webgpu'])('is not told by files: %s', (runtime) => {
    write('project/roux.yaml', `${project['roux.yaml']}runtime: ${runtime}\n`);
    expect(settles('roux run')).toBe(false);
  });

  test('is told by files: cpu', () => {
    write('project/roux.yaml', `${project['roux.yaml']}runtime: cpu\n`);
    expect(settles('roux run')).toBe(true);
  });
});
