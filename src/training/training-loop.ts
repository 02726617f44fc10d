/**
 * The training loop.
 */
import { setImmediate } from 'node:timers/promises';
import type { Random } from '../data/random.js';
import type { NamedHostTensors, Variables } from '../runtime/runtime.js';
import { type BatchPlan, partsOfBatch, trainingBatches } from './batches.js';
import { afterEvaluation, noEvaluation, shouldStop } from './best.js';
import {
  type Checkpoint,
  type LoopState,
  type StepFigures,
  type StepResult,
  writeCheckpoint,
} from './checkpoint.js';
import type { CurveRow } from './curve.js';
import { diverged, divergedInEvaluation } from './divergence.js';
import type { Evaluator } from './evaluator.js';
import type { EvaluationMetrics } from './objective.js';
import type { Stepper } from './stepper.js';
import type { TrainingOptions, TrainingResult } from './training-options.js';
import { courseOf, type TrainingPlan } from './training-plan.js';
import { averageName } from './weight-average.js';

/** What the loop works with. */
export interface LoopParts {
  readonly options: TrainingOptions;
  readonly plan: TrainingPlan;
  /** The training's stream; every epoch has a fork of it. */
  readonly random: Random;
  readonly variables: Variables;
  /** Variables that a checkpoint holds. */
  readonly resumable: readonly string[];
  readonly stepper: Stepper;
  readonly evaluator: Evaluator | undefined;
  /** Where to go on; the start when absent. */
  readonly checkpoint: Pick<Checkpoint, 'state' | 'best'> | undefined;
  /** At the end a state is left for longer trainings, where `options.continuation` says where. */
  readonly leavesState: boolean;
}

/** One training: updates, evaluations, checkpoints, until the last step or until patience runs out. */
export class TrainingLoop {
  readonly #options: TrainingOptions;
  readonly #plan: TrainingPlan;
  readonly #random: Random;
  readonly #variables: Variables;
  readonly #resumable: readonly string[];
  readonly #stepper: Stepper;
  readonly #evaluator: Evaluator | undefined;
  readonly #leavesState: boolean;

  #state: LoopState;
  #best: NamedHostTensors | undefined;
  /** State and best weights after the last update, before its evaluation. */
  #updated: { readonly state: LoopState; readonly best: NamedHostTensors | undefined } | undefined;
  #epoch:
    | { readonly index: number; readonly random: Random; readonly updates: readonly (readonly BatchPlan[])[] }
    | undefined;
  /** When the last checkpoint was written, and after which step. */
  #checkpointed: number;
  #checkpointedStep: number;
  #speeds: { readonly tokens: number; readonly seconds: number }[] = [];

  constructor(parts: LoopParts) {
    this.#options = parts.options;
    this.#plan = parts.plan;
    this.#random = parts.random;
    this.#variables = parts.variables;
    this.#resumable = parts.resumable;
    this.#stepper = parts.stepper;
    this.#evaluator = parts.evaluator;
    this.#leavesState = parts.leavesState;
    this.#state = parts.checkpoint?.state ?? startState;
    this.#best = parts.checkpoint?.best;
    this.#checkpointed = parts.options.clock();
    this.#checkpointedStep = this.#state.step;
  }

