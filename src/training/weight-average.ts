/**
 * An exponential moving average of the weights (Polyak and Juditsky 1992; Tarvainen and Valpola, "Mean teachers", 2017),
 * as PyTorch's `AveragedModel` with `get_ema_multi_avg_fn`: a copy of the weights after the first update, then
 * a <- d a + (1 - d) w.
 *
 * Evaluations measure the average, and the average comes out of the training.
 */

import type { HostTensor, NamedHostTensors, NamedTensors, TensorSpec } from '../runtime/runtime.js';
import * as tf from '../runtime/tfjs.js';
import type { Objective } from './objective.js';

const decayInput = 'average.decay';

/** The input of a compiled step: what the average so far is multiplied by. */
export const averageInputs: Readonly<Record<string, TensorSpec>> = {
  [decayInput]: { shape: [], dtype: 'float32' },
};

/** What that input holds in the update with this index, from 0: nothing of the average remains in the first one. */
export function averageScalars(decay: number, step: number): NamedHostTensors {
  const value = step === 0 ? 0 : decay;
  return { [decayInput]: { dtype: 'float32', shape: [], data: Float32Array.of(value) } };
}

/** The averages before the first update: the weights. */
export function averageState(parameters: NamedHostTensors): NamedHostTensors {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]): [string, HostTensor] => [averageName(name), tensor]),
  );
}

/** New averages, from new values of the parameters, by variable name. */
export function updateAverages(
  parameters: NamedTensors,
  variables: NamedTensors,
  inputs: NamedTensors,
): Record<string, tf.Tensor> {
  const decay = at(inputs, decayInput);
  const rest = tf.sub(1, decay);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const average = averageName(name);
      return [average, tf.add(tf.mul(at(variables, average), decay), tf.mul(parameter, rest))];
    }),
  );
}

/** The objective measured with the averages of these parameters instead of their present values. */
export function withAverages(objective: Objective, parameters: readonly string[]): Objective {
  return {
    ...objective,
    logits: (inputs, variables, options) =>
      objective.logits(inputs, averagedWeights(variables, parameters), options),
  };
}

/** Weights in which the averages stand for the parameters. */
export function averagedWeights(variables: NamedTensors, parameters: readonly string[]): NamedTensors {
  const averages = parameters.map((name) => [name, at(variables, averageName(name))] as const);
  return { ...variables, ...Object.fromEntries(averages) };
}

/** The variable that holds the average of a parameter. */
export function averageName(parameter: string): string {
  return `average/${parameter}`;
}

function at(tensors: NamedTensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the training step has no tensor '${name}'`);
  return tensor;
}
