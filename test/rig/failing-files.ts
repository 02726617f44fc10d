/**
 * Loaded first (`--import`): makes one file operation of this process on a store fail, the one that `ROUX_FAIL` numbers, with
 * the code that it names: `17:ENOSPC`. Prints the operation when it comes to that.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [number = '0', code = 'EIO'] = (process.env.ROUX_FAIL ?? '').split(':');

/** Operations that need room on the disk. */
const writing = [
  'open',
  'openSync',
  'writeFile',
  'writeFileSync',
  'mkdir',
  'mkdirSync',
  'rename',
  'link',
  'appendFile',
];
const others = [
  'readFile',
  'readFileSync',
  'readdir',
  'readdirSync',
  'stat',
  'lstat',
  'chmod',
  'utimes',
  'rm',
  'rmdir',
];
let count = 0;

for (const holder of [fs, fs.promises]) {
  for (const name of code === 'ENOSPC' ? writing : [...writing, ...others]) {
    const original: unknown = Reflect.get(holder, name);
    if (typeof original !== 'function') continue;
    Reflect.set(holder, name, function failing(this: unknown, ...args: unknown[]) {
      const [path] = args;
      if (!String(path).includes('/.roux/') || ++count !== Number(number))
        return Reflect.apply(original, this, args);
      process.stderr.write(`made to fail: ${name} ${path}\n`);
      const error = Object.assign(new Error(`${code}: made to fail, ${name} '${path}'`), {
        code,
        syscall: name,
        path,
      });
      if (holder === fs.promises) return Promise.reject(error);
      const last = args.at(-1);
      if (typeof last === 'function') return process.nextTick(() => Reflect.apply(last, undefined, [error]));
      throw error;
    });
  }
}
syncBuiltinESMExports();
