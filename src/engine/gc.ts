import type { GarbageOptions, GarbageReport } from './api.js';
import type { Store } from './store.js';

/** Removes what is no longer wanted: debris always, results and artifacts by age, size and reachability. Never what a running process uses. */
export async function collectGarbage(_store: Store, _options: GarbageOptions): Promise<GarbageReport> {
  throw new Error('not written yet');
}
