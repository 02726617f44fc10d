/**
 * One execution of a recipe.
 *
 * Every stage is in one state at a time. Whenever something has happened (a stage ended, another process may have
 * finished) the stages are looked at in the recipe's order: those whose inputs are known get their key and are hits or
 * queued, and queued ones are started as far as the resources allow. Looking is never done twice at a time, so the order of
 * starts follows from the order of ends alone.
 */
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import type { RunOptions, RunSummary, StageSummary } from './api.js';
import { quarantineArtifact } from './artifacts.js';
import type { RunEventBody, StageFailure, StageOutcome } from './events.js';
import { checkExpectations } from './expectations.js';
import { type HistoryEntry, readHistory, writeHistory } from './history.js';
import {
  explainRun,
  type KeyedStage,
  keyStage,
  type LostArtifact,
  lookUp,
  type PathMemory,
  readFiles,
} from './inspection.js';
import { type Lock, type LockAnswer, tryLock } from './locks.js';
import type { RunReason } from './plan.js';
import type { KnownResult } from './provenance.js';
import type { Resources } from './resources.js';
import type { ResultRecord } from './result-record.js';
import { setResultAside, touchResult } from './results.js';
import { RunRecorder } from './run-recorder.js';
import { producersOf, selectStages } from './selection.js';
import { type ExecutionEnd, executeStage, type LostInput } from './stage-execution.js';
import { describeFailure } from './stage-failure.js';
import { knownVersions } from './versions.js';
import type { WorkerPool } from './worker-pool.js';

/** What a run is made with: the caller's options, and what several runs of one process share. */
export interface RecipeRunOptions extends RunOptions {
  readonly pool: WorkerPool;
  readonly resources: Resources;
}

/** How long to wait before looking whether another process has finished, in milliseconds. */
const pollMs = 100;

/** How often a stage is made again because its consumer found it damaged; more than once means a broken disk. */
const mostRepairs = 3;

type NodeState =
  | { readonly state: 'pending' }
  /** The key is locked and the stage waits for threads. */
  | {
      readonly state: 'queued';
      readonly keyed: KeyedStage;
      readonly reasons: readonly RunReason[];
      readonly lock: Lock;
    }
  /** Another process, or another run of this one, makes the result. */
  | { readonly state: 'elsewhere' }
  | { readonly state: 'active'; readonly key: string; readonly controller: AbortController }
  | { readonly state: 'ended'; readonly summary: StageSummary };

interface StageNode {
  readonly stage: CheckedStage;
  readonly forced: boolean;
  state: NodeState;
  toldOfWaiting: boolean;
  /** A superseded run of this process makes the result. */
  adopted: boolean;
  repairs: number;
  /** What was found damaged by a consumer in this run. */
  lost: readonly LostArtifact[];
}

/** A run that goes on, or went. */
export class RecipeRun {
  /** The summary; rejects for bugs and when the store cannot be written. */
  readonly finished: Promise<RunSummary>;
  private readonly recipe: CheckedRecipe;
  private readonly options: RecipeRunOptions;
  private readonly recorder: RunRecorder;
  private readonly versions: Readonly<Record<string, string>>;
  private readonly nodes: readonly StageNode[];
  private readonly results = new Map<string, KnownResult>();
  private readonly ranAgain = new Set<string>();
  private readonly paths: PathMemory = new Map();
  private readonly verified = new Set<string>();
  private readonly began = performance.now();
  private readonly executions = new Set<Promise<void>>();
  private readonly settle: { resolve(summary: RunSummary): void; reject(error: unknown): void };
  private keep: ReadonlySet<string> | undefined;
  private superseded = false;
  private looking = false;
  private lookAgain = false;
  private over = false;
  /** Something runs, or ran: from then on the run's results are kept from garbage collection. */
  private executed = false;
  private poll: NodeJS.Timeout | undefined;

