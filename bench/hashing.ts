/**
 * How fast the contents of input files become part of a key: one file of 1 GB, four of 256 MB, and 100,000 small ones, read for
 * the first time and looked at again.
 *
 *     node bench/run.mjs hashing
 *
 * In turns with ours: `cat` of the same files to nowhere, which is what the disk (or, for files in memory, the system) gives, and
 * SHA-256 of as many bytes that are in memory already, on one thread. The goal: files are hashed at the speed of whichever of the
 * two is lower, and not read again while they do not change. Cold: after the system was asked to forget the files, which
 * it may do only in part.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPathContents } from '../src/engine/path-contents.js';
import { openStore } from '../src/engine/store.js';
import { temporaryFolder } from './support/engine-projects.js';
import { median } from './support/processes.js';

const gigabyte = 2 ** 30;
const rounds = Number(process.argv[2] ?? 3);
const smallFiles = 100_000;
/** Ours may be this much slower than the slower of disk and hash, for what is measured differs from round to round. */
const leastShare = 0.8;

const { folder, remove } = temporaryFolder('hashing');
let missed = false;
let stores = 0;
try {
  const one = join(folder, 'one');
  const four = join(folder, 'four');
  const many = join(folder, 'many');
  writeBytes(one, 1);
  writeBytes(four, 4);
  const hash = rate(() => hashInMemory());
  console.log(`SHA-256 of bytes in memory, one thread: ${hash.toFixed(2)} GB/s`);
  for (const [name, inputs] of [
    ['one file of 1 GB', one],
    ['four files of 256 MB', four],
  ] as const) {
    for (const warm of [false, true]) {
      const prepare = warm ? () => cat(inputs) : () => forget(inputs);
      const disk: number[] = [];
      const ours: number[] = [];
      for (let round = 0; round < rounds; round++) {
        prepare();
        disk.push(rate(() => cat(inputs)));
        prepare();
        ours.push(await rateOf(() => firstLook(inputs)));
      }
      const limit = Math.min(median(disk), hash);
      const share = median(ours) / limit;
      if (share < leastShare) missed = true;
      console.log(
        `${name}, ${warm ? 'warm' : 'cold'}: read ${median(disk).toFixed(2)} GB/s, ` +
          `ours ${median(ours).toFixed(2)} GB/s, ${share.toFixed(2)} of the lower of read and hash`,
      );
    }
  }
  await lookAgain('four files of 256 MB', four);
  writeSmallFiles(many);
  await lookAgain(`${smallFiles.toLocaleString('en')} files of 30 bytes`, many);
} finally {
  remove();
}
if (missed) process.exitCode = 1;

/** As the first plan of a project does: nothing is known of the files. */
async function firstLook(inputs: string): Promise<void> {
  stores += 1;
  const store = await openStore(join(folder, `store${stores}`));
  await readPathContents(store, inputs, 'inputs');
  await store.close();
}

/** The same store twice. */
async function lookAgain(name: string, inputs: string): Promise<void> {
  const store = await openStore(join(folder, 'again'));
  const look = () => readPathContents(store, inputs, 'inputs');
  const first = await milliseconds(look);
  const before = bytesRead();
  const second = await milliseconds(look);
  const read = bytesRead() - before;
  await store.close();
  console.log(
    `${name}: first look ${first.toFixed(0)} ms, second ${second.toFixed(0)} ms, ` +
      `in which ${(read / 1e6).toFixed(1)} MB were read`,
  );
}

function writeBytes(target: string, files: number): void {
  mkdirSync(target);
  const bytes = Buffer.alloc(gigabyte / files, 'not a word twice? ');
  for (let index = 0; index < files; index++) {
    bytes.writeUInt32LE(index);
    writeFileSync(join(target, String(index)), bytes);
    makeOld(join(target, String(index)));
  }
  spawnSync('sync', ['-f', target]);
}

function writeSmallFiles(target: string): void {
  mkdirSync(target);
  for (let index = 0; index < smallFiles; index++) {
    const file = join(target, `${index}.txt`);
    writeFileSync(file, `the text of file ${String(index).padStart(12)}\n`);
  }
  makeOld(target);
}

/** What changed just now is read once more the next time. */
function makeOld(file: string): void {
  utimesSync(file, 1e9, 1e9);
}

function cat(inputs: string): void {
  const { status } = spawnSync('sh', ['-c', `cat '${inputs}'/* > /dev/null`]);
  if (status !== 0) throw new Error('cat failed');
}

/** Asks the system to drop its copies of the files. */
function forget(inputs: string): void {
  spawnSync('sh', [
    '-c',
    `for file in '${inputs}'/*; do dd if="$file" iflag=nocache count=0 2>/dev/null; done`,
  ]);
}

function hashInMemory(): void {
  const piece = Buffer.alloc(2 ** 20);
  const hash = createHash('sha256');
  for (let done = 0; done < gigabyte; done += piece.length) hash.update(piece);
  hash.digest();
}

function rate(work: () => void): number {
  const began = performance.now();
  work();
  return gigabyte / 1e6 / (performance.now() - began);
}

async function rateOf(work: () => Promise<unknown>): Promise<number> {
  return gigabyte / 1e6 / (await milliseconds(work));
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** What this process has read, threads included (proc(5)). */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}
