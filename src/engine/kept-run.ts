/** Keeps runs that found everything, so that the next question for the same can be answered from the note. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { installedBuild } from '../plugin/installation.js';
import { hashOf, writeWhole } from '../plugin/plugin-cache.js';
import type { Json } from '../plugin/stage-info.js';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import { basisOfRecalled } from '../recipe/recalled-recipe.js';
import { filesOfFingerprint, runtimeFingerprint } from '../runtime/fingerprint.js';
import { canonicalJson } from './canonical-json.js';
import { digestOfFiles, sha256 } from './digests.js';
import type { RunEvent } from './events.js';
import { type FileStamp, fileStamp, isRacy } from './file-stamp.js';
import { isSystemError } from './file-writing.js';
import { emptyRecord } from './foreign-data.js';
import { historyFile, type PastResult, parseHistory } from './history.js';
import { pathsInKey } from './key-data.js';
import type { PathContents } from './path-contents.js';
import type { ResultRecord } from './result-record.js';
import { textOfResult } from './results.js';
import {
  type EventOf,
  type RunNote,
  type RunQuestion,
  runNoteFile,
  runNoteFormat,
  type Stamps,
  textOfRunNote,
} from './run-note.js';
import { beginRecord, unsealRecord } from './sealed-record.js';
import { readSmallFile } from './small-files.js';
import { loadHashedFiles, loadStamps } from './stamps.js';
import type { Store } from './store.js';

/** A run that has ended. */
export interface EndedRun {
  readonly store: Store;
  readonly recipe: CheckedRecipe;
  /** All of the run's. */
  readonly events: readonly RunEvent[];
  /** Files that would have been the recipe if they had been there. */
  readonly absent: readonly string[];
  /** Handed to whoever recalls the run. */
  readonly caller: Json;
}

/** Looking at more files than this takes so long that recalling the run saves nothing. */
const mostFiles = 20_000;

/**
 * Keeps a run that did nothing but find results, in a recipe that was itself recalled; of others, and where something that it
 * found cannot be told by stamps, nothing is kept.
 *
 * What is noted are the digests and stamps that the run itself went by, not what the files are like now: what changed since the run
 * looked must be seen by the next.
 */
export async function keepRun(question: RunQuestion, run: EndedRun): Promise<void> {
  try {
    const note = await describeRun(question, run);
    if (note === undefined) return;
    // Not the folders above it: what is made there would begin a project.
    if (!existsSync(question.folder)) mkdirSync(question.folder);
    writeWhole(runNoteFile(question), textOfRunNote(note));
  } catch (error) {
    // Where nothing can be written, every run looks for itself.
    if (!isSystemError(error)) throw error;
  }
}

async function describeRun(
  { words }: RunQuestion,
  { store, recipe, events, absent, caller }: EndedRun,
): Promise<RunNote | undefined> {
  const told = uneventful(events);
  const recalled = basisOfRecalled(recipe);
  if (told === undefined || recalled === undefined) return undefined;
  const { started, hits, finished } = told;
  const record = readRecord(store, started.run);
  if (record === undefined) return undefined;
  const found: Found = {
    files: new Map(),
    absent: new Set([...absent, ...recalled.absent]),
    inputs: new Map(),
    artifacts: new Map(),
    hits: [],
  };
  for (const [file, sha256] of recalled.files) {
    if (!stampFile(file, sha256, found.files)) return undefined;
  }
  for (const { stage: name, record: result, previousMetrics } of hits) {
    const stage = recipe.stages.find((one) => one.name === name);
    const isSame =
      stage !== undefined &&
      canonicalJson(previousMetrics ?? {}) === canonicalJson(result.metrics) &&
      (await describeHit(store, recipe, stage, result, found));
    if (!isSame) return undefined;
  }
  const artifacts = Object.fromEntries(found.artifacts);
  const inputs = [...found.inputs.values()];
  const looked = [...inputs.map(({ stamps }) => stamps), ...Object.values(artifacts)];
  if (looked.reduce((sum, stamps) => sum + Object.keys(stamps).length, 0) > mostFiles) return undefined;
  return {
    format: runNoteFormat,
    roux: installedBuild(),
    words,
    basis: recalled.basis,
    recipeNote: recalled.note,
    absent: [...found.absent],
    store: store.folder,
    files: Object.fromEntries(found.files),
    inputs,
    artifacts,
    hits: found.hits,
    started,
    finished,
    ...record,
    caller,
  };
}

/** What was looked at, by what identifies it. */
interface Found {
  readonly files: Map<string, FileStamp>;
  readonly absent: Set<string>;
  readonly inputs: Map<string, RunNote['inputs'][number]>;
  readonly artifacts: Map<string, Stamps>;
  readonly hits: RunNote['hits'][number][];
}