  private constructor(recipe: CheckedRecipe, options: RecipeRunOptions, recorder: RunRecorder) {
    this.recipe = recipe;
    this.options = options;
    this.recorder = recorder;
    this.versions = { ...knownVersions(), ...options.versions };
    const { stages, forced } = selectStages(recipe, options);
    this.nodes = stages.map((stage) => ({
      stage,
      forced: forced.has(stage.name),
      state: { state: 'pending' },
      toldOfWaiting: false,
      adopted: false,
      repairs: 0,
      lost: [],
    }));
    let settle: RecipeRun['settle'] | undefined;
    this.finished = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    if (settle === undefined) throw new Error('A promise calls its executor at once');
    this.settle = settle;
  }

  /** Begins a run. */
  static async begin(recipe: CheckedRecipe, options: RecipeRunOptions): Promise<RecipeRun> {
    const { stages } = selectStages(recipe, options);
    const versions = { ...knownVersions(), ...options.versions };
    const recorder = await RunRecorder.begin(options.store, recipe, stages, versions);
    const run = new RecipeRun(recipe, options, recorder);
    run.start(stages);
    return run;
  }

  /** Ends the run: what is active is cancelled, nothing more is started. */
  cancel(): void {
    this.wind(new Set());
  }

  /**
   * Ends the run but for the active stages whose keys are in `keep`: the next run waits for their results. The listener
   * is told of the end at once, and from then on only hears what the kept stages say.
   */
  supersede(keep: ReadonlySet<string>): void {
    if (this.over) return;
    if (!this.superseded) {
      const cancelled = this.nodes.filter(({ state }) => state.state !== 'ended');
      for (const { stage, state } of cancelled) {
        if (state.state === 'active' && keep.has(state.key)) continue;
        this.tell({ event: 'stage-cancelled', stage: stage.name });
      }
      const counts = countOutcomes(this.ends());
      this.tell({
        event: 'run-finished',
        outcome: 'cancelled',
        counts: { ...counts, cancelled: counts.cancelled + cancelled.length },
        durationMs: this.now(),
      });
      this.superseded = true;
    }
    this.wind(keep);
  }

  private wind(keep: ReadonlySet<string>): void {
    this.keep = keep;
    for (const { state } of this.nodes) {
      if (state.state === 'active' && !keep.has(state.key)) state.controller.abort();
    }
    this.look();
  }

  private start(stages: readonly CheckedStage[]): void {
    this.emit({
      event: 'run-started',
      run: this.recorder.id,
      recipe: this.recipe.name,
      ...(this.recipe.profile === undefined ? {} : { profile: this.recipe.profile }),
      stages: stages.map((stage) => ({
        name: stage.name,
        type: stage.info.type,
        inputs: producersOf(stage),
      })),
    });
    // Files are hashed ahead of the stages that name them; what is wrong with one is told when its stage comes.
    for (const stage of stages) readFiles(this.options.store, stage, this.paths).catch(() => undefined);
    this.look();
  }

  private emit(event: RunEventBody): void {
    this.recorder.event({ time: this.now(), ...event });
    const heard = event.event === 'stage-progress' || event.event === 'stage-log';
    if (!this.superseded || heard) this.tell(event);
  }

  private tell(event: RunEventBody): void {
    try {
      this.options.onEvent?.({ time: this.now(), ...event });
    } catch (error) {
      this.breakOff(error);
    }
  }

  private now(): number {
    return Math.round(performance.now() - this.began);
  }

  private ends(): readonly StageSummary[] {
    return this.nodes.flatMap(({ state }) => (state.state === 'ended' ? [state.summary] : []));
  }

  /** Looks at all stages, unless that is being done already; then once more after it. */
  private look(): void {
    this.lookAgain = true;
    if (this.looking || this.over) return;
    this.looking = true;
    void this.lookUntilQuiet().catch((error: unknown) => this.breakOff(error));
  }

  private async lookUntilQuiet(): Promise<void> {
    while (this.lookAgain) {
      this.lookAgain = false;
      for (const node of this.nodes) {
        if (this.keep !== undefined) await this.drop(node);
        if (node.state.state === 'pending') await this.prepare(node);
        this.startQueued();
      }
    }
    this.looking = false;
    if (this.nodes.every(({ state }) => state.state === 'ended')) await this.finish();
    else this.waitForOthers();
  }

