/**
 * Records of sweeps: `sweeps/ID.json` in the store.
 *
 * The record is rewritten after every trial, so a sweep that was killed leaves what it had found. It points at run records and
 * results by their identifiers and keys; the results themselves are in the store like those of any run.
 */
import { mkdir, readdir } from 'node:fs/promises';
import type { Json } from '../plugin/stage-info.js';
import type { Dimension } from '../search/space.js';
import { ignoreMissing, readFileIfThere, writeFileAtomically } from './file-writing.js';
import { isObject } from './foreign-data.js';
import { recipeFromStore, recipeInStore } from './recipe-path.js';
import { isRunId } from './run-record.js';
import { sealRecord, unsealRecord } from './sealed-record.js';
import type { Store } from './store.js';
import { isDigest, isNumbers } from './stored-shapes.js';

/** What a sweep looks for. */
export interface SweepGoal {
  /** The stage whose metric counts. */
  readonly stage: string;
  readonly metric: string;
  readonly mode: 'max' | 'min';
}

/** How trials are stopped early: ASHA's rungs. */
export interface SweepStopping {
  /** The parameter that is the budget: epochs, max_steps. */
  readonly param: string;
  readonly eta: number;
  /** The budgets, ascending; the last is the whole one. */
  readonly budgets: readonly number[];
}

/** A trial, or one rung of it, as it was run. */
export interface TrialRun {
  /** The budget, where the sweep stops trials early. */
  readonly budget?: number;
  readonly state: 'done' | 'failed' | 'cancelled';
  /** The metric that counts; absent when the trial did not come to it. */
  readonly value?: number;
  /** The run's record; absent when every result was in the store already, so that nothing ran. */
  readonly run?: string;
  /** Stage -> key of its result, for the stages that came to one. */
  readonly keys: Readonly<Record<string, string>>;
  /** All metrics: stage -> metric -> value. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Milliseconds that the stages' results took to make, whenever that was. */
  readonly durationMs: number;
  /** Why it failed. */
  readonly failure?: { readonly stage?: string; readonly message: string };
}

/** One trial. */
export interface TrialRecord {
  /** Counts from 1. */
  readonly number: number;
  /** The values that it tried. */
  readonly params: Readonly<Record<string, Json>>;
  /** `stopped`: others of its rung were better. */
  readonly state: 'running' | 'done' | 'stopped' | 'failed' | 'cancelled';
  /** The metric at the largest budget that it was run with. */
  readonly value?: number;
  /** In the order of their budgets; one where the sweep stops nothing early. */
  readonly runs: readonly TrialRun[];
}

/** The record of a sweep. */
export interface SweepRecord {
  readonly format: 1;
  /** The same for the same recipe, profile, space, method, seed and goal: more trials continue the record. */
  readonly id: string;
  /** Absolute path; in the store it is relative to the folder that the store is in. */
  readonly recipe: string;
  readonly name: string;
  readonly profile?: string;
  /** What was said for all of its trials, as `SweepOptions.identity`; absent in records of older versions. */
  readonly given?: Json;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601; of the last change. */
  readonly updatedAt: string;
  readonly method: 'grid' | 'random' | 'tpe';
  readonly seed: number;
  readonly space: Readonly<Record<string, Dimension>>;
  readonly goal: SweepGoal;
  readonly stopping?: SweepStopping;
  readonly trials: readonly TrialRecord[];
  /** The number of the best trial. */
  readonly best?: number;
  readonly outcome: 'running' | 'done' | 'cancelled';
}

/** Writes a record over its older state. */
export async function writeSweep(store: Store, record: SweepRecord): Promise<void> {
  await mkdir(store.path('sweeps'), { recursive: true });
  const written = { ...record, recipe: recipeInStore(store, record.recipe) };
  await writeFileAtomically(sweepFile(store, record.id), sealRecord(written), {
    temporary: await store.temporaryPath(),
    durable: false,
  });
}

/** The record of a sweep; `undefined` when there is none, or it is damaged. */
export async function readSweep(store: Store, id: string): Promise<SweepRecord | undefined> {
  if (!idPattern.test(id)) return undefined;
  const record = parseSweep(id, (await readFileIfThere(sweepFile(store, id))) ?? '');
  return record && { ...record, recipe: recipeFromStore(store, record.recipe) };
}

/** The record that a text holds, its recipe as it is written there; `undefined` when it is damaged or another sweep's. */
export function parseSweep(id: string, text: string): SweepRecord | undefined {
  const value = unsealRecord(text);
  if (value?.id !== id || value.format !== 1 || !Array.isArray(value.trials) || !isObject(value.goal)) {
    return undefined;
  }
  if (typeof value.recipe !== 'string' || !value.trials.every(isTrial)) return undefined;
  // Written by `writeSweep` of this version or an older one.
  return value as unknown as SweepRecord;
}

/** All sweeps, the one that was changed last first. */
export async function listSweeps(store: Store): Promise<readonly SweepRecord[]> {
  const names = (await readdir(store.path('sweeps')).catch(ignoreMissing)) ?? [];
  const records: SweepRecord[] = [];
  for (const name of names) {
    const record = await readSweep(store, name.replace(/\.json$/, ''));
    if (record !== undefined) records.push(record);
  }
  return records.sort((a, b) => b.updatedAt.localeCompare(a.updatedAt) || a.id.localeCompare(b.id));
}

function isTrial(value: unknown): boolean {
  if (!isObject(value) || typeof value.number !== 'number' || !isObject(value.params)) return false;
  return (
    Array.isArray(value.runs) &&
    value.runs.every(
      (run: unknown) =>
        isObject(run) &&
        (run.run === undefined || (typeof run.run === 'string' && isRunId(run.run))) &&
        isObject(run.keys) &&
        Object.values(run.keys).every(isDigest) &&
        isObject(run.metrics) &&
        Object.values(run.metrics).every(isNumbers),
    )
  );
}

/** What a process pins while it runs a sweep, so that its record and page are not removed. */
export function pinOfSweep(id: string): string {
  return `sweep ${id}`;
}

const idPattern = /^[a-z0-9][a-z0-9-]{0,99}$/;

function sweepFile(store: Store, id: string): string {
  return store.path('sweeps', `${id}.json`);
}
