/** Reads the records of runs. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord, RunStageRecord } from './api.js';
import type { RunEvent } from './events.js';
import { ignoreMissing, parseJsonSafely, readFileIfThere } from './file-writing.js';
import { isObject } from './foreign-data.js';
import { isPresent } from './presence.js';
import { parseIdentity } from './process-identity.js';
import { stageLogFile } from './run-recorder.js';
import type { Store } from './store.js';

/** The records of all runs, the newest first. */
export async function listRuns(store: Store): Promise<readonly RunRecord[]> {
  const records: RunRecord[] = [];
  for (const id of await runIds(store)) {
    const record = await readRecord(store, id);
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** One run's record; `undefined` when there is none of this identifier. `latest` names the newest. */
export async function readRun(store: Store, run: string): Promise<RunRecord | undefined> {
  if (run !== 'latest') return readRecord(store, run);
  for (const id of await runIds(store)) {
    const record = await readRecord(store, id);
    if (record !== undefined) return record;
  }
  return undefined;
}

/** A run's events, in order; a line that was half written when the process was killed is left out. */
export async function readRunEvents(store: Store, run: string): Promise<readonly RunEvent[]> {
  const id = run === 'latest' ? (await readRun(store, run))?.id : run;
  if (id === undefined) return [];
  const text = (await readFileIfThere(store.path('runs', id, 'events.jsonl'))) ?? '';
  return text.split('\n').flatMap((line) => {
    const event = parseJsonSafely(line);
    // Written by the recorder of this version or an older one.
    return isObject(event) && typeof event.event === 'string' ? [event as unknown as RunEvent] : [];
  });
}

/** The identifiers of all runs, the newest first. */
export async function runIds(store: Store): Promise<readonly string[]> {
  const order = (id: string): readonly [string, number] => {
    const [day = '', second = '', count = '1'] = id.split('-');
    return [`${day}-${second}`, Number(count)];
  };
  return (await readdir(store.path('runs'))).sort((a, b) => {
    const [secondA, countA] = order(a);
    const [secondB, countB] = order(b);
    return secondA === secondB ? countB - countA : secondA < secondB ? 1 : -1;
  });
}

async function readRecord(store: Store, id: string): Promise<RunRecord | undefined> {
  if (id.includes('/') || id.includes('\\') || id.startsWith('.')) return undefined;
  const folder = store.path('runs', id);
  const begun = parseJsonSafely((await readFileIfThere(join(folder, 'run.json'))) ?? '');
  if (!isObject(begun) || !Array.isArray(begun.stages)) return undefined;
  const ended = parseJsonSafely((await readFileIfThere(join(folder, 'summary.json'))) ?? '');
  const ends = isObject(ended) && isObject(ended.stages) ? ended.stages : {};
  const { process: owner, ...head } = begun;
  const stages: RunStageRecord[] = [];
  for (const stage of begun.stages) {
    const log = stageLogFile(folder, String(stage.name));
    const printed = (await stat(log).catch(ignoreMissing)) !== undefined;
    stages.push({ ...stage, ...asObject(ends[String(stage.name)]), ...(printed ? { log } : {}) });
  }
  const identity = parseIdentity(owner);
  const alive = identity !== undefined && (await isPresent(store.folder, identity));
  const summary = isObject(ended)
    ? { outcome: ended.outcome, counts: ended.counts, durationMs: ended.durationMs }
    : { outcome: alive ? 'running' : 'interrupted' };
  // Written by the recorder of this version or an older one.
  return { ...head, ...summary, stages } as unknown as RunRecord;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
