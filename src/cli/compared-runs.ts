/** Runs and trials of the store, as they are compared. */
import { type MetricInterval, readMetrics } from '../artifacts/metrics.js';
import type { ComparedArtifact, ComparedRun, ComparedStage } from '../comparison/compared-run.js';
import { shortPath } from '../diagnostics/short-path.js';
import type { RunRecord, RunStageRecord } from '../engine/api.js';
import { isObject } from '../engine/foreign-data.js';
import { rankedTrials } from '../engine/ranked-trials.js';
import type { ResultRecord } from '../engine/result-record.js';
import { readResult } from '../engine/results.js';
import { readRun } from '../engine/run-record.js';
import { findRun } from '../engine/run-reference.js';
import type { Store } from '../engine/store.js';
import { listSweeps, readSweep, type SweepRecord, type TrialRecord } from '../engine/sweep-record.js';
import { listTags } from '../engine/tags.js';
import type { Json } from '../plugin/stage-info.js';
import { CommandLineError } from './exit-codes.js';
import { namedRun } from './named-run.js';
import type { Terminal } from './output/terminal.js';
import { isInStore } from './verified-artifact.js';

/** Trials of a sweep that are compared when the sweep is named as a whole: the best ones. */
const mostTrials = 6;

/** Digits of a digest that are shown where contents differ. */
const shortDigest = 12;

/**
 * The runs that the command line names, each by anything that `findRun` takes, by a sweep (its best trials, the best first) or
 * by `SWEEP#3`. Without a name the newest run and the one of the same recipe before it; with one, that and the newest.
 */
export async function namedComparedRuns(
  store: Store,
  written: readonly string[],
  terminal: Terminal,
): Promise<readonly ComparedRun[]> {
  const runs = new Map<string, ComparedRun>();
  for (const name of await completed(store, written, terminal)) {
    const trials = await namedTrials(store, name);
    const named =
      trials === undefined
        ? [await comparedRun(store, await namedRun(store, name, terminal))]
        : await Promise.all(trials.trials.map((trial) => comparedTrial(store, trials.sweep, trial)));
    for (const run of named) {
      if (runs.has(run.id)) throw namedTwice(name, run);
      runs.set(run.id, run);
    }
  }
  return [...runs.values()];
}

function namedTwice(written: string, { id }: ComparedRun): CommandLineError {
  return new CommandLineError('command/argument', `the run ${id} is named twice`, {
    written,
    help: 'name another one: a run has nothing to differ from itself in; roux runs lists them',
  });
}

/** A run of the store with all that its stages came to, cached or not. */
export async function comparedRun(store: Store, run: RunRecord): Promise<ComparedRun> {
  const tag = (await listTags(store)).find((candidate) => candidate.run === run.id)?.name;
  const stages: ComparedStage[] = [];
  for (const stage of run.stages) stages.push(await comparedStage(store, stage));
  return {
    id: run.id,
    label: tag ?? run.id,
    name: run.name,
    recipe: run.recipe,
    ...(run.profile === undefined ? {} : { profile: run.profile }),
    startedAt: run.startedAt,
    outcome: run.outcome,
    ...(run.durationMs === undefined ? {} : { durationMs: run.durationMs }),
    stages,
  };
}

/** A trial of a sweep, as it was with its largest budget; its run may have left no record, its results have. */
async function comparedTrial(store: Store, sweep: SweepRecord, trial: TrialRecord): Promise<ComparedRun> {
  const last = trial.runs.at(-1);
  const recorded = last?.run === undefined ? undefined : await readRun(store, last.run);
  const label = `${sweep.id}#${trial.number}`;
  if (recorded !== undefined) return { ...(await comparedRun(store, recorded)), label };
  const stages: ComparedStage[] = [];
  for (const [name, key] of Object.entries(last?.keys ?? {})) {
    const answer = await readResult(store, key);
    if (answer.state !== 'found') continue;
    const { fingerprint, stageType } = answer.record;
    const settings = isObject(fingerprint.settings) ? fingerprint.settings : {};
    stages.push(
      await comparedStage(store, { name, type: stageType, settings, inputs: {}, outcome: 'hit', key }),
    );
  }
  return {
    id: label,
    label,
    name: sweep.name,
    recipe: sweep.recipe,
    ...(sweep.profile === undefined ? {} : { profile: sweep.profile }),
    outcome: trial.state,
    stages,
  };
}

