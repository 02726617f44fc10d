/**
 * Runs a sweep: trials, one after another or several at a time, each a run of the recipe with other parameters, up to the stage
 * that counts.
 *
 * Trials are ordinary runs against the same store, so they share every stage whose key is the same, and a trial that was run before
 * is only looked up: the same sweep with more trials computes the new ones. A trial that fails ranks last and ends nothing.
 */
import { availableParallelism } from 'node:os';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import type { CheckedRecipe, CheckedSweep } from '../recipe/checked-recipe.js';
import { type Job, Search } from '../search/search.js';
import type { RunOptions } from './api.js';
import { canonicalJson } from './canonical-json.js';
import { sha256 } from './digests.js';
import { lossOf, rankedTrials } from './ranked-trials.js';
import { recipeInStore } from './recipe-path.js';
import { Resources } from './resources.js';
import {
  pinOfSweep,
  readSweep,
  type SweepRecord,
  type TrialRecord,
  type TrialRun,
  writeSweep,
} from './sweep-record.js';
import { type TrialContext, tryPoint } from './sweep-trial.js';
import { createWorkerPool, type WorkerPool } from './worker-pool.js';

/** What happens during a sweep; the events of a trial's run come between its beginning and its end. */
export type SweepEvent =
  | { readonly event: 'sweep-started'; readonly sweep: SweepRecord; readonly trials?: number }
  | {
      readonly event: 'trial-started';
      readonly trial: number;
      readonly params: JsonObject;
      readonly budget?: number;
    }
  | { readonly event: 'trial-finished'; readonly trial: TrialRecord; readonly best?: number }
  | { readonly event: 'sweep-finished'; readonly sweep: SweepRecord };

/** What `runSweep` is asked. */
export interface SweepOptions<Problem>
  extends Pick<RunOptions, 'store' | 'signal' | 'threads' | 'versions' | 'pool'>,
    Pick<TrialContext<Problem>, 'load' | 'describe' | 'onRunEvent'> {
  /** The recipe without a trial's values: where it is, and what its sweep is. */
  readonly recipe: CheckedRecipe;
  readonly sweep: CheckedSweep;
  /** More or fewer trials than the recipe says. */
  readonly trials?: number;
  /** How many trials run at a time, at most; their stages share the threads. Default 1. */
  readonly jobs?: number;
  /** What else tells this sweep from others of the recipe: parameters that were set for all trials. */
  readonly identity?: Json;
  readonly onEvent?: (event: SweepEvent) => void;
}

/** Runs a sweep to its end, or until it is cancelled. Its record is in the store at every moment. */
export async function runSweep<Problem>(options: SweepOptions<Problem>): Promise<SweepRecord> {
  const pool = options.pool ?? createWorkerPool();
  try {
    return await new SweepRun(options, pool).run();
  } finally {
    if (options.pool === undefined) await pool.close();
  }
}

/** A trial that goes on, and how it will have ended. */
interface Running {
  readonly job: Job;
  readonly ended: Promise<TrialRun>;
}

class SweepRun<Problem> {
  readonly #search: Search;
  readonly #trials = new Map<number, TrialRecord>();
  readonly #resources: Resources;
  /** Ends the trials that go on when one of them meets a bug. */
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;
  #earlier: SweepRecord | undefined;
  #record: SweepRecord;
  /** The record is written in the order in which it changes. */
  #written: Promise<void> = Promise.resolve();

