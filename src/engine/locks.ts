/**
 * Locks between processes: a key is computed by one of them at a time.
 *
 * A lock is a file that names its owner. It is made with `link`, which puts the whole file there or fails. A lock whose
 * owner is dead is taken over by whoever first links the claim `LOCK.dead-TOKEN`, TOKEN being the dead owner's: only the
 * holder of that claim may replace the lock. Should the claimer die too, its own token names the next claim, so there
 * is one entitled process at any moment and never two owners.
 */
import { linkSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFileError, parseJsonSafely } from './file-writing.js';
import { isObject } from './foreign-data.js';
import { isPresent } from './presence.js';
import { type ProcessIdentity, parseIdentity, tokenPattern } from './process-identity.js';
import { namesIn, readSmallFile, removeFile } from './small-files.js';
import type { Store } from './store.js';

/** A lock that this process holds. */
export interface Lock {
  /** Gives the lock back. */
  release(): Promise<void>;
}

/** The outcome of asking for a lock. */
export type LockAnswer =
  | { readonly state: 'locked'; readonly lock: Lock }
  /** `ours`: another run of this process has it. */
  | { readonly state: 'busy'; readonly pid: number; readonly ours: boolean };

/** How long an unreadable lock file may be about to be written, on file systems without hard links. */
const unreadableLockMs = 10_000;

let lockCount = 0;

/** Asks for the lock of a key; does not wait. */
export async function tryLock(store: Store, key: string): Promise<LockAnswer> {
  const path = lockPath(store, key);
  const owner = store.presence.identity;
  // Every lock has its own token, so that two runs of one process do not take each other's locks for their own.
  lockCount += 1;
  const content = JSON.stringify({ ...owner, lock: `${owner.token}-${lockCount}` });
  const temporary = await store.temporaryPath();
  writeFileSync(temporary, content);
  try {
    for (;;) {
      if (linkNew(temporary, path, content)) return { state: 'locked', lock: heldLock(path, content) };
      const found = readLock(path);
      if (found === 'no file') {
        rmSync(path, { recursive: true, force: true });
        store.troubles.note('There was something else in place of a lock in the store; it was removed');
      }
      if (found === undefined || found === 'no file') continue;
      if (await isOwnerAlive(store, found)) return busy(found, owner);
      const rival = await claimDeadLock(store, path, found, temporary, content);
      if (rival === 'claimed') {
        store.troubles.note(
          found.identity === undefined
            ? 'A lock in the store was damaged; it was taken over'
            : `Process ${found.identity.pid} ended without giving back a lock in the store; it was taken over`,
        );
        return { state: 'locked', lock: heldLock(path, content) };
      }
      if (rival !== 'gone') return busy(rival, owner);
    }
  } finally {
    removeFile(temporary);
  }
}

/** Whether a living process holds the lock of a key. */
export async function isLocked(store: Store, key: string): Promise<boolean> {
  const found = readLock(lockPath(store, key));
  return found !== undefined && found !== 'no file' && (await isOwnerAlive(store, found));
}

/** Removes locks of dead processes; gives back the names of what it removed, relative to the store. */
export async function sweepLocks(store: Store): Promise<readonly string[]> {
  const removed: string[] = [];
  const found = [...namesIn(store.path('locks'))].sort();
  if (found.length === 0) return removed;
  for (const name of found) {
    const key = /^([0-9a-z]+)\.lock$/.exec(name)?.[1];
    if (key === undefined || (await isLocked(store, key))) continue;
    const answer = await tryLock(store, key);
    if (answer.state === 'busy') continue;
    await answer.lock.release();
    removed.push(`locks/${name}`);
  }
  for (const name of namesIn(store.path('locks'))) {
    if (!name.includes('.dead-')) continue;
    const claimer = readLock(store.path('locks', name));
    const base = readLock(store.path('locks', name.slice(0, name.indexOf('.dead-'))));
    const stillNeeded = typeof base === 'object' && name.endsWith(`.dead-${base.lock}`);
    if (claimer === undefined || stillNeeded) continue;
    if (claimer !== 'no file' && (await isOwnerAlive(store, claimer))) continue;
    rmSync(store.path('locks', name), { recursive: true, force: true });
    removed.push(`locks/${name}`);
  }
  return removed;
}

interface FoundLock {
  readonly identity: ProcessIdentity | undefined;
  /** The lock's own token. */
  readonly lock: string;
  readonly ageMs: number;
}

function lockPath(store: Store, key: string): string {
  return join(store.folder, 'locks', `${key}.lock`);
}

function busy(found: FoundLock, owner: ProcessIdentity): LockAnswer {
  return { state: 'busy', pid: found.identity?.pid ?? 0, ours: found.identity?.token === owner.token };
}

function heldLock(path: string, content: string): Lock {
  return {
    async release() {
      // Not ours any more if this process was taken for dead (asleep for long, on a shared file system).
      if (readSmallFile(path) === content) removeFile(path);
    },
  };
}

/** Gives the prepared file a second name if that is free. */
function linkNew(temporary: string, path: string, content: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return false;
    if (!isFileError(error, 'EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK')) throw error;
  }
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return false;
    throw error;
  }
}

/** A link is not followed: where it leads nowhere, the lock could neither be read nor made. */
function readLock(path: string): FoundLock | 'no file' | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isFile()) return 'no file';
  const text = readSmallFile(path);
  if (text === undefined) return undefined;
  const value = parseJsonSafely(text);
  const identity = parseIdentity(value);
  const token =
    isObject(value) && typeof value.lock === 'string' && tokenPattern.test(value.lock)
      ? value.lock
      : `unreadable-${stats.ino}`;
  return { identity, lock: token, ageMs: Date.now() - stats.mtimeMs };
}

async function isOwnerAlive(store: Store, found: FoundLock): Promise<boolean> {
  if (found.identity === undefined) return found.ageMs < unreadableLockMs;
  return isPresent(store.folder, found.identity);
}

/**
 * Takes the place of a dead owner. Gives back 'claimed', 'gone' when the lock changed meanwhile, or the living process
 * that was faster.
 */
async function claimDeadLock(
  store: Store,
  path: string,
  dead: FoundLock,
  temporary: string,
  content: string,
): Promise<'claimed' | 'gone' | FoundLock> {
  const claims: string[] = [];
  let token = dead.lock;
  for (;;) {
    const claim = `${path}.dead-${token}`;
    claims.push(claim);
    if (linkNew(temporary, claim, content)) break;
    const rival = readLock(claim);
    if (rival === 'no file') rmSync(claim, { recursive: true, force: true });
    if (rival === undefined || rival === 'no file') return 'gone';
    if (await isOwnerAlive(store, rival)) return rival;
    token = rival.lock;
  }
  const current = readLock(path);
  const entitled = typeof current === 'object' && current.lock === dead.lock;
  if (entitled) {
    const replacement = await store.temporaryPath();
    writeFileSync(replacement, content);
    renameSync(replacement, path);
    for (const claim of claims) removeFile(claim);
    return 'claimed';
  }
  removeFile(claims.at(-1) ?? path);
  return 'gone';
}
