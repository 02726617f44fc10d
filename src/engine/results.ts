/** Results in the store: key -> what came out. Written last, so that a result that can be read is complete. */
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setAside } from './artifacts.js';
import { canonicalJson } from './canonical-json.js';
import { sha256 } from './digests.js';
import { listFolders, parseJsonSafely, writeFileAtomically } from './file-writing.js';
import { isObject } from './foreign-data.js';
import type { ResultRecord } from './result-record.js';
import { readSmallFile, touch } from './small-files.js';
import type { Store } from './store.js';
import { isDigest, isResultRecord } from './stored-shapes.js';

/** What the store says of a key. */
export type ResultAnswer =
  | { readonly state: 'found'; readonly record: ResultRecord }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly detail: string };

/** Reads a result. Damaged ones stay where they are; see `setResultAside`. */
export async function readResult(store: Store, key: string): Promise<ResultAnswer> {
  // Keys come from records of runs and sweeps, too.
  if (!isDigest(key)) return { state: 'missing' };
  const text = readSmallFile(store.resultFile(key));
  if (text === undefined) return { state: 'missing' };
  const stored = parseJsonSafely(text);
  // Without its last line break alone it is still cut off.
  const isWhole = isObject(stored) && text.endsWith('\n');
  if (!isWhole || !isObject(stored.record) || typeof stored.sha256 !== 'string') {
    return { state: 'damaged', detail: 'the record of the result cannot be read' };
  }
  if (sha256(canonicalJson(stored.record)) !== stored.sha256 || stored.record.key !== key) {
    return {
      state: 'damaged',
      detail: 'the record of the result does not have the contents it was stored with',
    };
  }
  if (stored.format !== 1) return { state: 'missing' };
  // The checksum says that nothing happened to it since; not who wrote it.
  return isResultRecord(stored.record)
    ? { state: 'found', record: stored.record }
    : { state: 'damaged', detail: 'the record of the result is not one that roux writes' };
}

/** Stores a result whose artifacts are published; from here on its key is a hit. */
export async function writeResult(store: Store, record: ResultRecord): Promise<void> {
  await store.presence.pin([record.key]);
  const path = store.resultFile(record.key);
  mkdirSync(dirname(path), { recursive: true });
  await writeFileAtomically(path, textOfResult(record), {
    temporary: await store.temporaryPath(),
    after: Object.values(record.outputs).map(({ digest }) => dirname(store.artifactFolder(digest))),
  });
}

/** What the file of a result holds. */
export function textOfResult(record: ResultRecord): string {
  const stored = { format: 1, sha256: sha256(canonicalJson(record)), record };
  return `${JSON.stringify(stored, undefined, 1)}\n`;
}

/** Moves a damaged result into the quarantine. */
export async function setResultAside(store: Store, key: string, detail: string): Promise<void> {
  await setAside(store, store.resultFile(key), `result-${key}`, detail);
}

/** Notes that a result was used, for garbage collection by age. */
export function touchResult(store: Store, key: string): void {
  touch(store.resultFile(key));
}

/** The keys of all results. */
export async function listKeys(store: Store): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const shard of await listFolders(store.path('results'))) {
    for (const name of (await readdir(store.path('results', shard))).sort()) {
      const key = name.replace(/\.json$/, '');
      if (isDigest(key)) keys.push(key);
    }
  }
  return keys;
}
