import type { RunRecord } from './api.js';
import type { RunEvent } from './events.js';
import type { Store } from './store.js';

/** The records of all runs, the newest first. */
export async function listRuns(_store: Store): Promise<readonly RunRecord[]> {
  throw new Error('not written yet');
}

/** One run's record; `undefined` when there is none of this identifier. `latest` names the newest. */
export async function readRun(_store: Store, _run: string): Promise<RunRecord | undefined> {
  throw new Error('not written yet');
}

/** A run's events, in order; a line that was half written when the process was killed is left out. */
export async function readRunEvents(_store: Store, _run: string): Promise<readonly RunEvent[]> {
  throw new Error('not written yet');
}
