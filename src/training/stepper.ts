/**
 * Runs updates: picks the compiled function for each batch's shape, accumulates where asked, and feeds what changes
 * from step to step.
 */
import type { Random } from '../data/random.js';
import type {
  CompiledFunction,
  HostTensor,
  NamedHostTensors,
  Runtime,
  Variables,
} from '../runtime/runtime.js';
import type { BatchPlan } from './batches.js';
import type { StepFigures } from './checkpoint.js';
import type { ObjectiveBatch, ObjectiveData } from './objective.js';
import { adamWScalars } from './optimizers/adamw.js';
import type { Schedule } from './schedules.js';
import {
  compileAccumulation,
  compileTrainStep,
  compileUpdate,
  lossScale,
  type TrainStepOptions,
} from './train-step.js';

/** What updates need. */
export interface StepperOptions {
  readonly runtime: Runtime;
  readonly variables: Variables;
  readonly step: TrainStepOptions;
  readonly data: ObjectiveData;
  readonly schedule: Schedule;
  /** Batches that make up one update. */
  readonly gradientAccumulation: number;
  /** Decides dropout. */
  readonly random: Random;
  readonly signal?: AbortSignal;
}

/** One update's figures. */
export interface StepResult extends StepFigures {
  /** Tokens that are not padding. */
  readonly tokens: number;
}

/** Runs updates. */
export interface Stepper {
  /**
   * One update of the weights.
   *
   * @param step its index, from 0.
   * @param plans the batches of the update; one, or as many as are accumulated.
   * @param random the stream of the epoch, for masks.
   */
  update(step: number, plans: readonly BatchPlan[], random: Random): Promise<StepResult>;
  dispose(): Promise<void>;
}

/** Creates a stepper. Functions are compiled when the first batch of their shape comes. */
export function createStepper(options: StepperOptions): Stepper {
  const { runtime, variables, data, schedule } = options;
  const compiled = new Map<string, Promise<CompiledFunction>>();
  const get = (key: string, compile: () => Promise<CompiledFunction>): Promise<CompiledFunction> => {
    const existing = compiled.get(key);
    if (existing !== undefined) return existing;
    const created = compile();
    compiled.set(key, created);
    return created;
  };
  const forShape = (kind: 'train' | 'accumulate', { length, size }: BatchPlan) => {
    const compile = kind === 'train' ? compileTrainStep : compileAccumulation;
    // By shapes, not by length: inputs need not depend on it.
    const shapes = JSON.stringify(options.step.objective.inputs(length, size));
    return get(`${kind} ${shapes}`, () => compile(runtime, variables, options.step, length, size));
  };
  const seedOf = (step: number, part: number) =>
    options.random
      .fork(`step-${step}`)
      .fork(`part-${part}`)
      .integer(2 ** 32);

  const updateAtOnce = async (
    step: number,
    plan: BatchPlan,
    batch: ObjectiveBatch,
    scalars: NamedHostTensors,
  ) => {
    const fn = await forShape('train', plan);
    const feeds = { ...batch.feeds, ...lossScale(batch.weight), ...scalars };
    return fn.run(feeds, { seed: seedOf(step, 0) });
  };

  const updateInParts = async (
    step: number,
    plans: readonly BatchPlan[],
    batches: readonly ObjectiveBatch[],
    scalars: NamedHostTensors,
  ): Promise<Record<string, HostTensor>> => {
    const scale = lossScale(batches.reduce((sum, batch) => sum + batch.weight, 0));
    let loss = 0;
    for (const [part, plan] of plans.entries()) {
      options.signal?.throwIfAborted();
      const fn = await forShape('accumulate', plan);
      const outputs = await fn.run({ ...batches[part]?.feeds, ...scale }, { seed: seedOf(step, part) });
      loss += numberOf(outputs.loss);
    }
    const update = await get('update', () => compileUpdate(runtime, variables, options.step));
    const lossTensor: HostTensor = { dtype: 'float32', shape: [], data: Float32Array.of(loss) };
    return { ...(await update.run(scalars)), loss: lossTensor };
  };

  return {
    async update(step, plans, random) {
      const learningRate = schedule(step);
      const scalars = adamWScalars(options.step.optimizer, learningRate, step);
      const batches = plans.map((plan) => data.batch(plan, random));
      const [plan] = plans;
      const [batch] = batches;
      if (plan === undefined || batch === undefined) throw new Error('an update has at least one batch');
      const outputs =
        options.gradientAccumulation > 1
          ? await updateInParts(step, plans, batches, scalars)
          : await updateAtOnce(step, plan, batch, scalars);
      return {
        loss: numberOf(outputs.loss),
        penalty: numberOf(outputs.penalty),
        gradientNorm: numberOf(outputs.gradient_norm),
        learningRate,
        tokens: batches.reduce((sum, { tokens }) => sum + tokens, 0),
      };
    },
    async dispose() {
      const functions = await Promise.allSettled(compiled.values());
      for (const fn of functions) if (fn.status === 'fulfilled') fn.value.dispose();
      compiled.clear();
    },
  };
}

function numberOf(tensor: HostTensor | undefined): number {
  const value = tensor?.data[0];
  if (value === undefined) throw new Error('a training step gave no figure back');
  return value;
}