/** The events of a run that only found results; `undefined` when there were others. */
function uneventful(events: readonly RunEvent[]):
  | {
      readonly started: EventOf<'run-started'>;
      readonly hits: readonly EventOf<'stage-hit'>[];
      readonly finished: EventOf<'run-finished'>;
    }
  | undefined {
  const [started, ...more] = events;
  const finished = more.pop();
  if (started?.event !== 'run-started' || finished?.event !== 'run-finished') return undefined;
  if (finished.outcome !== 'done' || more.length !== started.stages.length) return undefined;
  const hits = more.filter((event) => event.event === 'stage-hit');
  return hits.length === more.length ? { started, hits, finished } : undefined;
}

function readRecord(store: Store, run: string): Pick<RunNote, 'begun' | 'ended'> | undefined {
  const begun = unsealRecord(readSmallFile(store.path('runs', run, 'run.json')) ?? '');
  const ended = unsealRecord(readSmallFile(store.path('runs', run, 'summary.json')) ?? '');
  if (begun === undefined || ended === undefined) return undefined;
  const { id: _1, startedAt: _2, process: _3, ...lastingAtBegin } = begun;
  const { run: _4, durationMs: _5, ...lastingAtEnd } = ended;
  return { begun: beginRecord(lastingAtBegin), ended: beginRecord(lastingAtEnd) };
}

/** Notes a file's stamp; gives back whether that stands for these contents. */
function stampFile(file: string, sha256: string, stamps: Map<string, FileStamp>): boolean {
  const began = Date.now();
  const before = statSync(file, { bigint: true });
  const isKnown = hashOf(file) === sha256 && !isRacy(before, began);
  if (!isKnown || fileStamp(statSync(file, { bigint: true })) !== fileStamp(before)) return false;
  stamps.set(file, fileStamp(before));
  return true;
}

/** Notes what a stage's result was found by; gives back whether it is all there. */
async function describeHit(
  store: Store,
  recipe: CheckedRecipe,
  stage: CheckedStage,
  record: ResultRecord,
  found: Found,
): Promise<boolean> {
  const text = textOfResult(record);
  if (readSmallFile(store.resultFile(record.key)) !== text) return false;
  found.hits.push({ stage: stage.name, key: record.key, text });

  const file = historyFile(store, recipe, stage.name);
  const sealed = readSmallFile(file) ?? '';
  const past = parseHistory(sealed);
  if (past?.key !== record.key) return false;
  if (canonicalJson(past.metrics) !== canonicalJson(record.metrics)) return false;
  if (!stampFile(file, sha256(sealed), found.files)) return false;

  for (const { digest, files } of Object.values(record.outputs)) {
    const known = await loadStamps(store, digest);
    const stamps = pick(
      known,
      files.map(({ path }) => path),
    );
    if (stamps === undefined) return false;
    found.artifacts.set(digest, stamps);
  }
  return describeRuntime(stage, past, found) && (await describeInputs(store, stage, past, found));
}

/** Notes what tells the runtime in a stage's key; gives back whether files alone do. */
function describeRuntime(
  { info, runtime, threads }: CheckedStage,
  { data }: PastResult,
  found: Found,
): boolean {
  if (!info.tensors) return true;
  const packages = filesOfFingerprint(runtime, threads);
  if (packages === undefined || data.runtime !== runtimeFingerprint(runtime, threads)) return false;
  for (const { manifest, text, absent } of packages) {
    for (const path of absent) found.absent.add(path);
    if (!stampFile(manifest, sha256(text), found.files)) return false;
  }
  return true;
}

/** The stamps that stand for the contents which a stage's key was made of. */
async function describeInputs(
  store: Store,
  stage: CheckedStage,
  { data }: PastResult,
  found: Found,
): Promise<boolean> {
  for (const { pointer, absolute } of pathsInKey(stage)) {
    const contents: PathContents | undefined = data.files[pointer];
    const known = await loadHashedFiles(store, sha256(absolute));
    const files = Object.entries(known).map(([path, file]) => ({ path, ...file }));
    const isFolder = contents?.type === 'folder';
    const digest = isFolder ? digestOfFiles(files) : known['']?.sha256;
    if (contents === undefined || digest !== contents.digest) return false;
    const stamps = Object.fromEntries(files.map(({ path, stamp }) => [path, stamp]));
    found.inputs.set(absolute, { path: absolute, isFolder, stamps });
  }
  return true;
}

function pick(known: Stamps, paths: readonly string[]): Stamps | undefined {
  const picked = emptyRecord<string>();
  for (const path of paths) {
    const stamp = known[path];
    if (stamp === undefined) return undefined;
    picked[path] = stamp;
  }
  return picked;
}
