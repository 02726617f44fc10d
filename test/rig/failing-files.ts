/**
 * Loaded first (`--import`): makes file operations on a store fail, as a disk does that is full, broken or somebody else's.
 *
 * `ROUX_FAIL` is JSON, see `FailurePlan`. The operation of that number fails, and from then on all of its kind on the same path. It
 * is noted in the file `report`, one line per failure; with number 0 nothing fails and each operation adds a line.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** What is to fail. */
export interface FailurePlan {
  /** Which operation, from 1; 0 counts. */
  readonly number: number;
  readonly code: 'ENOSPC' | 'EACCES' | 'EIO';
  /** The process that runs the recipe, or those of its stages. */
  readonly where: 'engine' | 'stage';
  readonly report: string;
}

type Call = (...args: unknown[]) => unknown;

const { number, code, where, report } = readPlan();

/** Operations that need room on the disk. */
const writing = [
  'open',
  'openSync',
  'writeFile',
  'writeFileSync',
  'writeSync',
  'appendFile',
  'appendFileSync',
  'copyFileSync',
  'mkdir',
  'mkdirSync',
  'rename',
  'renameSync',
  'link',
  'linkSync',
  'fsync',
];
const others = [
  'readFile',
  'readFileSync',
  'readdir',
  'readdirSync',
  'stat',
  'statSync',
  'lstat',
  'lstatSync',
  'chmod',
  'chmodSync',
  'utimes',
  'utimesSync',
  'rm',
  'unlinkSync',
  'rmdir',
];
const handleMethods =
  code === 'ENOSPC' ? ['writeFile', 'write', 'sync'] : ['writeFile', 'read', 'sync', 'chmod'];

const original = { appendFileSync: fs.appendFileSync, openSync: fs.openSync };
const pathsOfDescriptors = new Map<unknown, string>();
let count = 0;
let struck = '';

const isStage = /worker[/\\]main\.js$/.test(process.argv[1] ?? '');
if (isMainThread && report !== '' && (where === 'stage') === isStage) {
  for (const holder of [fs, fs.promises]) {
    for (const name of code === 'ENOSPC' ? writing : [...writing, ...others]) {
      // Node's own functions call those with callbacks, and get along without in ways of their own; the engine calls none.
      if (holder === fs.promises || name.endsWith('Sync')) replace(holder, name);
    }
  }
  syncBuiltinESMExports();
}

function readPlan(): FailurePlan {
  const none: FailurePlan = { number: 0, code: 'EIO', where: 'engine', report: '' };
  return process.env.ROUX_FAIL === undefined ? none : JSON.parse(process.env.ROUX_FAIL);
}

function replace(holder: object, name: string): void {
  const call: unknown = Reflect.get(holder, name);
  if (typeof call !== 'function') return;
  Reflect.set(holder, name, function failing(this: unknown, ...args: unknown[]) {
    const path = pathOf(args);
    if (path === undefined || !fails(name, path)) return watch(name, path, Reflect.apply(call, this, args));
    const error = failure(name, path);
    if (holder === fs.promises) return Promise.reject(error);
    throw error;
  });
}

/** The path in a store that an operation is on. */
function pathOf([first]: readonly unknown[]): string | undefined {
  const path = typeof first === 'number' ? pathsOfDescriptors.get(first) : String(first);
  return path !== undefined && /\/\.roux(\/|$)/.test(path) ? path : undefined;
}

/** Follows what is opened, since most of writing is done with open files. */
function watch(name: string, path: string | undefined, result: unknown): unknown {
  if (path === undefined) return result;
  if (name === 'openSync') pathsOfDescriptors.set(result, path);
  if (name !== 'open' || !(result instanceof Promise)) return result;
  return result.then((handle: object) => {
    for (const method of handleMethods) {
      const call = Reflect.get(handle, method) as Call;
      Reflect.set(handle, method, (...args: unknown[]) =>
        fails(`handle.${method}`, path)
          ? Promise.reject(failure(method, path))
          : Reflect.apply(call, handle, args),
      );
    }
    return handle;
  });
}

function fails(name: string, path: string): boolean {
  count += 1;
  const operation = `${name} ${path}`;
  if (number === 0) original.appendFileSync(report, `${process.pid} ${operation}\n`);
  if (count !== number && operation !== struck) return false;
  struck = operation;
  original.appendFileSync(report, `${operation}\n`);
  return true;
}

function failure(name: string, path: string): Error {
  return Object.assign(new Error(`${code}: made to fail, ${name} '${path}'`), { code, syscall: name, path });
}
