/**
 * The compiled functions of training: one update of the weights, and its two halves for gradient accumulation.
 *
 * The loss of an effective batch is the sum over its rows divided by the sum of their weights, whether the batch is
 * computed at once or in parts: every part divides by the weight of the whole (`loss_scale`), and gradients add up. A
 * training with accumulation is thereby equal to one with the large batch, up to rounding.
 */

import { type Identity, identityOf } from '../runtime/identity.js';
import type {
  CompiledFunction,
  HostTensor,
  InitialValues,
  NamedHostTensors,
  NamedTensors,
  Runtime,
  TensorFunction,
  TensorSpec,
  Variables,
} from '../runtime/runtime.js';
import * as tf from '../runtime/tfjs.js';
import { clippingCoefficient, globalNorm, valueAndGradients } from './gradients.js';
import { type Objective, objectiveLossSum } from './objective.js';
import type { OptimizerGroup } from './optimizer-groups.js';
import type { Optimizer } from './optimizers/optimizer.js';
import {
  type CompiledGroup,
  optimizerInputs,
  optimizerState,
  updateParameters,
} from './parameter-updates.js';
import { type CombinedPenalty, penaltyAndGradients } from './penalties/quadratic.js';
import { averageInputs, averageState, updateAverages } from './weight-average.js';

/** What a training step is made from. */
export interface TrainStepOptions {
  readonly objective: Objective;
  /** Names of the parameters that are trained, in the model's order. */
  readonly trainable: readonly string[];
  /** The same parameters, with their rates. */
  readonly groups: readonly CompiledGroup[];
  readonly penalty: CombinedPenalty;
  readonly optimizer: Optimizer;
  /** A mean of the weights is kept besides them (`weight-average.ts`). */
  readonly keepsAverage: boolean;
  /** Largest norm of the gradient; 0 for no clipping. */
  readonly maximumGradientNorm: number;
}

/** The spec of `lossScale`. */
export const lossScaleSpec: Readonly<Record<string, TensorSpec>> = {
  loss_scale: { shape: [], dtype: 'float32' },
};

/**
 * The input that turns a sum of losses into a mean over the effective batch. Where nothing has a weight the sum is 0, whatever it
 * is divided by.
 */
export function lossScale(weight: number): NamedHostTensors {
  return { loss_scale: { dtype: 'float32', shape: [], data: Float32Array.of(1 / (weight || 1)) } };
}

/** A step in which only some groups are trained. */
export function stepOfGroups(options: TrainStepOptions, groups: readonly OptimizerGroup[]): TrainStepOptions {
  const active = new Set(groups.flatMap(({ parameters }) => parameters));
  return { ...options, groups, trainable: options.trainable.filter((name) => active.has(name)) };
}

/** Everything that a step's functions are made of; what they read and write is not among it. */
export function stepIdentity(options: TrainStepOptions): Identity | undefined {
  const { objective, optimizer, groups, trainable, penalty, keepsAverage, maximumGradientNorm } = options;
  return identityOf(
    { objective, optimizer },
    {
      groups: groups.map(({ name, parameters, weightDecay }) => ({ name, parameters, weightDecay })),
      trainable,
      penalty: { parameters: penalty.parameters, constant: penalty.constant },
      keepsAverage,
      maximumGradientNorm,
    },
  );
}

/** Compiles forward pass, backward pass and update for batches of one shape. Inputs: the objective's, `loss_scale`, the update's. */
export function compileTrainStep(
  runtime: Runtime,
  variables: Variables,
  options: TrainStepOptions,
  length: number,
  size: number,
): Promise<CompiledFunction> {
  const fn: TensorFunction = (inputs, values) => {
    const { value, gradients } = lossAndGradients(options, inputs, values);
    return update(options, inputs, values, gradients, { loss: value });
  };
  return runtime.compile(fn, {
    name: `train-step-${size}x${length}`,
    inputs: { ...options.objective.inputs(length, size), ...lossScaleSpec, ...updateInputs(options) },
    variables,
    identity: stepIdentity(options),
  });
}

/** Compiles forward and backward pass for batches of one shape; gradients are added to the accumulated ones. */
export function compileAccumulation(
  runtime: Runtime,
  variables: Variables,
  options: TrainStepOptions,
  length: number,
  size: number,
): Promise<CompiledFunction> {
  const fn: TensorFunction = (inputs, values) => {
    const { value, gradients } = lossAndGradients(options, inputs, values);
    return { outputs: { loss: value }, updates: accumulate(gradients, values) };
  };
  return runtime.compile(fn, {
    name: `accumulate-${size}x${length}`,
    inputs: { ...options.objective.inputs(length, size), ...lossScaleSpec },
    variables,
    identity: stepIdentity(options),
  });
}