  constructor(
    readonly options: SweepOptions<Problem>,
    readonly pool: WorkerPool,
  ) {
    const { sweep, recipe, trials, signal, threads, identity } = options;
    this.#search = new Search(sweep, trials ?? sweep.trials ?? Number.POSITIVE_INFINITY);
    this.#resources = new Resources(threads ?? availableParallelism());
    this.#signal = AbortSignal.any([this.#broken.signal, ...(signal === undefined ? [] : [signal])]);
    const now = new Date().toISOString();
    this.#record = {
      format: 1,
      id: identify(options),
      recipe: recipe.file,
      name: recipe.name,
      ...(recipe.profile === undefined ? {} : { profile: recipe.profile }),
      ...(identity === undefined ? {} : { given: identity }),
      startedAt: now,
      updatedAt: now,
      method: sweep.method,
      seed: sweep.seed,
      space: sweep.space,
      goal: sweep.goal,
      ...(sweep.stopping === undefined ? {} : { stopping: sweep.stopping }),
      trials: [],
      outcome: 'running',
    };
  }

  async run(): Promise<SweepRecord> {
    const { store, onEvent, trials, sweep } = this.options;
    await store.presence.pin([pinOfSweep(this.#record.id)]);
    this.#earlier = await readSweep(store, this.#record.id);
    this.#record = { ...this.#record, startedAt: this.#earlier?.startedAt ?? this.#record.startedAt };
    const count = trials ?? sweep.trials;
    onEvent?.({
      event: 'sweep-started',
      sweep: this.#record,
      ...(count === undefined ? {} : { trials: count }),
    });
    const running: Running[] = [];
    try {
      return await this.#finish(await this.#runAll(running));
    } catch (error) {
      this.#broken.abort();
      await Promise.allSettled(running.map(({ ended }) => ended));
      throw error;
    }
  }

  /**
   * Keeps as many trials running as may. Where the next one depends on what others came to, results count in the order in which
   * the trials began: so it depends on how many run at a time, but never on which of them is faster.
   */
  async #runAll(running: Running[]): Promise<'done' | 'cancelled'> {
    const { jobs = 1 } = this.options;
    let isCancelled = false;
    for (;;) {
      const job = isCancelled || running.length >= jobs ? undefined : this.#search.next();
      if (job !== undefined) {
        const ended = this.#carryOut(job);
        // It is awaited later, maybe after another one that is longer under way.
        ended.catch(() => undefined);
        running.push({ job, ended });
        continue;
      }
      const [oldest] = running;
      if (oldest === undefined) return isCancelled ? 'cancelled' : 'done';
      const over = this.#search.isForetold
        ? await Promise.race(running.map((one) => one.ended.then(() => one)))
        : oldest;
      const ended = await over.ended;
      running.splice(running.indexOf(over), 1);
      isCancelled ||= ended.state === 'cancelled' || this.#signal.aborted;
      this.#search.ended(over.job, lossOf(ended, this.options.sweep.goal));
    }
  }

  async #carryOut(job: Job): Promise<TrialRun> {
    const { onEvent } = this.options;
    const { trial, point, budget } = job;
    onEvent?.({
      event: 'trial-started',
      trial,
      params: { ...point },
      ...(budget === undefined ? {} : { budget }),
    });
    await this.#save({ ...this.#trial(job), state: 'running' }, 'running');
    const ended = await tryPoint(this.#context(), job);
    const record = this.#withRun(job, ended);
    await this.#save(record, 'running');
    const { best } = this.#record;
    onEvent?.({ event: 'trial-finished', trial: record, ...(best === undefined ? {} : { best }) });
    return ended;
  }

  #context(): TrialContext<Problem> {
    const { pool } = this;
    return {
      ...this.options,
      pool,
      resources: this.#resources,
      signal: this.#signal,
      ...(this.#earlier === undefined ? {} : { earlier: this.#earlier }),
    };
  }

  async #finish(outcome: 'done' | 'cancelled'): Promise<SweepRecord> {
    const last = (this.options.sweep.stopping?.budgets.length ?? 1) - 1;
    for (const trial of this.#trials.values()) {
      // Those that are not at the end of the ladder were overtaken.
      const isStopped = outcome === 'done' && trial.state === 'done' && trial.runs.length <= last;
      if (isStopped) this.#trials.set(trial.number, { ...trial, state: 'stopped' });
    }
    await this.#save(undefined, outcome);
    this.options.onEvent?.({ event: 'sweep-finished', sweep: this.#record });
    return this.#record;
  }

  #trial({ trial, point }: Job): TrialRecord {
    return this.#trials.get(trial) ?? { number: trial, params: { ...point }, state: 'running', runs: [] };
  }

  #withRun(job: Job, ended: TrialRun): TrialRecord {
    const trial = this.#trial(job);
    const value = ended.value ?? trial.value;
    return {
      ...trial,
      state: ended.state,
      ...(value === undefined ? {} : { value }),
      runs: [...trial.runs, ended],
    };
  }

  async #save(trial: TrialRecord | undefined, outcome: SweepRecord['outcome']): Promise<void> {
    if (trial !== undefined) this.#trials.set(trial.number, trial);
    const trials = [...this.#trials.values()].sort((a, b) => a.number - b.number);
    const best = rankedTrials(trials, this.options.sweep.goal)[0]?.number;
    const { best: _, ...rest } = this.#record;
    this.#record = {
      ...rest,
      updatedAt: new Date().toISOString(),
      trials,
      ...(best === undefined ? {} : { best }),
      outcome,
    };
    const state = this.#record;
    this.#written = this.#written.then(() => writeSweep(this.options.store, state));
    await this.#written;
  }
}

/** The number of trials is no part of it. The recipe is named from the store, so that a project can be moved. */
function identify<Problem>({ recipe, sweep, store, identity = null }: SweepOptions<Problem>): string {
  // The order of the dimensions decides the order of a grid.
  const how = { ...sweep, trials: null, space: Object.entries(sweep.space) };
  const file = recipeInStore(store, recipe.file);
  // Undefined has no place in canonical JSON.
  const plain: Json = JSON.parse(JSON.stringify([file, recipe.profile ?? null, how, identity]));
  return sha256(canonicalJson(plain)).slice(0, 12);
}
