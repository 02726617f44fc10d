/**
 * Runs a sweep: a trial after another, each a run of the recipe with other parameters, up to the stage that counts.
 *
 * Trials are ordinary runs against the same store, so they share every stage whose key is the same, and a trial that was run before
 * is only looked up: the same sweep with more trials computes the new ones. A trial that fails ranks last and ends nothing.
 */
import { dirname, relative, sep } from 'node:path';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import type { CheckedRecipe, CheckedStage, CheckedSweep } from '../recipe/checked-recipe.js';
import { type Job, Search } from '../search/search.js';
import type { LoadedRecipe, RunOptions, StageSummary } from './api.js';
import { canonicalJson } from './canonical-json.js';
import { sha256 } from './digests.js';
import type { RunEvent } from './events.js';
import { planRecipe } from './planner.js';
import { runRecipe } from './run.js';
import { readSweep, type SweepRecord, type TrialRecord, type TrialRun, writeSweep } from './sweep-record.js';
import { createWorkerPool } from './worker-pool.js';

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
  extends Pick<RunOptions, 'store' | 'signal' | 'threads' | 'versions' | 'pool'> {
  /** The recipe without a trial's values: where it is, and what its sweep is. */
  readonly recipe: CheckedRecipe;
  readonly sweep: CheckedSweep;
  /** More or fewer trials than the recipe says. */
  readonly trials?: number;
  /** What else tells this sweep from others of the recipe: parameters that were set for all trials. */
  readonly identity?: Json;
  /** Checks the recipe with a trial's values. */
  readonly load: (params: JsonObject) => Promise<LoadedRecipe<Problem>>;
  /** A problem of a trial's recipe in a line. */
  readonly describe: (problem: Problem) => string;
  readonly onEvent?: (event: SweepEvent) => void;
  /** The events of the trials' runs. */
  readonly onRunEvent?: (event: RunEvent) => void;
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

class SweepRun<Problem> {
  readonly #search: Search;
  readonly #trials = new Map<number, TrialRecord>();
  #earlier: SweepRecord | undefined;
  #record: SweepRecord;

  constructor(
    readonly options: SweepOptions<Problem>,
    readonly pool: ReturnType<typeof createWorkerPool>,
  ) {
    const { sweep, recipe, trials } = options;
    this.#search = new Search(sweep, trials ?? sweep.trials ?? Number.POSITIVE_INFINITY);
    const now = new Date().toISOString();
    this.#record = {
      format: 1,
      id: identify(options),
      recipe: recipe.file,
      name: recipe.name,
      ...(recipe.profile === undefined ? {} : { profile: recipe.profile }),
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
    const { store, signal, onEvent, trials, sweep } = this.options;
    this.#earlier = await readSweep(store, this.#record.id);
    this.#record = { ...this.#record, startedAt: this.#earlier?.startedAt ?? this.#record.startedAt };
    const count = trials ?? sweep.trials;
    onEvent?.({
      event: 'sweep-started',
      sweep: this.#record,
      ...(count === undefined ? {} : { trials: count }),
    });
    for (let job = this.#search.next(); job !== undefined; job = this.#search.next()) {
      const { trial, point, budget } = job;
      const params = { ...point };
      onEvent?.({
        event: 'trial-started',
        trial,
        params,
        ...(budget === undefined ? {} : { budget }),
      });
      await this.#save({ ...this.#trial(job), state: 'running' }, 'running');
      const ended = await this.#try(job);
      const record = this.#withRun(job, ended);
      await this.#save(record, 'running');
      const { best } = this.#record;
      onEvent?.({ event: 'trial-finished', trial: record, ...(best === undefined ? {} : { best }) });
      if (ended.state === 'cancelled' || signal?.aborted === true) {
        return this.#finish('cancelled');
      }
      this.#search.ended(job, this.#loss(ended));
    }
    return this.#finish('done');
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

  #loss({ state, value }: TrialRun): number {
    if (state !== 'done' || value === undefined || Number.isNaN(value)) return Number.POSITIVE_INFINITY;
    return this.options.sweep.goal.mode === 'max' ? -value : value;
  }

  async #save(trial: TrialRecord | undefined, outcome: SweepRecord['outcome']): Promise<void> {
    if (trial !== undefined) this.#trials.set(trial.number, trial);
    const trials = [...this.#trials.values()].sort((a, b) => a.number - b.number);
    const best = this.#best(trials);
    const { best: _, ...rest } = this.#record;
    this.#record = {
      ...rest,
      updatedAt: new Date().toISOString(),
      trials,
      ...(best === undefined ? {} : { best }),
      outcome,
    };
    await writeSweep(this.options.store, this.#record);
  }

  /** The best of those that went furthest: values after different budgets cannot be compared. */
  #best(trials: readonly TrialRecord[]): number | undefined {
    const judged = trials.flatMap((trial) => {
      const runs = trial.runs.filter((run) => Number.isFinite(this.#loss(run)));
      const last = runs.at(-1);
      return last === undefined ? [] : [{ number: trial.number, rungs: runs.length, loss: this.#loss(last) }];
    });
    judged.sort((a, b) => b.rungs - a.rungs || a.loss - b.loss || a.number - b.number);
    return judged[0]?.number;
  }

  async #try(job: Job): Promise<TrialRun> {
    const { sweep, load, describe } = this.options;
    const budget = job.budget === undefined ? {} : { budget: job.budget };
    const params =
      sweep.stopping === undefined || job.budget === undefined
        ? job.point
        : { ...job.point, [sweep.stopping.param]: job.budget };
    const loaded = await load(params);
    if (!loaded.ok) {
      const [problem] = loaded.problems;
      return failed(budget, { message: problem === undefined ? 'the recipe is wrong' : describe(problem) });
    }
    const goal = goalStage(loaded.recipe, sweep.goal.stage);
    if (goal === undefined) {
      return failed(budget, { message: `'${sweep.goal.stage}' is not one stage in this trial` });
    }
    const { stages, run, cancelled } = await this.#stages(loaded.recipe, goal);
    const records = stages.flatMap(({ name, record }) => (record === undefined ? [] : [{ name, record }]));
    const known = {
      ...budget,
      keys: Object.fromEntries(records.map(({ name, record }) => [name, record.key])),
      metrics: Object.fromEntries(records.map(({ name, record }) => [name, record.metrics])),
      durationMs: records.reduce((sum, { record }) => sum + record.durationMs, 0),
    };
    const earlier = run ?? this.#earlierRun(job, known.keys);
    const result = { ...known, ...(earlier === undefined ? {} : { run: earlier }) };
    if (cancelled) return { ...result, state: 'cancelled' };
    const metrics = stages.find(({ name }) => name === goal.name)?.record?.metrics;
    const value = metrics?.[sweep.goal.metric];
    if (value !== undefined) return { ...result, state: 'done', value };
    return { ...result, state: 'failed', failure: whyNone(stages, goal, sweep.goal.metric, metrics) };
  }

  /** Runs what is missing; nothing is recorded as a run where nothing is. */
  async #stages(
    recipe: CheckedRecipe,
    goal: CheckedStage,
  ): Promise<{
    readonly stages: readonly StageSummary[];
    readonly run?: string;
    readonly cancelled: boolean;
  }> {
    const { store, signal, threads, versions, onRunEvent } = this.options;
    const only = [goal.name];
    const plan = await planRecipe(recipe, { store, only });
    const hits = plan.stages.flatMap((stage): StageSummary[] =>
      stage.state === 'hit' ? [{ name: stage.stage.name, outcome: 'hit', record: stage.record }] : [],
    );
    if (hits.length === plan.stages.length) return { stages: hits, cancelled: false };
    const summary = await runRecipe(recipe, {
      store,
      only,
      pool: this.pool,
      ...(signal === undefined ? {} : { signal }),
      ...(threads === undefined ? {} : { threads }),
      ...(versions === undefined ? {} : { versions }),
      ...(onRunEvent === undefined ? {} : { onEvent: onRunEvent }),
    });
    return { stages: summary.stages, run: summary.run, cancelled: summary.outcome === 'cancelled' };
  }

  /** The run that made what was found, if this sweep knows of it. */
  #earlierRun({ trial, rung }: Job, keys: TrialRun['keys']): string | undefined {
    const run = this.#earlier?.trials.find(({ number }) => number === trial)?.runs[rung];
    return run !== undefined && canonicalJson(run.keys) === canonicalJson(keys) ? run.run : undefined;
  }
}

function failed(budget: { readonly budget?: number }, failure: NonNullable<TrialRun['failure']>): TrialRun {
  return { ...budget, state: 'failed', keys: {}, metrics: {}, durationMs: 0, failure };
}

function whyNone(
  stages: readonly StageSummary[],
  goal: CheckedStage,
  metric: string,
  metrics: Readonly<Record<string, number>> | undefined,
): NonNullable<TrialRun['failure']> {
  if (metrics !== undefined) {
    const names = Object.keys(metrics);
    const has = names.length === 0 ? 'none' : names.join(', ');
    return { stage: goal.name, message: `the stage has no metric '${metric}'; it has ${has}` };
  }
  const stage = stages.find(({ failure }) => failure !== undefined);
  return stage?.failure === undefined
    ? { message: 'the stage that counts was not run' }
    : { stage: stage.name, message: stage.failure.message };
}

function goalStage({ stages }: CheckedRecipe, written: string): CheckedStage | undefined {
  const meant = stages.filter(({ name, groups = [] }) => name === written || groups.includes(written));
  return meant.length === 1 ? meant[0] : undefined;
}

/** The number of trials is no part of it. The recipe is named from the store, so that a project can be moved. */
function identify<Problem>({ recipe, sweep, store, identity = null }: SweepOptions<Problem>): string {
  // The order of the dimensions decides the order of a grid.
  const how = { ...sweep, trials: null, space: Object.entries(sweep.space) };
  const file = relative(dirname(store.folder), recipe.file).split(sep).join('/');
  // Undefined has no place in canonical JSON.
  const plain: Json = JSON.parse(JSON.stringify([file, recipe.profile ?? null, how, identity]));
  return sha256(canonicalJson(plain)).slice(0, 12);
}