  /** Runs to the end. An abort leaves a checkpoint. */
  async run(): Promise<TrainingResult> {
    this.#options.log?.start(this.#state.curve);
    try {
      while (this.#isGoingOn()) {
        this.#options.signal?.throwIfAborted();
        const figures = this.#state.unrecorded ?? (await this.#update());
        this.#updated = { state: this.#state, best: this.#best };
        const validation = this.#isEvaluated() ? await this.#evaluate() : undefined;
        this.#record(figures, validation);
        if (this.#isGoingOn() && this.#isCheckpointDue()) await this.#checkpoint();
        // A session's run blocks the event loop: let messages (cancel) in.
        await setImmediate();
      }
    } catch (error) {
      if (this.#options.signal?.aborted === true) await this.#keepForLater();
      throw error;
    }
    await this.#leaveState();
    return this.#result();
  }

  #isGoingOn(): boolean {
    const { step, stopped, unrecorded } = this.#state;
    return unrecorded !== undefined || (step < this.#plan.totalSteps && !stopped);
  }

  async #update(): Promise<StepResult> {
    const { step } = this.#state;
    const { random, updates } = this.#epochOf(step);
    const started = this.#options.clock();
    const figures = await this.#stepper.update(step, updates[step % this.#plan.stepsPerEpoch] ?? [], random);
    this.#speeds.push({ tokens: figures.tokens, seconds: this.#options.clock() - started });
    if (this.#speeds.length > SPEED_WINDOW) this.#speeds.shift();
    if (!Number.isFinite(figures.loss) || !Number.isFinite(figures.gradientNorm)) {
      throw diverged(step + 1, figures, this.#options.settings);
    }
    const epochLoss = this.#epochLoss(step, figures.loss);
    this.#state = { ...this.#state, step: step + 1, epochLoss, unrecorded: figures };
    return figures;
  }

  #epochOf(step: number) {
    const index = Math.floor(step / this.#plan.stepsPerEpoch);
    if (this.#epoch?.index === index) return this.#epoch;
    const random = this.#random.fork(`epoch-${index}`);
    const { batches, partSizeOf } = this.#plan;
    this.#epoch = {
      index,
      random: random.fork('examples'),
      updates: trainingBatches(batches, random.fork('order')).map((batch) =>
        partsOfBatch(batch, partSizeOf(batch.length)),
      ),
    };
    return this.#epoch;
  }

  #epochLoss(step: number, loss: number): LoopState['epochLoss'] {
    const isFirst = step % this.#plan.stepsPerEpoch === 0;
    const before = isFirst ? { sum: 0, steps: 0 } : this.#state.epochLoss;
    return { sum: before.sum + loss, steps: before.steps + 1 };
  }

  #isEvaluated(): boolean {
    const { step } = this.#state;
    return (
      this.#evaluator !== undefined &&
      (step % this.#plan.evaluateEvery === 0 || step === this.#plan.totalSteps)
    );
  }

  async #evaluate(): Promise<EvaluationMetrics | undefined> {
    const { best: options, keep } = this.#options.settings;
    const metrics = await this.#evaluator?.evaluate();
    const value = metrics?.[options.metric];
    if (metrics === undefined || value === undefined) return metrics;
    const { step } = this.#state;
    if (!Number.isFinite(metrics.loss))
      throw divergedInEvaluation(step, metrics.loss, this.#options.settings);
    const best = afterEvaluation(this.#state.best, step, value, options);
    if (best.best?.step === step && keep === 'best') {
      this.#best = await this.#weights();
    }
    this.#state = { ...this.#state, best, stopped: shouldStop(best, options) };
    return metrics;
  }

  #record(figures: StepResult, validation: EvaluationMetrics | undefined): void {
    const { unrecorded: _recordedNow, ...state } = this.#state;
    const { step, stopped } = state;
    const { loss, penalty, gradientNorm, learningRate } = figures;
    const pending = [...state.pending, { loss, penalty, gradientNorm, learningRate }];
    const isLast = stopped || step === this.#plan.totalSteps;
    if (step % this.#plan.logEvery === 0 || validation !== undefined || isLast) {
      const row = this.#row(pending, validation);
      this.#state = { ...state, pending: [], curve: [...state.curve, row] };
      this.#options.log?.row(row);
    } else {
      this.#state = { ...state, pending };
    }
    this.#options.onProgress?.({
      step,
      totalSteps: this.#plan.totalSteps,
      figures,
      tokensPerSecond: speed(this.#speeds),
      ...(validation === undefined ? {} : { validation }),
    });
  }

  #row(pending: readonly StepFigures[], validation: EvaluationMetrics | undefined): CurveRow {
    const { step } = this.#state;
    const last = pending.at(-1);
    return {
      step,
      epoch: step / this.#plan.stepsPerEpoch,
      loss: mean(pending.map((figures) => figures.loss)),
      ...(this.#options.penalties.length > 0
        ? { penalty: mean(pending.map((figures) => figures.penalty)) }
        : {}),
      learning_rate: last?.learningRate ?? 0,
      gradient_norm: mean(pending.map((figures) => figures.gradientNorm)),
      ...(validation === undefined ? {} : { validation }),
    };
  }