  /** For a run that is ending: what has not begun does not begin. */
  private async drop(node: StageNode): Promise<void> {
    const { state } = node;
    if (state.state === 'active' || state.state === 'ended') return;
    if (state.state === 'queued') await state.lock.release();
    this.emit({ event: 'stage-cancelled', stage: node.stage.name });
    this.end(node, { name: node.stage.name, outcome: 'cancelled' });
  }

  /** Finds the key of a stage whose inputs are known, and whether anything has to be done. */
  private async prepare(node: StageNode): Promise<void> {
    const { stage } = node;
    const producers = this.nodes.filter((other) => producersOf(stage).includes(other.stage.name));
    if (producers.some(({ state }) => state.state !== 'ended')) return;
    const blocked = producers.find(({ stage: producer }) => !this.results.has(producer.name));
    if (blocked !== undefined) return this.skip(node, blocked);
    try {
      const { store } = this.options;
      const keyed = await keyStage(store, this.recipe, stage, this.results, this.paths);
      const found = await lookUp(store, keyed.key);
      if (found.state === 'hit' && !node.forced) return await this.hit(node, keyed, found.record);
      if (found.state === 'missing') await this.setAsideDamaged(node, keyed.key, found.lost);
      const answer = await tryLock(store, keyed.key);
      if (answer.state === 'busy') {
        return await this.awaitOther(node, keyed, answer);
      }
      // Whoever had the lock until now may have left a result.
      const made = node.forced ? found : await lookUp(store, keyed.key);
      if (made.state === 'hit' && !node.forced) {
        await answer.lock.release();
        return await this.hit(node, keyed, made.record);
      }
      const lost = found.state === 'missing' && found.lost.length > 0 ? found.lost : node.lost;
      node.state = {
        state: 'queued',
        keyed,
        reasons: await this.explain(node, keyed, lost),
        lock: answer.lock,
      };
    } catch (error) {
      this.fail(node, describeFailure(error, `preparing stage ${stage.name}`));
    }
  }

  private async awaitOther(
    node: StageNode,
    keyed: KeyedStage,
    { pid, ours }: Extract<LockAnswer, { state: 'busy' }>,
  ): Promise<void> {
    const { name } = node.stage;
    node.state = { state: 'elsewhere' };
    if (node.toldOfWaiting) return;
    node.toldOfWaiting = true;
    if (!ours) {
      this.emit({ event: 'stage-waiting-for-process', stage: name, pid });
      return;
    }
    node.adopted = true;
    const reasons = await this.explain(node, keyed, []);
    this.emit({ event: 'stage-started', stage: name, key: keyed.key, reasons, resumed: true });
  }

  private async explain(
    node: StageNode,
    keyed: KeyedStage,
    lost: readonly LostArtifact[],
  ): Promise<readonly RunReason[]> {
    if (node.forced) return [{ kind: 'forced', text: 'forced' }];
    return explainRun(this.options.store, this.recipe, node.stage, keyed, lost, (name) =>
      this.ranAgain.has(name),
    );
  }

  private async setAsideDamaged(node: StageNode, key: string, lost: readonly LostArtifact[]): Promise<void> {
    const { store } = this.options;
    for (const { port, digest, damaged, setAside, detail } of lost) {
      if (!damaged || setAside === true) continue;
      if (digest !== undefined) await quarantineArtifact(store, digest, detail);
      else await setResultAside(store, key, detail);
      this.emit({ event: 'artifact-damaged', stage: node.stage.name, port, detail });
    }
  }

  private async hit(node: StageNode, keyed: KeyedStage, record: ResultRecord): Promise<void> {
    if (node.adopted) return this.done(node, keyed, record, []);
    const { store } = this.options;
    const { stage } = node;
    const previous = await readHistory(store, this.recipe, stage);
    await touchResult(store, record.key);
    if (this.executed) await store.presence.pin(idsOf(record));
    if (previous?.key !== record.key) await writeHistory(store, this.recipe, stage, keyed.data, record);
    this.results.set(stage.name, { record, data: keyed.data });
    const failure = checkExpectations(stage, record.metrics);
    if (failure !== undefined) return this.fail(node, failure, record);
    this.emit({ event: 'stage-hit', stage: stage.name, record, ...previousMetrics(previous) });
    this.end(node, { name: stage.name, outcome: 'hit', record });
  }

