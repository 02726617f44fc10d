/** One trial of a sweep, or one rung of it: a run of the recipe up to the stage that counts, if anything is missing. */
import type { JsonObject } from '../plugin/stage-info.js';
import type { CheckedRecipe, CheckedStage, CheckedSweep } from '../recipe/checked-recipe.js';
import type { Job } from '../search/search.js';
import type { LoadedRecipe, RunOptions, StageSummary } from './api.js';
import { canonicalJson } from './canonical-json.js';
import type { RunEvent } from './events.js';
import { planRecipe } from './planner.js';
import type { Resources } from './resources.js';
import { runRecipe } from './run.js';
import type { SweepRecord, TrialRun } from './sweep-record.js';
import type { WorkerPool } from './worker-pool.js';

/** What the trials of a sweep share. */
export interface TrialContext<Problem> extends Pick<RunOptions, 'store' | 'versions'> {
  readonly sweep: CheckedSweep;
  /** Checks the recipe with a trial's values. */
  readonly load: (params: JsonObject) => Promise<LoadedRecipe<Problem>>;
  /** A problem of a trial's recipe in a line. */
  readonly describe: (problem: Problem) => string;
  /** The events of a trial's run. */
  readonly onRunEvent?: (event: RunEvent, trial: number) => void;
  readonly signal: AbortSignal;
  readonly pool: WorkerPool;
  readonly resources: Resources;
  /** The sweep as it was recorded before. */
  readonly earlier?: SweepRecord;
}

/** Tries a point. A recipe that is wrong with it and a stage that fails are what the trial came to; nothing is thrown for them. */
export async function tryPoint<Problem>(context: TrialContext<Problem>, job: Job): Promise<TrialRun> {
  const { sweep, load, describe } = context;
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
  const { stages, run, cancelled } = await runStages(context, job, loaded.recipe, goal);
  const records = stages.flatMap(({ name, record }) => (record === undefined ? [] : [{ name, record }]));
  const known = {
    ...budget,
    keys: Object.fromEntries(records.map(({ name, record }) => [name, record.key])),
    metrics: Object.fromEntries(records.map(({ name, record }) => [name, record.metrics])),
    durationMs: records.reduce((sum, { record }) => sum + record.durationMs, 0),
  };
  const earlier = run ?? earlierRun(context.earlier, job, known.keys);
  const result = { ...known, ...(earlier === undefined ? {} : { run: earlier }) };
  if (cancelled) return { ...result, state: 'cancelled' };
  const metrics = stages.find(({ name }) => name === goal.name)?.record?.metrics;
  const value = metrics?.[sweep.goal.metric];
  if (value !== undefined) return { ...result, state: 'done', value };
  return { ...result, state: 'failed', failure: whyNone(stages, goal, sweep.goal.metric, metrics) };
}

/** Runs what is missing; nothing is recorded as a run where nothing is. */
async function runStages<Problem>(
  { store, signal, versions, pool, resources, onRunEvent }: TrialContext<Problem>,
  { trial }: Job,
  recipe: CheckedRecipe,
  goal: CheckedStage,
): Promise<{
  readonly stages: readonly StageSummary[];
  readonly run?: string;
  readonly cancelled: boolean;
}> {
  const only = [goal.name];
  const plan = await planRecipe(recipe, { store, only });
  const hits = plan.stages.flatMap((stage): StageSummary[] =>
    stage.state === 'hit' ? [{ name: stage.stage.name, outcome: 'hit', record: stage.record }] : [],
  );
  if (hits.length === plan.stages.length) return { stages: hits, cancelled: false };
  const summary = await runRecipe(recipe, {
    store,
    only,
    pool,
    resources,
    signal,
    ...(versions === undefined ? {} : { versions }),
    ...(onRunEvent === undefined ? {} : { onEvent: (event) => onRunEvent(event, trial) }),
  });
  return { stages: summary.stages, run: summary.run, cancelled: summary.outcome === 'cancelled' };
}

/** The run that made what was found, if this sweep knows of it. */
function earlierRun(
  earlier: SweepRecord | undefined,
  { trial, rung }: Job,
  keys: TrialRun['keys'],
): string | undefined {
  const run = earlier?.trials.find(({ number }) => number === trial)?.runs[rung];
  return run !== undefined && canonicalJson(run.keys) === canonicalJson(keys) ? run.run : undefined;
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
