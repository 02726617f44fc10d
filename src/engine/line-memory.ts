/**
 * What is remembered of the contents of files outside the store, so that it can be told later what changed in them: four
 * bytes per line of a text, and the names and digests of a folder's files.
 *
 * It is written when a stage that read the files has ended, never while one waits, and is only ever used to word reasons. Its
 * size is bounded: large and binary files are left out, and the oldest entries go when there are too many.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { ignoreMissing, parseJsonSafely, writeFileAtomically } from './file-writing.js';
import type { Store } from './store.js';

/** A file's digest and a hash of each of its lines. */
export interface LineSketch {
  readonly sha256: string;
  readonly lines: Uint32Array;
}

/** A file of a folder. */
export interface RememberedFile {
  readonly path: string;
  readonly sha256: string;
}

/** Hashing lines takes some 0.1 s for this many bytes; larger files only get a digest. */
const largestFile = 64 * 2 ** 20;

const hashBytes = 4;

const sealBytes = 32;

const mostLines = 2 ** 21;

const mostFiles = 20_000;

/** All entries together. */
const largestMemory = 64 * 2 ** 20;

/** A text has no NUL among its first bytes. */
const probeBytes = 8_192;

const chunkBytes = 2 ** 20;

/** FNV-1a, 32 bits (Fowler, Noll, Vo): short, and good enough to tell a million lines apart. */
const fnvBasis = 0x811c9dc5;
const fnvPrime = 0x01000193;
const newline = 0x0a;

/** Hashes the lines of a text file; `undefined` for what is binary, too large or no file. */
export async function sketchLines(path: string): Promise<LineSketch | undefined> {
  const stats = await stat(path).catch(ignoreMissing);
  if (stats === undefined || !stats.isFile() || stats.size > largestFile) return undefined;
  const hashes: number[] = [];
  const digest = createHash('sha256');
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let hash = fnvBasis;
    let open = false;
    for (let first = true; ; first = false) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, null);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      if (first && chunk.subarray(0, probeBytes).includes(0)) return undefined;
      digest.update(chunk);
      for (let index = 0; index < bytesRead; index += 1) {
        const byte = chunk[index] ?? 0;
        open = byte !== newline;
        if (open) hash = Math.imul(hash ^ byte, fnvPrime);
        else {
          hashes.push(hash >>> 0);
          hash = fnvBasis;
        }
      }
      if (hashes.length > mostLines) return undefined;
    }
    if (open) hashes.push(hash >>> 0);
  } finally {
    await file.close();
  }
  return { sha256: digest.digest('hex'), lines: Uint32Array.from(hashes) };
}

/** Remembers the lines of a text under a digest: of the text, or of what was made of it. */
export async function rememberLines(store: Store, digest: string, lines: Uint32Array): Promise<void> {
  const bytes = Buffer.alloc(lines.byteLength);
  for (const [index, hash] of lines.entries()) bytes.writeUInt32LE(hash, hashBytes * index);
  const name = `${digest}.lines`;
  await remember(store, name, Buffer.concat([sealOf(name, bytes), bytes]));
}

/** The lines of a text by its digest; `undefined` when they are not known (any more). */
export async function recallLines(store: Store, digest: string): Promise<Uint32Array | undefined> {
  const sealed = await readFile(entryPath(store, `${digest}.lines`)).catch(ignoreMissing);
  const bytes = sealed === undefined ? undefined : unsealEntry(store, `${digest}.lines`, sealed);
  if (bytes === undefined) return undefined;
  const lines = new Uint32Array(Math.floor(bytes.length / hashBytes));
  return lines.map((_, index) => bytes.readUInt32LE(hashBytes * index));
}

/** Whether something is remembered under a digest. */
export async function isRemembered(store: Store, digest: string): Promise<boolean> {
  return ['lines', 'files'].some((kind) => existsSync(entryPath(store, `${digest}.${kind}`)));
}

/** Remembers which files a folder had. */
export async function rememberFiles(
  store: Store,
  digest: string,
  files: readonly RememberedFile[],
): Promise<void> {
  if (files.length > mostFiles) return;
  const rows = files.map(({ path, sha256 }) => [path, sha256]);
  const name = `${digest}.files`;
  const bytes = Buffer.from(JSON.stringify(rows));
  await remember(store, name, Buffer.concat([sealOf(name, bytes), bytes]));
}

/** The files of a folder by its digest; `undefined` when they are not known. */
export async function recallFiles(
  store: Store,
  digest: string,
): Promise<readonly RememberedFile[] | undefined> {
  const sealed = await readFile(entryPath(store, `${digest}.files`)).catch(ignoreMissing);
  const bytes = sealed === undefined ? undefined : unsealEntry(store, `${digest}.files`, sealed);
  const value = parseJsonSafely(bytes?.toString() ?? '');
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((row: unknown) =>
    Array.isArray(row) && typeof row[0] === 'string' && typeof row[1] === 'string'
      ? [{ path: row[0], sha256: row[1] }]
      : [],
  );
}

/** Whether an entry is as it was written. */
export function isSoundEntry(name: string, sealed: Buffer): boolean {
  return sealed.subarray(0, sealBytes).equals(sealOf(name, sealed.subarray(sealBytes)));
}

/** The contents of an entry; `undefined`, with a word, when it is damaged. */
function unsealEntry(store: Store, name: string, sealed: Buffer): Buffer | undefined {
  if (isSoundEntry(name, sealed)) return sealed.subarray(sealBytes);
  store.troubles.note('What was remembered of the lines of a file is damaged; it is not used');
  return undefined;
}

/** Stands before the contents: a hash of them and of the name they are found under. */
function sealOf(name: string, bytes: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(bytes).digest();
}

async function remember(store: Store, name: string, contents: Uint8Array): Promise<void> {
  await mkdir(store.path('lines'), { recursive: true });
  await prune(store, largestMemory - contents.length);
  await writeFileAtomically(entryPath(store, name), contents, {
    temporary: await store.temporaryPath(),
    durable: false,
  });
}

/** Removes the oldest entries until the rest takes at most `bytes`. */
async function prune(store: Store, bytes: number): Promise<void> {
  const names = await readdir(store.path('lines'));
  const entries = await Promise.all(
    names.map(async (name) => ({ name, stats: await stat(entryPath(store, name)).catch(ignoreMissing) })),
  );
  const newestFirst = entries
    .flatMap(({ name, stats }) =>
      stats === undefined ? [] : [{ name, size: stats.size, at: stats.mtimeMs }],
    )
    .sort((a, b) => b.at - a.at);
  let room = bytes;
  for (const { name, size } of newestFirst) {
    room -= size;
    if (room < 0) await rm(entryPath(store, name), { force: true });
  }
}

function entryPath(store: Store, name: string): string {
  return store.path('lines', name);
}
