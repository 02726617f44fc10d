/** How the stages of a run end: told, remembered, and noted in the graph so that others can go on. */
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import type { StageSummary } from './api.js';
import { concludeStage } from './conclusion.js';
import type { StageFailure } from './events.js';
import type { KeyedStage } from './inspection.js';
import type { RunReason } from './plan.js';
import type { KnownResult } from './provenance.js';
import type { ResultRecord } from './result-record.js';
import { touchResult } from './results.js';
import type { RunVoice } from './run-voice.js';
import type { StageGraph } from './stage-graph.js';
import type { StageNode } from './stage-node.js';
import type { Store } from './store.js';

/** What the ends of a run's stages have to do with. */
interface EndingsContext {
  readonly store: Store;
  readonly recipe: CheckedRecipe;
  readonly graph: StageGraph;
  readonly voice: RunVoice;
}

/** The ends of the stages of one run. */
export class StageEndings {
  /** Stages that ended well, by name. */
  readonly results = new Map<string, KnownResult>();
  /** Stages that ran in this run. */
  readonly ranAgain = new Set<string>();
  private readonly context: EndingsContext;

  constructor(context: EndingsContext) {
    this.context = context;
  }

  /** The store had the result. `keep` protects it from garbage collection. */
  async hit(node: StageNode, { data }: KeyedStage, record: ResultRecord, keep: boolean): Promise<void> {
    const { store, recipe, voice } = this.context;
    const { stage } = node;
    touchResult(store, record.key);
    if (keep) await store.presence.pin(idsOf(record));
    const { failure, previousMetrics } = await concludeStage(store, recipe, stage, data, record);
    if (failure !== undefined) return this.fail(node, failure, { record });
    this.results.set(stage.name, { record, data });
    const before = previousMetrics === undefined ? {} : { previousMetrics };
    voice.emit({ event: 'stage-hit', stage: stage.name, record, ...before });
    this.end(node, { outcome: 'hit', record });
  }

  /** The result was made, by this run or by another one in this process. */
  async done(
    node: StageNode,
    { data }: KeyedStage,
    record: ResultRecord,
    reasons: readonly RunReason[],
  ): Promise<void> {
    const { store, recipe, voice } = this.context;
    const { stage } = node;
    const { failure, ...news } = await concludeStage(store, recipe, stage, data, record);
    if (failure !== undefined) return this.fail(node, failure, { record, reasons });
    this.results.set(stage.name, { record, data });
    this.ranAgain.add(stage.name);
    voice.emit({ event: 'stage-done', stage: stage.name, record, ...news });
    this.end(node, { outcome: 'done', record, reasons });
  }

  /** `record` is there when only an `expect` does not hold. */
  fail(
    node: StageNode,
    reported: StageFailure,
    known: { readonly record?: ResultRecord; readonly reasons?: readonly RunReason[] } = {},
  ): void {
    const { record, reasons } = known;
    const failure = placed(reported, node.stage);
    const made = record === undefined ? {} : { record };
    this.context.voice.emit({ event: 'stage-failed', stage: node.stage.name, failure, ...made });
    this.end(node, { outcome: 'failed', failure, ...made, ...(reasons === undefined ? {} : { reasons }) });
  }

  /** A stage that it reads from has no result. */
  skip(node: StageNode, because: StageNode): void {
    if (because.state.state === 'ended' && because.state.summary.outcome === 'cancelled') {
      this.cancelled(node);
      return;
    }
    this.context.voice.emit({ event: 'stage-skipped', stage: node.stage.name, because: because.stage.name });
    this.end(node, { outcome: 'skipped' });
  }

  cancelled(node: StageNode, reasons?: readonly RunReason[]): void {
    this.context.voice.emit({ event: 'stage-cancelled', stage: node.stage.name });
    this.end(node, { outcome: 'cancelled', ...(reasons === undefined ? {} : { reasons }) });
  }

  private end(node: StageNode, summary: Omit<StageSummary, 'name'>): void {
    this.context.graph.move(node, { state: 'ended', summary: { name: node.stage.name, ...summary } });
  }
}

/** A user's mistake that has no place in a file of data is shown where the recipe has the stage; a full disk is no mistake there. */
function placed(failure: StageFailure, { location }: CheckedStage): StageFailure {
  const isPlaced = failure.file !== undefined || failure.line !== undefined;
  if (failure.kind !== 'user' || isPlaced || failure.code?.startsWith('disk/')) return failure;
  const { file, line, column } = location;
  return { ...failure, file, line, column };
}

/** The key of a result and the digests of its artifacts. */
export function idsOf({ key, outputs }: ResultRecord): readonly string[] {
  return [key, ...Object.values(outputs).map(({ digest }) => digest)];
}