/** Compiles the update from accumulated gradients, which are set to zero again. */
export function compileUpdate(
  runtime: Runtime,
  variables: Variables,
  options: TrainStepOptions,
): Promise<CompiledFunction> {
  const fn: TensorFunction = (inputs, values) => {
    const gradients = pick(values, options.trainable.map(accumulatedName), options.trainable);
    const { outputs, updates } = update(options, inputs, values, gradients, {});
    const zeros = options.trainable.map(
      (name) => [accumulatedName(name), tf.zerosLike(at(values, accumulatedName(name)))] as const,
    );
    return { outputs, updates: { ...updates, ...Object.fromEntries(zeros) } };
  };
  const identity = stepIdentity(options);
  return runtime.compile(fn, { name: 'update', inputs: updateInputs(options), variables, identity });
}

/**
 * The variables that training changes or reads besides the weights, with their first values; `optimizer` is what a
 * checkpoint holds of them.
 */
export function trainingVariables(
  weights: NamedHostTensors,
  { trainable, penalty, optimizer, keepsAverage }: TrainStepOptions,
  accumulates: boolean,
): {
  readonly optimizer: InitialValues;
  readonly accumulated: InitialValues;
  readonly penalty: NamedHostTensors;
} {
  const trained = Object.fromEntries(trainable.map((name) => [name, requireTensor(weights, name)]));
  const accumulated = Object.entries(accumulates ? trained : {}).map(
    ([name, { shape }]): [string, TensorSpec] => [accumulatedName(name), { dtype: 'float32', shape }],
  );
  return {
    optimizer: { ...optimizerState(optimizer, trained), ...(keepsAverage ? averageState(trained) : {}) },
    accumulated: Object.fromEntries(accumulated),
    penalty: penalty.variables,
  };
}

/** New values of the accumulated gradients, by variable name. */
export function accumulate(gradients: NamedTensors, values: NamedTensors): Record<string, tf.Tensor> {
  const updates = Object.entries(gradients).map(([name, gradient]) => {
    const accumulated = accumulatedName(name);
    return [accumulated, tf.add(at(values, accumulated), gradient)] as const;
  });
  return Object.fromEntries(updates);
}

function lossAndGradients(options: TrainStepOptions, inputs: NamedTensors, values: NamedTensors) {
  const scale = at(inputs, 'loss_scale');
  return valueAndGradients(
    (parameters) => {
      const weights = { ...values, ...parameters };
      return tf.mul(objectiveLossSum(options.objective, inputs, weights, { training: true }), scale);
    },
    pick(values, options.trainable, options.trainable),
  );
}

function update(
  options: TrainStepOptions,
  inputs: NamedTensors,
  values: NamedTensors,
  lossGradients: NamedTensors,
  outputs: NamedTensors,
) {
  const penalty = penaltyAndGradients(options.penalty, values, values);
  const gradients = Object.fromEntries(
    Object.entries(lossGradients).map(([name, gradient]) => {
      const own = penalty.gradients[name];
      return [name, own === undefined ? gradient : tf.add(gradient, own)];
    }),
  );
  const norm = globalNorm(gradients);
  const updates = updateParameters({
    optimizer: options.optimizer,
    groups: options.groups,
    gradients,
    gradientScale: clippingCoefficient(norm, options.maximumGradientNorm),
    variables: values,
    inputs,
  });
  const averages = options.keepsAverage
    ? updateAverages(pick(updates, options.trainable, options.trainable), values, inputs)
    : {};
  return {
    outputs: { ...outputs, penalty: penalty.value, gradient_norm: norm },
    updates: { ...updates, ...averages },
  };
}

function updateInputs(options: TrainStepOptions): Readonly<Record<string, TensorSpec>> {
  return {
    ...optimizerInputs(options.optimizer, options.groups),
    ...(options.keepsAverage ? averageInputs : {}),
  };
}

function accumulatedName(parameter: string): string {
  return `accumulated_gradient/${parameter}`;
}

/** Some tensors under other names. */
function pick(
  tensors: NamedTensors,
  from: readonly string[],
  to: readonly string[],
): Record<string, tf.Tensor> {
  return Object.fromEntries(to.map((name, index) => [name, at(tensors, from[index] ?? name)]));
}

function at(tensors: NamedTensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the training step has no tensor '${name}'`);
  return tensor;
}

function requireTensor(tensors: NamedHostTensors, name: string): HostTensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the model has no parameter '${name}'`);
  return tensor;
}
