/** Finds what is damaged among the notes of a store: what speeds things up, and what tells of the past. */
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { sha256 } from './digests.js';
import { ignoreMissing } from './file-writing.js';
import { isEntryOf, parseHistory } from './history.js';
import { isSoundEntry } from './line-memory.js';
import { findRunDamage, runIds } from './run-record.js';
import { parseStamps } from './stamps.js';
import type { Store } from './store.js';
import { parseSweep } from './sweep-record.js';
import { parseTag } from './tags.js';

/** A note that is not as it was written. */
export interface DamagedNote {
  /** Relative to the store. */
  readonly id: string;
  /** Absolute; for the record of a run its folder. */
  readonly path: string;
  readonly detail: string;
}

/** A kind of note: where it lies, and whether a file of the name may hold these bytes. */
interface NoteKind {
  readonly folder: string;
  readonly isSound: (name: string, bytes: Buffer, store: Store, path: string) => boolean;
}

const kinds: readonly NoteKind[] = [
  {
    folder: 'history',
    isSound: (_, bytes, store, path) => {
      const entry = parseHistory(bytes.toString());
      return entry !== undefined && isEntryOf(store, path, entry);
    },
  },
  { folder: 'stamps', isSound: (name, bytes) => parseStamps(bytes.toString(), name) !== undefined },
  { folder: 'provenance', isSound: (name, bytes) => sha256(bytes) === name },
  { folder: 'tags', isSound: (name, bytes) => parseTag(name, bytes.toString()) !== undefined },
  { folder: 'sweeps', isSound: (name, bytes) => parseSweep(name, bytes.toString()) !== undefined },
];

/** Reads every note. */
export async function findDamagedNotes(store: Store): Promise<readonly DamagedNote[]> {
  const damaged: DamagedNote[] = [];
  for (const { folder, isSound } of kinds) {
    for (const path of await filesBelow(store, folder)) {
      if (!path.endsWith('.json')) continue;
      const bytes = await readFile(store.path(path)).catch(ignoreMissing);
      if (bytes === undefined || isSound(basename(path, '.json'), bytes, store, store.path(path))) continue;
      damaged.push({ id: path, path: store.path(path), detail: 'it is not as it was written' });
    }
  }
  for (const path of await filesBelow(store, 'lines')) {
    const bytes = await readFile(store.path(path)).catch(ignoreMissing);
    if (bytes === undefined || isSoundEntry(basename(path), bytes)) continue;
    damaged.push({ id: path, path: store.path(path), detail: 'it is not as it was written' });
  }
  for (const id of await runIds(store)) {
    const detail = await findRunDamage(store, id);
    if (detail !== undefined) damaged.push({ id: `runs/${id}`, path: store.path('runs', id), detail });
  }
  return damaged;
}

/** Paths relative to the store. */
async function filesBelow(store: Store, folder: string): Promise<readonly string[]> {
  const entries = await readdir(store.path(folder), { recursive: true, withFileTypes: true }).catch(
    ignoreMissing,
  );
  return (entries ?? [])
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(store.folder.length + 1))
    .sort();
}
