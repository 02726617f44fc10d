/**
 * One execution of a recipe.
 *
 * Every stage is in one state at a time. Whenever something has happened (a stage ended, another process may have
 * finished) the stages that it concerns are looked at in the recipe's order: those whose inputs are known get their key and
 * are hits or queued, and queued ones are started as far as the resources allow. Looking is never done twice at a time, so
 * the order of starts follows from the order of ends alone.
 */
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import type { RunOptions, RunSummary, StageSummary } from './api.js';
import { quarantineArtifact } from './artifacts.js';
import type { RunEvent } from './events.js';
import { type PathMemory, readFiles } from './inspection.js';
import type { Resources } from './resources.js';
import { RunRecorder } from './run-recorder.js';
import { RunVoice } from './run-voice.js';
import { producersOf, type SelectedStages, selectStages } from './selection.js';
import { idsOf, StageEndings } from './stage-endings.js';
import type { ExecutionEnd, LostInput } from './stage-execution.js';
import { type QueuedNode, StageGraph } from './stage-graph.js';
import { countOutcomes, type QueuedState, type StageNode } from './stage-node.js';
import { type Preparation, prepareStage, type RunContext } from './stage-preparation.js';
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

/** A run that goes on, or went. */
export class RecipeRun {
  /** The summary; rejects for bugs and when the store cannot be written. */
  readonly finished: Promise<RunSummary>;
  private readonly recipe: CheckedRecipe;
  private readonly options: RecipeRunOptions;
  private readonly voice: RunVoice;
  private readonly versions: Readonly<Record<string, string>>;
  private readonly graph: StageGraph;
  private readonly endings: StageEndings;
  private readonly paths: PathMemory = new Map();
  private readonly verified = new Set<string>();
  private readonly context: RunContext;
  private readonly executions = new Set<Promise<void>>();
  private readonly settle: { resolve(summary: RunSummary): void; reject(error: unknown): void };
  /** Keys of active stages that go on although the run ends; absent while it does not. */
  private keep: ReadonlySet<string> | undefined;
  private looking = false;
  private over = false;
  /** Something runs, or ran: from then on the run's results are kept from garbage collection. */
  private executed = false;
  private poll: NodeJS.Timeout | undefined;
  private stopListening = (): void => {};
  /** A superseded run gives back what this one waits for. */
  private readonly freed = () => this.look();

  private constructor(recipe: CheckedRecipe, options: RecipeRunOptions, { stages, forced }: SelectedStages) {
    const { store } = options;
    this.recipe = recipe;
    this.options = options;
    this.versions = { ...knownVersions(), ...options.versions };
    const recorder = RunRecorder.begin(store, recipe, stages, this.versions);
    this.voice = new RunVoice(recorder, (event) => this.pass(event));
    this.graph = new StageGraph(stages, forced);
    const { graph, voice, paths } = this;
    this.endings = new StageEndings({ store, recipe, graph, voice });
    const { results, ranAgain } = this.endings;
    this.context = { store, recipe, results, ranAgain, paths, emit: voice.emit.bind(voice) };
    let settle: RecipeRun['settle'] | undefined;
    this.finished = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    if (settle === undefined) throw new Error('A promise calls its executor at once');
    this.settle = settle;
  }

  /** Begins a run. Throws what `selectStages` throws, and when the store cannot be written. */
  static begin(recipe: CheckedRecipe, options: RecipeRunOptions): RecipeRun {
    const selected = selectStages(recipe, options);
    const run = new RecipeRun(recipe, options, selected);
    options.resources.join(run.freed);
    run.start(selected.stages);
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
    if (this.voice.mute()) {
      const cancelled = this.graph.nodes.filter(({ state }) => state.state !== 'ended');
      for (const { stage, state } of cancelled) {
        if (state.state === 'active' && keep.has(state.key)) continue;
        this.voice.tell({ event: 'stage-cancelled', stage: stage.name });
      }
      const counts = countOutcomes(this.ends());
      this.voice.tell({
        event: 'run-finished',
        outcome: 'cancelled',
        counts: { ...counts, cancelled: counts.cancelled + cancelled.length },
        durationMs: this.voice.now(),
      });
    }
    this.wind(keep);
  }

  private wind(keep: ReadonlySet<string>): void {
    this.keep = keep;
    for (const { state } of this.graph.nodes) {
      if (state.state === 'active' && !keep.has(state.key)) state.controller.abort();
    }
    this.look();
  }

