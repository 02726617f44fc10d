/**
 * The part of a training step that turns gradients into new weights: an optimizer applied to all parameters, each with the
 * rates of its group.
 */
import type * as tf from '@tensorflow/tfjs';
import type {
  HostTensor,
  InitialValues,
  NamedHostTensors,
  NamedTensors,
  TensorSpec,
} from '../runtime/runtime.js';
import type { OptimizerGroup, TimedGroup } from './optimizer-groups.js';
import type { Optimizer } from './optimizers/optimizer.js';

/** The inputs of a compiled step that the groups need: the optimizer's scalars, by group. */
export function optimizerInputs(
  optimizer: Optimizer,
  groups: readonly CompiledGroup[],
): Readonly<Record<string, TensorSpec>> {
  const names = groups.flatMap((group) => optimizer.scalarNames.map((name) => scalarName(group, name)));
  return Object.fromEntries(names.map((name) => [name, { shape: [], dtype: 'float32' }]));
}

/**
 * What those inputs hold in one step.
 *
 * @param step the step's index, from 0; groups that start later count from their start.
 * @param factor what the schedule multiplies every learning rate by.
 */
export function optimizerScalars(
  optimizer: Optimizer,
  groups: readonly TimedGroup[],
  step: number,
  factor: number,
): NamedHostTensors {
  const feeds = groups.flatMap((group) => {
    const rates = { learningRate: group.learningRate * factor, weightDecay: group.weightDecay };
    const scalars = optimizer.scalars(rates, step - group.startStep);
    return Object.entries(scalars).map(([name, value]): [string, HostTensor] => [
      scalarName(group, name),
      { dtype: 'float32', shape: [], data: Float32Array.of(value) },
    ]);
  });
  return Object.fromEntries(feeds);
}

/** The optimizer's state of some parameters before the first step: zeros. */
export function optimizerState(optimizer: Optimizer, parameters: NamedHostTensors): InitialValues {
  const slots = Object.entries(parameters).flatMap(([parameter, { shape }]) =>
    Object.entries(optimizer.stateShapes(shape)).map(([slot, slotShape]): [string, TensorSpec] => [
      stateName(slot, parameter),
      { dtype: 'float32', shape: slotShape },
    ]),
  );
  return Object.fromEntries(slots);
}

/** What a compiled step knows of a group. */
export type CompiledGroup = Pick<OptimizerGroup, 'name' | 'parameters' | 'weightDecay'>;

/** What updates are computed from. */
export interface ParameterUpdates {
  readonly optimizer: Optimizer;
  /** The groups whose parameters change. Rates are not compiled into a step: they are among its inputs. */
  readonly groups: readonly CompiledGroup[];
  /** By parameter name. */
  readonly gradients: NamedTensors;
  /** A scalar that every gradient is multiplied by: the clipping coefficient. */
  readonly gradientScale: tf.Tensor;
  /** All variables of the step; parameters and their state are found by name. */
  readonly variables: NamedTensors;
  /** All inputs of the step; the scalars are found by name. */
  readonly inputs: NamedTensors;
}

/** New values of the groups' parameters and of their state, by variable name. */
export function updateParameters(updates: ParameterUpdates): Record<string, tf.Tensor> {
  const { optimizer, groups, gradients, gradientScale, variables, inputs } = updates;
  const changed: Record<string, tf.Tensor> = {};
  for (const group of groups) {
    const scalars = Object.fromEntries(
      optimizer.scalarNames.map((name) => [name, at(inputs, scalarName(group, name))]),
    );
    for (const name of group.parameters) {
      const parameter = at(variables, name);
      const slots = Object.keys(optimizer.stateShapes(parameter.shape));
      const updated = optimizer.update({
        parameter,
        gradient: at(gradients, name),
        gradientScale,
        state: Object.fromEntries(slots.map((slot) => [slot, at(variables, stateName(slot, name))])),
        scalars,
        decays: group.weightDecay !== 0,
      });
      changed[name] = updated.parameter;
      for (const slot of slots) changed[stateName(slot, name)] = at(updated.state, slot);
    }
  }
  return changed;
}

/** The variable that holds a part of the optimizer's state of a parameter: `first_moment/classifier.weight`. */
export function stateName(slot: string, parameter: string): string {
  return `${slot}/${parameter}`;
}

function scalarName(group: CompiledGroup, scalar: string): string {
  return `optimizer/${group.name}/${scalar}`;
}

function at(tensors: NamedTensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the training step has no tensor '${name}'`);
  return tensor;
}
