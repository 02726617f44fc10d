/**
 * Answers the question for a run from its note: looks at everything that a run looks at which finds all its results, and if nothing
 * is different records and tells what such a run would.
 *
 * Whatever is not exactly as it was is left to `runRecipe`; nothing is repaired or explained here.
 */
import { rmSync, statSync } from 'node:fs';
import { isRegularFile } from '../plugin/regular-file.js';
import type { Json } from '../plugin/stage-info.js';
import { basisHolds, type Environment } from '../recipe/recipe-basis.js';
import type { StageSummary } from './api.js';
import type { RunEvent } from './events.js';
import { type FileStamp, fileStamp } from './file-stamp.js';
import { isSystemError } from './file-writing.js';
import { inputFile, listInputs } from './path-contents.js';
import type { ResultRecord } from './result-record.js';
import { touchResult } from './results.js';
import { makeRunFolder, writeRunFile } from './run-folder.js';
import { type RunNote, type RunQuestion, readRunNote, runNoteFile, type Stamps } from './run-note.js';
import { millisecondsSince } from './run-voice.js';
import { endRecord } from './sealed-record.js';
import { lstatIfThere, readSmallFile, statFilesBelow, touch } from './small-files.js';
import { isWholeStore, Store } from './store.js';
import { isSwept } from './sweep.js';

/** A run that was answered from its note. */
export interface RecalledRun {
  readonly store: Store;
  readonly events: readonly RunEvent[];
  readonly stages: readonly StageSummary[];
  /** What `keepRun` was given. */
  readonly caller: Json;
}

/** Does what a run would do that finds everything; `undefined`, and nothing done, where it may not find everything. */
export function recallRun(question: RunQuestion, environment: Environment): RecalledRun | undefined {
  const began = process.hrtime();
  const startedAt = new Date();
  const file = runNoteFile(question);
  const note = readRunNote(file);
  if (note?.words !== question.words) return undefined;
  try {
    if (!isWholeStore(note.store)) return undefined;
    const store = new Store(note.store);
    const isSame =
      isSwept(store) &&
      !note.absent.some(isRegularFile) &&
      basisHolds(note.basis, environment) &&
      Object.entries(note.files).every(([path, stamp]) => stamp === stampOf(path)) &&
      note.inputs.every(isSameInput) &&
      Object.entries(note.artifacts).every(([digest, stamps]) =>
        isSameArtifact(store.artifactFolder(digest), stamps),
      ) &&
      note.hits.every(({ key, text }) => readSmallFile(store.resultFile(key)) === text);
    if (!isSame) return undefined;
    const run = record(store, note, startedAt, began);
    for (const { key } of note.hits) touchResult(store, key);
    for (const used of [note.recipeNote, file]) touch(used);
    return { store, ...tell(note, run), caller: note.caller };
  } catch (error) {
    // What the file system refuses is told by the run that goes the long way.
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function isSameInput({ path, isFolder, stamps }: RunNote['inputs'][number]): boolean {
  if (statSync(path).isDirectory() !== isFolder) return false;
  const files = listInputs(path, isFolder);
  return (
    files.length === Object.keys(stamps).length &&
    files.every((name) => stamps[name] === stampOf(inputFile(path, name)))
  );
}

function isSameArtifact(folder: string, stamps: Stamps): boolean {
  // A link in its place could lead to what somebody changes while it is read.
  if (lstatIfThere(folder)?.isDirectory() !== true) return false;
  const found = statFilesBelow(folder);
  if (found?.size !== Object.keys(stamps).length) return false;
  for (const [path, stats] of found) if (stamps[path] !== fileStamp(stats)) return false;
  return true;
}

function stampOf(path: string): FileStamp {
  return fileStamp(statSync(path, { bigint: true }));
}

/** A run that was recorded. */
interface RecordedRun {
  readonly id: string;
  readonly durationMs: number;
}

function record(store: Store, note: RunNote, startedAt: Date, began: [number, number]): RecordedRun {
  const id = makeRunFolder(store.path('runs'), startedAt);
  const folder = store.path('runs', id);
  try {
    const changing = { id, startedAt: startedAt.toISOString(), process: store.presence.identity };
    writeRunFile(folder, 'run.json', endRecord(note.begun, changing));
    const durationMs = millisecondsSince(began);
    writeRunFile(folder, 'summary.json', endRecord(note.ended, { run: id, durationMs }));
    return { id, durationMs };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function tell(
  { started, hits, finished }: RunNote,
  { id, durationMs }: RecordedRun,
): Pick<RecalledRun, 'events' | 'stages'> {
  const found = new Map<string, ResultRecord>();
  const told: RunEvent[] = [{ ...started, time: 0, run: id }];
  for (const { stage, text } of hits) {
    // Found to be a result when the run was kept.
    const { record }: { record: ResultRecord } = JSON.parse(text);
    found.set(stage, record);
    told.push({ time: durationMs, event: 'stage-hit', stage, record, previousMetrics: record.metrics });
  }
  const stages = started.stages.flatMap(({ name }): readonly StageSummary[] => {
    const record = found.get(name);
    return record === undefined ? [] : [{ name, outcome: 'hit', record }];
  });
  return { events: [...told, { ...finished, time: durationMs, durationMs }], stages };
}