  private start(stages: readonly CheckedStage[]): void {
    this.voice.emit({
      event: 'run-started',
      run: this.voice.recorder.id,
      recipe: this.recipe.name,
      ...(this.recipe.profile === undefined ? {} : { profile: this.recipe.profile }),
      stages: stages.map((stage) => ({
        name: stage.name,
        type: stage.info.type,
        inputs: producersOf(stage),
      })),
    });
    const tell = (message: string) => this.voice.emit({ event: 'store-trouble', message });
    this.stopListening = this.options.store.troubles.listen(tell);
    // Files are hashed ahead of the stages that name them; what is wrong with one is told when its stage comes.
    for (const stage of stages) {
      if (stage.paths.length > 0) readFiles(this.options.store, stage, this.paths).catch(() => undefined);
    }
    this.look();
  }

  private pass(event: RunEvent): void {
    try {
      this.options.onEvent?.(event);
    } catch (error) {
      this.breakOff(error);
    }
  }

  private ends(): readonly StageSummary[] {
    return this.graph.nodes.flatMap(({ state }) => (state.state === 'ended' ? [state.summary] : []));
  }

  /** Looks at the stages that something happened to, unless that is being done already. */
  private look(): void {
    if (this.looking || this.over) return;
    this.looking = true;
    void this.lookUntilQuiet().catch((error: unknown) => this.breakOff(error));
  }

  private async lookUntilQuiet(): Promise<void> {
    do {
      for (let node = this.graph.next(); node !== undefined && !this.over; node = this.graph.next()) {
        if (this.keep === undefined && node.state.state === 'pending') await this.prepare(node);
        this.startQueued();
      }
      this.startQueued();
      if (this.keep !== undefined) await this.dropWaiting();
    } while (!this.graph.isQuiet && !this.over);
    this.looking = false;
    if (this.graph.isFinished) await this.finish();
    else this.waitForOthers();
  }

  /** For a run that is ending: what has not begun does not begin. */
  private async dropWaiting(): Promise<void> {
    for (const node of this.graph.nodes) {
      const { state } = node;
      if (state.state === 'active' || state.state === 'ended') continue;
      if (state.state === 'queued') await state.lock.release();
      this.endings.cancelled(node);
    }
  }

  /** Finds the key of a stage whose inputs are known, and whether anything has to be done. */
  private async prepare(node: StageNode): Promise<void> {
    const producers = this.graph.producersOf(node);
    if (producers.some(({ state }) => state.state !== 'ended')) return;
    const blocked = producers.find(({ stage: producer }) => !this.endings.results.has(producer.name));
    if (blocked !== undefined) return this.endings.skip(node, blocked);
    const prepared = await prepareStage(node, this.context);
    if (prepared.state === 'failed') this.endings.fail(node, prepared.failure);
    else if (prepared.state === 'queued') this.graph.move(node, prepared);
    else if (prepared.state === 'elsewhere') this.awaitOther(node, prepared);
    else if (node.adopted) await this.endings.done(node, prepared.keyed, prepared.record, []);
    else await this.endings.hit(node, prepared.keyed, prepared.record, this.executed);
  }

  private awaitOther(
    node: StageNode,
    { keyed, pid, ours, reasons }: Extract<Preparation, { state: 'elsewhere' }>,
  ): void {
    const { name } = node.stage;
    this.graph.move(node, { state: 'elsewhere' });
    if (node.toldOfWaiting) return;
    node.toldOfWaiting = true;
    node.adopted = ours;
    if (ours) {
      const started = { event: 'stage-started', stage: name, key: keyed.key, reasons } as const;
      this.voice.emit({ ...started, resumed: false, ongoing: true });
    } else this.voice.emit({ event: 'stage-waiting-for-process', stage: name, pid });
  }

  /** Starts what fits, in the recipe's order; at one go, so that no later stage overtakes an earlier one. */
  private startQueued(): void {
    if (this.keep !== undefined || this.over) return;
    for (const node of this.graph.waitingForResources()) this.tryStart(node);
  }

  private tryStart(node: QueuedNode): void {
    const { resources } = this.options;
    const queued = node.state;
    const claim = resources.claimOf(node.stage);
    if (!resources.tryTake(claim)) return;
    const controller = new AbortController();
    this.executed = true;
    this.graph.move(node, { state: 'active', key: queued.keyed.key, controller });
    const execution = this.execute(node, queued, controller.signal)
      .finally(async () => {
        resources.give(claim, this.freed);
        await queued.lock.release();
      })
      .then((end) => this.conclude(node, queued, end))
      .catch((error: unknown) => this.breakOff(error));
    this.executions.add(execution);
    void execution.then(() => {
      this.executions.delete(execution);
      this.look();
    });
  }