async function comparedStage(store: Store, stage: RunStageRecord): Promise<ComparedStage> {
  const answer = stage.key === undefined ? undefined : await readResult(store, stage.key);
  const record = answer?.state === 'found' ? answer.record : undefined;
  const outputs: ComparedArtifact[] = [];
  const intervals: Record<string, MetricInterval | null> = {};
  for (const [port, artifact] of Object.entries(record?.outputs ?? {})) {
    const { kind, digest } = artifact;
    const folder = (await isInStore(store, artifact)) ? store.artifactFolder(digest) : undefined;
    outputs.push({ port, kind, digest, ...(folder === undefined ? {} : { folder }) });
    if (kind === 'metrics' && folder !== undefined) {
      Object.assign(intervals, (await readMetrics(folder)).intervals);
    }
  }
  return {
    name: stage.name,
    type: stage.type,
    ...(stage.outcome === undefined ? {} : { outcome: stage.outcome }),
    settings: stage.settings,
    inputs: stage.inputs,
    traits: record === undefined ? {} : traitsOf(record),
    metrics: record?.metrics ?? stage.metrics ?? {},
    intervals,
    ...(record === undefined ? {} : { costMs: record.durationMs }),
    outputs,
  };
}

/** What a result was made from, besides settings and inputs, by what people call it. */
function traitsOf({ fingerprint }: ResultRecord): Readonly<Record<string, Json>> {
  const traits: Record<string, Json> = {};
  const take = (name: string, value: unknown): void => {
    if (typeof value === 'number' || typeof value === 'string') traits[name] = value;
  };
  take('version', fingerprint.version);
  take('seed', fingerprint.seed);
  take('runtime', fingerprint.runtime);
  if (typeof fingerprint.plugin === 'string') take('code', fingerprint.plugin.slice(0, shortDigest));
  for (const [pointer, contents] of Object.entries(isObject(fingerprint.files) ? fingerprint.files : {})) {
    const digest = isObject(contents) && typeof contents.digest === 'string' ? contents.digest : '';
    take(`contents of ${pointer.slice(1)}`, digest.slice(0, shortDigest));
  }
  return traits;
}

async function completed(
  store: Store,
  written: readonly string[],
  terminal: Terminal,
): Promise<readonly string[]> {
  const [first, ...others] = written;
  if (first === undefined) {
    const newest = await namedRun(store, 'latest', terminal);
    const before = await findRun(store, `${newest.recipe}~1`, terminal.directory);
    if (before.state === 'found') return [before.run.id, newest.id];
    const recipe = shortPath(newest.recipe, terminal.directory);
    throw new CommandLineError('command/argument', `there is only one run of ${recipe}`, {
      help: 'run it again with other settings, or name two runs: roux runs lists them',
    });
  }
  if (others.length > 0 || (await namedTrials(store, first)) !== undefined) return written;
  const only = await namedRun(store, first, terminal);
  const newest = await namedRun(store, only.recipe, terminal);
  if (newest.id !== only.id) return [only.id, newest.id];
  throw new CommandLineError('command/argument', `there is no other run to compare ${first} with`, {
    written: first,
    help: 'name two: roux compare baseline latest; roux runs lists them',
  });
}

/** A sweep, or one trial of it. */
export interface NamedSweep {
  readonly sweep: SweepRecord;
  readonly trial?: TrialRecord;
}

/** The sweep that is named: by its identifier, or `sweep` for the one that was changed last; with `#3` one of its trials. */
export async function namedSweep(store: Store, written: string): Promise<NamedSweep | undefined> {
  const { id = written, number } = /^(?<id>.+)#(?<number>\d+)$/.exec(written)?.groups ?? {};
  const sweep = id === 'sweep' ? (await listSweeps(store))[0] : await readSweep(store, id);
  if (sweep === undefined || number === undefined) return sweep && { sweep };
  const trial = sweep.trials.find((candidate) => candidate.number === Number(number));
  if (trial !== undefined) return { sweep, trial };
  throw new CommandLineError('command/unknown-run', `the sweep ${id} has no trial ${number}`, {
    written,
    help: `its trials: 1 to ${sweep.trials.length}`,
  });
}

async function namedTrials(
  store: Store,
  written: string,
): Promise<{ readonly sweep: SweepRecord; readonly trials: readonly TrialRecord[] } | undefined> {
  const named = await namedSweep(store, written);
  if (named === undefined) return undefined;
  const { sweep, trial } = named;
  if (trial !== undefined) return { sweep, trials: [trial] };
  return { sweep, trials: rankedTrials(sweep.trials, sweep.goal).slice(0, mostTrials) };
}
