/** What is remembered of files that were hashed: stamps of artifacts, stamps and digests of files outside the store. */
import { mkdirSync } from 'node:fs';
import { sealText, unsealText } from '../plugin/sealed-text.js';
import type { FileStamp } from './file-stamp.js';
import { parseJsonSafely, writeFileAtomically } from './file-writing.js';
import { emptyRecord, isObject } from './foreign-data.js';
import { fileSystemError } from './fs-failure.js';
import { readSmallFile } from './small-files.js';
import type { Store } from './store.js';

/** File of an artifact -> its stamp when it was found to be right. */
export type ArtifactStamps = Readonly<Record<string, FileStamp>>;

/** A file outside the store when it was hashed. */
export interface HashedFile {
  readonly stamp: FileStamp;
  readonly sha256: string;
  readonly size: number;
}

/** The stamps of an artifact's files; empty when none are known. */
export async function loadStamps(store: Store, digest: string): Promise<ArtifactStamps> {
  return loadEntries(store, digest, (value) => (typeof value === 'string' ? value : undefined));
}

/** Remembers the stamps of an artifact's files. */
export async function saveStamps(store: Store, digest: string, stamps: ArtifactStamps): Promise<void> {
  await saveEntries(store, digest, stamps);
}

/** What is known of the files below a path outside the store. */
export async function loadHashedFiles(
  store: Store,
  id: string,
): Promise<Readonly<Record<string, HashedFile>>> {
  return loadEntries(store, id, (value) =>
    isObject(value) &&
    typeof value.stamp === 'string' &&
    typeof value.sha256 === 'string' &&
    typeof value.size === 'number'
      ? { stamp: value.stamp, sha256: value.sha256, size: value.size }
      : undefined,
  );
}

/** Remembers what was learnt of the files below a path outside the store. */
export async function saveHashedFiles(
  store: Store,
  id: string,
  files: Readonly<Record<string, HashedFile>>,
): Promise<void> {
  await saveEntries(store, id, files);
}

async function loadEntries<Entry>(
  store: Store,
  id: string,
  parse: (value: unknown) => Entry | undefined,
): Promise<Readonly<Record<string, Entry>>> {
  const entries = emptyRecord<Entry>();
  const sealed = readSmallFile(stampFile(store, id));
  if (sealed === undefined) return entries;
  const value = parseStamps(sealed, id);
  if (value === undefined) {
    store.troubles.note('What was known of some files without reading them is damaged; they are read again');
    return entries;
  }
  for (const [path, stored] of Object.entries(value)) {
    const entry = parse(stored);
    if (entry !== undefined) entries[path] = entry;
  }
  return entries;
}

async function saveEntries(store: Store, id: string, entries: object): Promise<void> {
  try {
    mkdirSync(store.path('stamps', id.slice(0, 2)), { recursive: true });
    const temporary = await store.temporaryPath();
    await writeFileAtomically(stampFile(store, id), sealText(JSON.stringify({ id, files: entries })), {
      temporary,
      durable: false,
    });
  } catch (error) {
    // Only a cache: where it cannot be written, files are hashed again the next time.
    const refused = fileSystemError(error, 'noting which files are known');
    if (refused === undefined) throw error;
    store.troubles.note(`${refused.message}; they are read again the next time`);
  }
}

/** The entries of a note of stamps; `undefined` when it is damaged or another one's. */
export function parseStamps(sealed: string, id: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJsonSafely(unsealText(sealed) ?? '');
  return isObject(value) && value.id === id && isObject(value.files) ? value.files : undefined;
}

function stampFile(store: Store, id: string): string {
  return store.path('stamps', id.slice(0, 2), `${id}.json`);
}
