/** Files in which compiled functions are kept from process to process. */
import { createHash, randomUUID } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { KeptFunctionsOptions } from './runtime.js';

/** Where functions are looked up and kept. */
export interface KeptFunctions {
  /**
   * What `make` gives, or gave when the key was the same.
   *
   * @param key everything that decides it, as data.
   * @param make gives plain data and typed arrays.
   */
  get<T>(key: unknown, make: () => T): T;
}

/** Raised when the files change their meaning. */
const FORMAT = 1;

/** A step of twelve layers takes some 0.4 MB: with so many files the folder stays below 100 MB. */
const MOST_FILES = 250;

/** Files that are begun are renamed at once; what is this old was left by a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1_000;

const EXTENSION = '.function';
const DIGEST_BYTES = 32;

/** Keeps functions in a folder, which is made when there is none. The least recently used ones go when there are too many. */
export function openKeptFunctions({ folder, code }: KeptFunctionsOptions): KeptFunctions {
  return {
    get: <T>(key: unknown, make: () => T): T => {
      const text = textOf({ format: FORMAT, code, node: process.version, key });
      const file = join(folder, `${createHash('sha256').update(text).digest('hex')}${EXTENSION}`);
      const payload = read(file, text);
      // The digest covers the key and the payload: what is deserialized is what a process of the same code wrote.
      if (payload !== undefined) return deserialize(payload) as T;
      const made = make();
      write(folder, file, text, serialize(made));
      return made;
    },
  };
}

/** Text that is equal only for equal data; JSON, but for numbers that it does not tell apart. Throws for what is no plain data. */
function textOf(data: unknown): string {
  return JSON.stringify(data, (_name, value: unknown) => {
    const isPlain =
      typeof value === 'object' ? isPlainObject(value) : !['function', 'symbol'].includes(typeof value);
    if (!isPlain) throw new Error('what decides what is computed must be told as plain data');
    if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
    return { number: Object.is(value, -0) ? '-0' : String(value) };
  });
}

/** JSON would write maps and typed arrays as if they were empty, or something else. */
function isPlainObject(value: object | null): boolean {
  if (value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function read(file: string, key: string): Buffer | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return unlessOfTheDisk(error);
  }
  const payload = bytes.subarray(DIGEST_BYTES);
  if (!digestOf(key, payload).equals(bytes.subarray(0, DIGEST_BYTES))) return undefined;
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch (error) {
    // It was collected just now, or belongs to another user.
    unlessOfTheDisk(error);
  }
  return payload;
}

function write(folder: string, file: string, key: string, payload: Buffer): void {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    mkdirSync(folder, { recursive: true });
    // Files in it are removed: a link could lead to anybody's.
    if (!lstatSync(folder).isDirectory()) return;
    try {
      writeFileSync(temporary, Buffer.concat([digestOf(key, payload), payload]));
      renameSync(temporary, file);
    } finally {
      rmSync(temporary, { force: true });
    }
    removeOldest(folder);
  } catch (error) {
    // Where nothing can be written, every process compiles for itself.
    unlessOfTheDisk(error);
  }
}

function removeOldest(folder: string): void {
  const names = readdirSync(folder);
  const left = names.filter((name) => name.endsWith('.tmp'));
  const kept = names.filter((name) => name.endsWith(EXTENSION));
  const excess = kept.length - MOST_FILES;
  if (excess <= 0 && left.length === 0) return;
  const ages = new Map(names.map((name) => [name, ageOf(join(folder, name))]));
  const age = (name: string) => ages.get(name) ?? 0;
  const oldest = kept.sort((one, other) => age(other) - age(one)).slice(0, Math.max(0, excess));
  for (const name of [...oldest, ...left.filter((name) => age(name) > ABANDONED_MS)])
    rmSync(join(folder, name), { force: true });
}

/** Milliseconds since a file was written or used; 0 when it is gone. */
function ageOf(file: string): number {
  return Date.now() - (lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

function digestOf(key: string, payload: Uint8Array): Buffer {
  return createHash('sha256').update(key).update(payload).digest();
}

/** Nothing for what the disk refuses; anything else is a bug and thrown. */
function unlessOfTheDisk(error: unknown): undefined {
  if (error instanceof Error && 'syscall' in error) return undefined;
  throw error;
}
