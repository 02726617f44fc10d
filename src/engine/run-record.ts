/** Reads the records of runs. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord, RunStageRecord } from './api.js';
import { sha256 } from './digests.js';
import type { RunEvent } from './events.js';
import { ignoreMissing, parseJsonSafely, readFileIfThere } from './file-writing.js';
import { isObject } from './foreign-data.js';
import { isPresent } from './presence.js';
import { parseIdentity } from './process-identity.js';
import { recipeFromStore } from './recipe-path.js';
import { loggedFiles, stageLogFile } from './run-recorder.js';
import { unsealRecord } from './sealed-record.js';
import type { Store } from './store.js';
import { isDigest, isNumbers, isTexts } from './stored-shapes.js';

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
  // Of a damaged record nothing is told: a figure in it may be wrong.
  if (id === undefined || !isRunId(id) || (await findRunDamage(store, id)) !== undefined) return [];
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
  return (await readdir(store.path('runs'))).filter(isRunId).sort((a, b) => {
    const [secondA, countA] = order(a);
    const [secondB, countB] = order(b);
    return secondA === secondB ? countB - countA : secondA < secondB ? 1 : -1;
  });
}

/** Whether that may be the identifier of a run, which is the name of a folder. */
export function isRunId(id: string): boolean {
  return /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/.test(id);
}

/** What is damaged in a run's record; nothing for one that is being written or was broken off. */
export async function findRunDamage(store: Store, id: string): Promise<string | undefined> {
  const folder = store.path('runs', id);
  const begun = await readFileIfThere(join(folder, 'run.json'));
  const ended = await readFileIfThere(join(folder, 'summary.json'));
  if (begun !== undefined && parseBeginning(begun, id) === undefined) return 'run.json is damaged';
  if (ended === undefined) return undefined;
  if (begun === undefined) return 'run.json is missing';
  const files = parseEnd(ended, id)?.files;
  if (files === undefined) return 'summary.json is damaged';
  for (const [name, digest] of Object.entries(isObject(files) ? files : {})) {
    if (!loggedFiles(folder).includes(name)) return `${name} is missing`;
    if (sha256(await readFile(join(folder, name))) !== digest) return `${name} is damaged`;
  }
  return undefined;
}

function parseBeginning(text: string, id: string): Readonly<Record<string, unknown>> | undefined {
  const value = unsealRecord(text);
  if (value?.id !== id || typeof value.recipe !== 'string' || typeof value.name !== 'string')
    return undefined;
  if (typeof value.startedAt !== 'string' || !isObject(value.versions)) return undefined;
  return Array.isArray(value.stages) && value.stages.every(isBegunStage) ? value : undefined;
}

function parseEnd(text: string, id: string): Readonly<Record<string, unknown>> | undefined {
  const value = unsealRecord(text);
  if (value?.run !== id || !isObject(value.stages)) return undefined;
  return Object.values(value.stages).every(isEndedStage) ? value : undefined;
}

function isBegunStage(value: unknown): boolean {
  if (!isObject(value) || typeof value.name !== 'string' || typeof value.type !== 'string') return false;
  return isObject(value.settings) && isObject(value.inputs) && Object.values(value.inputs).every(isTexts);
}

function isEndedStage(value: unknown): boolean {
  if (!isObject(value) || typeof value.outcome !== 'string') return false;
  return (
    (value.key === undefined || isDigest(value.key)) &&
    (value.metrics === undefined || isNumbers(value.metrics))
  );
}

async function readRecord(store: Store, id: string): Promise<RunRecord | undefined> {
  if (!isRunId(id)) return undefined;
  const folder = store.path('runs', id);
  const begun = parseBeginning((await readFileIfThere(join(folder, 'run.json'))) ?? '', id);
  if (begun === undefined || !Array.isArray(begun.stages)) return undefined;
  const text = await readFileIfThere(join(folder, 'summary.json'));
  const ended = text === undefined ? undefined : parseEnd(text, id);
  // Figures that may be wrong are not shown.
  if (text !== undefined && ended === undefined) return undefined;
  const ends = asObject(ended?.stages);
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
  const recipe = recipeFromStore(store, String(begun.recipe));
  return { ...head, recipe, ...summary, stages } as unknown as RunRecord;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