  private skip(node: StageNode, because: StageNode): void {
    const { name } = node.stage;
    if (because.state.state === 'ended' && because.state.summary.outcome === 'cancelled') {
      this.emit({ event: 'stage-cancelled', stage: name });
      this.end(node, { name, outcome: 'cancelled' });
      return;
    }
    this.emit({ event: 'stage-skipped', stage: name, because: because.stage.name });
    this.end(node, { name, outcome: 'skipped' });
  }

  private fail(
    node: StageNode,
    failure: StageFailure,
    record?: ResultRecord,
    reasons?: readonly RunReason[],
  ): void {
    const { name } = node.stage;
    this.results.delete(name);
    const known = record === undefined ? {} : { record };
    this.emit({ event: 'stage-failed', stage: name, failure, ...known });
    this.end(node, {
      name,
      outcome: 'failed',
      failure,
      ...known,
      ...(reasons === undefined ? {} : { reasons }),
    });
  }

  private end(node: StageNode, summary: StageSummary): void {
    node.state = { state: 'ended', summary };
    this.look();
  }

  /** Starts what fits, in the recipe's order; at one go, so that no later stage overtakes an earlier one. */
  private startQueued(): void {
    if (this.keep !== undefined || this.over) return;
    for (const node of this.nodes) if (node.state.state === 'queued') this.tryStart(node, node.state);
  }

  private tryStart(node: StageNode, queued: Extract<NodeState, { state: 'queued' }>): void {
    const { resources } = this.options;
    const claim = resources.claimOf(node.stage);
    if (!resources.tryTake(claim)) return;
    const controller = new AbortController();
    this.executed = true;
    node.state = { state: 'active', key: queued.keyed.key, controller };
    const execution = this.execute(node, queued, controller.signal)
      .finally(async () => {
        resources.give(claim);
        await queued.lock.release();
      })
      .then((end) => this.conclude(node, queued, end))
      .catch((error: unknown) => this.breakOff(error));
    this.executions.add(execution);
    void execution.then(() => this.executions.delete(execution));
  }

  private async execute(
    node: StageNode,
    { keyed, reasons }: Extract<NodeState, { state: 'queued' }>,
    signal: AbortSignal,
  ): Promise<ExecutionEnd> {
    const { stage } = node;
    const { name } = stage;
    await this.options.store.presence.pin([...this.results.values()].flatMap(({ record }) => idsOf(record)));
    return executeStage({
      store: this.options.store,
      recipe: this.recipe,
      stage,
      keyed,
      pool: this.options.pool,
      signal,
      verified: this.verified,
      fresh: node.forced,
      versions: this.versions,
      onStarted: (resumed) => {
        this.emit({ event: 'stage-started', stage: name, key: keyed.key, reasons, resumed });
      },
      onProgress: (progress) => this.emit({ event: 'stage-progress', stage: name, progress }),
      onLog: (level, message) => this.emit({ event: 'stage-log', stage: name, level, message }),
      onOutput: (text) => this.recorder.stageOutput(name, text),
    });
  }

  private async conclude(
    node: StageNode,
    { keyed, reasons }: Extract<NodeState, { state: 'queued' }>,
    end: ExecutionEnd,
  ): Promise<void> {
    const { name } = node.stage;
    if (end.state === 'done') await this.done(node, keyed, end.record, reasons);
    else if (end.state === 'failed') this.fail(node, end.failure, undefined, reasons);
    else if (end.state === 'inputs-lost') await this.repair(node, end.lost);
    else {
      this.emit({ event: 'stage-cancelled', stage: name });
      this.end(node, { name, outcome: 'cancelled', reasons });
    }
  }