  private async execute(
    node: StageNode,
    { keyed, reasons }: QueuedState,
    signal: AbortSignal,
  ): Promise<ExecutionEnd> {
    const { stage } = node;
    const { name } = stage;
    // A run that finds everything needs none of what it takes to run a stage.
    const { executeStage } = await import('./stage-execution.js');
    return executeStage({
      store: this.options.store,
      recipe: this.recipe,
      stage,
      keyed,
      pool: this.options.pool,
      signal,
      verified: this.verified,
      fresh: node.forced,
      uses: [...this.endings.results.values()].flatMap(({ record }) => idsOf(record)),
      versions: this.versions,
      onStarted: (resumed) => {
        this.voice.emit({ event: 'stage-started', stage: name, key: keyed.key, reasons, resumed });
      },
      onProgress: (progress) => this.voice.emit({ event: 'stage-progress', stage: name, progress }),
      onLog: (level, message) => this.voice.emit({ event: 'stage-log', stage: name, level, message }),
      onOutput: (text) => this.voice.recorder.stageOutput(name, text),
    });
  }

  private async conclude(node: StageNode, { keyed, reasons }: QueuedState, end: ExecutionEnd): Promise<void> {
    if (end.state === 'done') await this.endings.done(node, keyed, end.record, reasons);
    else if (end.state === 'failed') this.endings.fail(node, end.failure, { reasons });
    else if (end.state === 'inputs-lost') await this.repair(node, end.lost);
    else this.endings.cancelled(node, reasons);
  }

  /** Inputs were found damaged just before they were to be read: their stages run again, then this one. */
  private async repair(node: StageNode, lost: readonly LostInput[]): Promise<void> {
    const { store } = this.options;
    for (const { stage, port, digest, damaged, detail } of lost) {
      const producer = this.graph.find(stage);
      if (producer === undefined || producer.repairs >= mostRepairs) {
        const message = `What stage ${stage} makes does not stay as it was stored: ${port}: ${detail}`;
        this.endings.fail(node, {
          kind: 'user',
          code: 'store/unreliable',
          message,
          help: 'Check the disk',
        });
        return;
      }
      if (damaged) {
        await quarantineArtifact(store, digest, detail);
        this.voice.emit({ event: 'artifact-damaged', stage, port, detail });
      }
      producer.repairs += 1;
      producer.lost = [{ port, digest, damaged, detail }];
      this.graph.move(producer, { state: 'pending' });
      this.endings.results.delete(stage);
    }
    this.graph.move(node, { state: 'pending' });
  }

  /** Looks again after a while when a result is being made elsewhere. */
  private waitForOthers(): void {
    if (this.poll !== undefined || this.over) return;
    const waiting = this.graph.nodes.filter(({ state }) => state.state === 'elsewhere');
    if (waiting.length === 0) return;
    this.poll = setTimeout(() => {
      this.poll = undefined;
      for (const node of waiting) {
        if (node.state.state === 'elsewhere') this.graph.move(node, { state: 'pending' });
      }
      this.look();
    }, pollMs);
  }

  private async finish(): Promise<void> {
    if (this.over) return;
    this.over = true;
    this.options.resources.leave(this.freed);
    clearTimeout(this.poll);
    await Promise.all(this.executions);
    const stages = this.ends();
    const counts = countOutcomes(stages);
    const outcome = counts.cancelled > 0 ? 'cancelled' : counts.failed > 0 ? 'failed' : 'done';
    const durationMs = this.voice.now();
    this.voice.end({ event: 'run-finished', outcome, counts, durationMs }, () => {
      this.voice.recorder.finish({ outcome, counts, durationMs }, stages);
    });
    this.stopListening();
    this.settle.resolve({ run: this.voice.recorder.id, outcome, stages, counts, durationMs });
  }

  /** A bug, or a store that cannot be written: nothing goes on. */
  private breakOff(error: unknown): void {
    if (this.over) return;
    this.over = true;
    this.stopListening();
    this.options.resources.leave(this.freed);
    clearTimeout(this.poll);
    for (const { state } of this.graph.nodes) if (state.state === 'active') state.controller.abort();
    void Promise.allSettled(this.executions).then(async () => {
      for (const { state } of this.graph.nodes) {
        if (state.state === 'queued') await state.lock.release().catch(() => undefined);
      }
      this.voice.recorder.abandon();
      this.settle.reject(error);
    });
  }
}
