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
import type { StepResult } from './checkpoint.js';
import type { ObjectiveBatch, ObjectiveData } from './objective.js';
import { activeGroups, type TimedGroup } from './optimizer-groups.js';
import { optimizerScalars } from './parameter-updates.js';
import { compileRecomputation } from './recomputation.js';
import type { Schedule } from './schedules.js';
import {
  compileAccumulation,
  compileTrainStep,
  compileUpdate,
  lossScale,
  stepOfGroups,
  type TrainStepOptions,
} from './train-step.js';
import { averageScalars } from './weight-average.js';

/** What updates need. */
export interface StepperOptions {
  readonly runtime: Runtime;
  readonly variables: Variables;
  readonly step: TrainStepOptions;
  /** The groups of `step`, and when each begins. */
  readonly groups: readonly TimedGroup[];
  readonly data: ObjectiveData;
  readonly schedule: Schedule;
  /** The learning rate that figures name: the largest one of parameters without a rate of their own. */
  readonly learningRate: number;
  /** Decay of the average of the weights, where there is one. */
  readonly averageDecay?: number;
  /** Gradients are accumulated before an update: of several batches, or of the parts of a forward pass. */
  readonly accumulates: boolean;
  /** Decides dropout. */
  readonly random: Random;
  readonly signal?: AbortSignal;
}

/** Runs updates. */
export interface Stepper {
  /**
   * One update of the weights.
   *
   * @param step its index, from 0.
   * @param plans the parts of the update's batch; one, or as many as are accumulated.
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
  let phase: number | undefined;
  // A group that begins to train changes the functions: gradients of what is still frozen are not computed.
  const enterPhase = async (groups: readonly TimedGroup[]) => {
    if (phase !== undefined && phase !== groups.length) await disposeAll(compiled);
    phase = groups.length;
  };
  const forShape = (kind: 'train' | 'accumulate', groups: readonly TimedGroup[], plan: BatchPlan) => {
    const { length, size } = plan;
    const inParts = options.step.objective.parts === undefined ? compileAccumulation : compileRecomputation;
    const compile = kind === 'train' ? compileTrainStep : inParts;
    // By shapes, not by length: inputs need not depend on it.
    const shapes = JSON.stringify(options.step.objective.inputs(length, size));
    return get(`${kind} ${shapes}`, () =>
      compile(runtime, variables, stepOfGroups(options.step, groups), length, size),
    );
  };
  const seedOf = (step: number, part: number) =>
    options.random
      .fork(`step-${step}`)
      .fork(`part-${part}`)
      .integer(2 ** 32);

  const updateAtOnce = async (
    step: number,
    groups: readonly TimedGroup[],
    plan: BatchPlan,
    batch: ObjectiveBatch,
    scalars: NamedHostTensors,
  ) => {
    const fn = await forShape('train', groups, plan);
    const feeds = { ...batch.feeds, ...lossScale(batch.weight), ...scalars };
    return fn.run(feeds, { seed: seedOf(step, 0) });
  };

  const updateInParts = async (
    step: number,
    groups: readonly TimedGroup[],
    plans: readonly BatchPlan[],
    batches: readonly ObjectiveBatch[],
    scalars: NamedHostTensors,
  ): Promise<Record<string, HostTensor>> => {
    const scale = lossScale(batches.reduce((sum, batch) => sum + batch.weight, 0));
    let loss = 0;
    for (const [part, plan] of plans.entries()) {
      options.signal?.throwIfAborted();
      const fn = await forShape('accumulate', groups, plan);
      const outputs = await fn.run({ ...batches[part]?.feeds, ...scale }, { seed: seedOf(step, part) });
      loss += numberOf(outputs.loss);
    }
    const update = await get('update', () =>
      compileUpdate(runtime, variables, stepOfGroups(options.step, groups)),
    );
    const lossTensor: HostTensor = { dtype: 'float32', shape: [], data: Float32Array.of(loss) };
    return { ...(await update.run(scalars)), loss: lossTensor };
  };

  return {
    async update(step, plans, random) {
      const factor = schedule(step);
      const groups = activeGroups(options.groups, step);
      await enterPhase(groups);
      const { averageDecay } = options;
      const scalars = {
        ...optimizerScalars(options.step.optimizer, groups, step, factor),
        ...(averageDecay === undefined ? {} : averageScalars(averageDecay, step)),
      };
      const drawn = plans.map((plan) => data.batch(plan, random));
      const batches = data.joined?.(drawn, plans) ?? drawn;
      const [plan] = plans;
      const [batch] = batches;
      if (plan === undefined || batch === undefined) throw new Error('an update has at least one batch');
      const outputs = options.accumulates
        ? await updateInParts(step, groups, plans, batches, scalars)
        : await updateAtOnce(step, groups, plan, batch, scalars);
      return {
        loss: numberOf(outputs.loss),
        penalty: numberOf(outputs.penalty),
        gradientNorm: numberOf(outputs.gradient_norm),
        learningRate: options.learningRate * factor,
        tokens: batches.reduce((sum, { tokens }) => sum + tokens, 0),
      };
    },
    dispose: () => disposeAll(compiled),
  };
}

async function disposeAll(compiled: Map<string, Promise<CompiledFunction>>): Promise<void> {
  const functions = await Promise.allSettled(compiled.values());
  for (const fn of functions) if (fn.status === 'fulfilled') fn.value.dispose();
  compiled.clear();
}

function numberOf(tensor: HostTensor | undefined): number {
  const value = tensor?.data[0];
  if (value === undefined) throw new Error('a training step gave no figure back');
  return value;
}
