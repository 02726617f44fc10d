/** Keeps garbage collection and running processes out of each other's way. */
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../artifacts/user-error.js';
import { isLocked, type Lock, tryLock } from './locks.js';
import type { Store } from './store.js';

const collectorLock = 'gc';

/** How long until the next look whether a collection is over, in milliseconds. */
const pollMs = 50;

/**
 * Protects results and artifacts (keys and digests) from garbage collection until this process is gone. A collection that
 * goes on may have decided before; so what is to be used has to be looked for after this.
 */
export async function protect(store: Store, ids: readonly string[]): Promise<void> {
  await store.presence.pin(ids);
  while (await isLocked(store, collectorLock)) await wait(pollMs);
}

/** Begins a collection: what is protected before this can be seen, what is protected later waits for its end. */
export async function beginCollection(store: Store): Promise<Lock> {
  const answer = await tryLock(store, collectorLock);
  if (answer.state === 'locked') return answer.lock;
  throw new UserError({
    message: 'Another process is removing things from the store already',
    code: 'store/busy',
    found: `process ${answer.pid}`,
    help: 'Wait until it is done',
  });
}