  #isCheckpointDue(): boolean {
    const { checkpoints, clock } = this.#options;
    return checkpoints !== undefined && clock() - this.#checkpointed >= checkpoints.everySeconds;
  }

  /**
   * Leaves the state for a longer training: as it was after the last update, before it was evaluated and recorded as the last
   * one, which it is not in the longer training.
   */
  async #leaveState(): Promise<void> {
    const { continuation } = this.#options;
    if (!this.#leavesState || continuation === undefined || this.#updated === undefined) return;
    const { state, best } = this.#updated;
    await writeCheckpoint(continuation.state, {
      state,
      variables: await readAll(this.#variables, this.#resumable),
      ...(best === undefined ? {} : { best }),
      course: courseOf(this.#plan),
    });
  }

  /** What was computed since the last checkpoint would be lost with this process. */
  async #keepForLater(): Promise<void> {
    const { checkpoints, onMessage } = this.#options;
    const { step } = this.#state;
    if (checkpoints === undefined || step === this.#checkpointedStep) return;
    await this.#checkpoint();
    onMessage?.(`Interrupted: the next run goes on after step ${step}.`);
  }

  async #checkpoint(): Promise<void> {
    const { checkpoints, clock } = this.#options;
    if (checkpoints === undefined) return;
    await writeCheckpoint(checkpoints.folder, {
      state: this.#state,
      variables: await readAll(this.#variables, this.#resumable),
      ...(this.#best === undefined ? {} : { best: this.#best }),
    });
    this.#checkpointed = clock();
    this.#checkpointedStep = this.#state.step;
  }

  /** The trained parameters as they come out: their averages where these are kept. */
  async #weights(): Promise<NamedHostTensors> {
    const { trainable, settings } = this.#options;
    if (settings.averageDecay === undefined) return readAll(this.#variables, trainable);
    const averages = await readAll(this.#variables, trainable.map(averageName));
    return Object.fromEntries(
      trainable.flatMap((name) => {
        const average = averages[averageName(name)];
        return average === undefined ? [] : [[name, average]];
      }),
    );
  }

  async #result(): Promise<TrainingResult> {
    const { step, best, curve, epochLoss, stopped } = this.#state;
    const keptStep = this.#best !== undefined && best.best !== undefined ? best.best.step : step;
    const validation = curve.find((row) => row.step === keptStep)?.validation;
    const weights = this.#best ?? (await this.#weights());
    return {
      // In one order, wherever they were read from.
      weights: Object.fromEntries(
        this.#options.trainable.flatMap((name) => {
          const weight = weights[name];
          return weight === undefined ? [] : [[name, weight]];
        }),
      ),
      curve,
      steps: step,
      trainingLoss: epochLoss.sum / epochLoss.steps,
      keptStep,
      ...(validation === undefined ? {} : { validation }),
      stoppedEarly: stopped && step < this.#plan.totalSteps,
    };
  }
}

const startState: LoopState = {
  step: 0,
  best: noEvaluation,
  curve: [],
  pending: [],
  epochLoss: { sum: 0, steps: 0 },
  stopped: false,
};

async function readAll(variables: Variables, names: readonly string[]): Promise<NamedHostTensors> {
  const values: Record<string, Awaited<ReturnType<Variables['read']>>> = {};
  for (const name of names) values[name] = await variables.read(name);
  return values;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function speed(steps: readonly { readonly tokens: number; readonly seconds: number }[]): number {
  // The median, because the first update of a shape includes its compilation.
  const rates = steps.map(({ tokens, seconds }) => tokens / Math.max(seconds, Number.EPSILON));
  return rates.sort((left, right) => left - right)[rates.length >> 1] ?? 0;
}

/** Updates over which the speed that is shown is averaged. */
const SPEED_WINDOW = 20;