  private async done(
    node: StageNode,
    keyed: KeyedStage,
    record: ResultRecord,
    reasons: readonly RunReason[],
  ): Promise<void> {
    const { store } = this.options;
    const { stage } = node;
    const previous = await readHistory(store, this.recipe, stage);
    await writeHistory(store, this.recipe, stage, keyed.data, record);
    this.results.set(stage.name, { record, data: keyed.data });
    this.ranAgain.add(stage.name);
    const failure = checkExpectations(stage, record.metrics);
    if (failure !== undefined) return this.fail(node, failure, record, reasons);
    const sameAsBefore =
      previous !== undefined &&
      Object.entries(record.outputs).every(([port, { digest }]) => previous.outputs[port] === digest);
    this.emit({ event: 'stage-done', stage: stage.name, record, sameAsBefore, ...previousMetrics(previous) });
    this.end(node, { name: stage.name, outcome: 'done', record, reasons });
  }

  /** Inputs were found damaged just before they were to be read: their stages run again, then this one. */
  private async repair(node: StageNode, lost: readonly LostInput[]): Promise<void> {
    const { store } = this.options;
    for (const { stage, port, digest, damaged, detail } of lost) {
      const producer = this.nodes.find((candidate) => candidate.stage.name === stage);
      if (producer === undefined || producer.repairs >= mostRepairs) {
        const message = `What stage ${stage} makes does not stay as it was stored: ${port}: ${detail}`;
        this.fail(node, { kind: 'user', code: 'store/unreliable', message, help: 'Check the disk' });
        return;
      }
      if (damaged) {
        await quarantineArtifact(store, digest, detail);
        this.emit({ event: 'artifact-damaged', stage, port, detail });
      }
      producer.repairs += 1;
      producer.lost = [{ port, digest, damaged, detail }];
      producer.state = { state: 'pending' };
      this.results.delete(stage);
    }
    node.state = { state: 'pending' };
    this.look();
  }

  /** Looks again after a while when a result is being made elsewhere. */
  private waitForOthers(): void {
    if (this.poll !== undefined || this.over) return;
    const waiting = this.nodes.filter(({ state }) => state.state === 'elsewhere');
    if (waiting.length === 0) return;
    this.poll = setTimeout(() => {
      this.poll = undefined;
      for (const node of waiting) if (node.state.state === 'elsewhere') node.state = { state: 'pending' };
      this.look();
    }, pollMs);
  }

  private async finish(): Promise<void> {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.poll);
    await Promise.all(this.executions);
    const stages = this.ends();
    const counts = countOutcomes(stages);
    const outcome = counts.cancelled > 0 ? 'cancelled' : counts.failed > 0 ? 'failed' : 'done';
    const durationMs = this.now();
    this.emit({ event: 'run-finished', outcome, counts, durationMs });
    await this.recorder.finish({ outcome, counts, durationMs }, stages);
    this.settle.resolve({ run: this.recorder.id, outcome, stages, counts, durationMs });
  }

  /** A bug, or a store that cannot be written: nothing goes on. */
  private breakOff(error: unknown): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.poll);
    for (const { state } of this.nodes) if (state.state === 'active') state.controller.abort();
    void Promise.allSettled(this.executions).then(async () => {
      for (const { state } of this.nodes) {
        if (state.state === 'queued') await state.lock.release().catch(() => undefined);
      }
      this.recorder.abandon();
      this.settle.reject(error);
    });
  }
}

function countOutcomes(stages: readonly StageSummary[]): Readonly<Record<StageOutcome, number>> {
  const counts: Record<StageOutcome, number> = { hit: 0, done: 0, failed: 0, cancelled: 0, skipped: 0 };
  for (const { outcome } of stages) counts[outcome] += 1;
  return counts;
}

function idsOf({ key, outputs }: ResultRecord): readonly string[] {
  return [key, ...Object.values(outputs).map(({ digest }) => digest)];
}

function previousMetrics(previous: HistoryEntry | undefined): {
  readonly previousMetrics?: Readonly<Record<string, number>>;
} {
  return previous === undefined ? {} : { previousMetrics: previous.metrics };
}
