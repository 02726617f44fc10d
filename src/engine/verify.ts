import type { VerifyReport } from './api.js';
import type { Store } from './store.js';

/** Reads every byte of the store; what does not match its digest is set aside (unless `dryRun`) and made again by the next run. */
export async function verifyStore(
  _store: Store,
  _options: { readonly dryRun?: boolean } = {},
): Promise<VerifyReport> {
  throw new Error('not written yet');
}
