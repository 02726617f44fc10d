import type { StoredResult } from './api.js';
import type { Store } from './store.js';

/** Every result in the store, the one used last first. */
export async function listResults(_store: Store): Promise<readonly StoredResult[]> {
  throw new Error('not written yet');
}
