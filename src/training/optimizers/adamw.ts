/**
 * AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2) with the bias correction and
 * the placement of epsilon of `torch.optim.AdamW`.
 *
 * The update is a pure function over tensors, so that a runtime can compile it into the same graph as the
 * backward pass. All that changes from step to step without depending on gradients is computed on the host in double
 * precision and enters as three scalars.
 */
import * as tf from '@tensorflow/tfjs';
import type { HostTensor, NamedHostTensors, NamedTensors, TensorSpec } from '../../runtime/runtime.js';

/** AdamW's settings, without the learning rate, which the schedule gives. */
export interface AdamWOptions {
  /** Decay rate of the mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay rate of the mean of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the square root of the second moment. */
  readonly epsilon: number;
  /** Share of a weight that is taken away in a step of learning rate 1. */
  readonly weightDecay: number;
}

/** The scalars that enter the compiled step, by the name of its input. */
export const adamWInputs: Readonly<Record<keyof AdamWScalars, TensorSpec>> = {
  'adamw.decay_factor': { shape: [], dtype: 'float32' },
  'adamw.step_size': { shape: [], dtype: 'float32' },
  'adamw.second_moment_scale': { shape: [], dtype: 'float32' },
};

interface AdamWScalars {
  readonly 'adamw.decay_factor': HostTensor;
  readonly 'adamw.step_size': HostTensor;
  readonly 'adamw.second_moment_scale': HostTensor;
}

/**
 * The scalars of one step.
 *
 * @param step index of the update, counted from 0.
 */
export function adamWScalars(options: AdamWOptions, learningRate: number, step: number): NamedHostTensors {
  const firstCorrection = 1 - options.beta1 ** (step + 1);
  const secondCorrection = 1 - options.beta2 ** (step + 1);
  return {
    'adamw.decay_factor': scalar(1 - learningRate * options.weightDecay),
    'adamw.step_size': scalar(learningRate / firstCorrection),
    'adamw.second_moment_scale': scalar(1 / Math.sqrt(secondCorrection)),
  };
}

/** The optimizer state of the given parameters, all zeros: two moments per parameter. */
export function adamWState(parameters: NamedHostTensors): NamedHostTensors {
  const zeros = (tensor: HostTensor): HostTensor => ({
    dtype: 'float32',
    shape: tensor.shape,
    data: new Float32Array(tensor.data.length),
  });
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, tensor]) => [
      [firstMomentName(name), zeros(tensor)],
      [secondMomentName(name), zeros(tensor)],
    ]),
  );
}

/** What one update needs. */
export interface AdamWUpdate {
  /** The weights that are trained, by name. */
  readonly parameters: NamedTensors;
  /** Their gradients, by the same names. */
  readonly gradients: NamedTensors;
  /** A scalar that every gradient is multiplied by: the clipping coefficient. */
  readonly gradientScale: tf.Tensor;
  /** All variables of the step; the moments are found by name. */
  readonly variables: NamedTensors;
  /** All inputs of the step; the scalars are found by name. */
  readonly inputs: NamedTensors;
  readonly options: AdamWOptions;
}

/** New values of the parameters and of their moments, by variable name. */
export function adamW(update: AdamWUpdate): Record<string, tf.Tensor> {
  const { parameters, gradients, variables, inputs, options } = update;
  const decayFactor = at(inputs, 'adamw.decay_factor');
  const stepSize = at(inputs, 'adamw.step_size');
  const secondMomentScale = at(inputs, 'adamw.second_moment_scale');
  // The clipping coefficient enters through these two, so that it costs no pass over the gradients.
  const firstWeight = update.gradientScale.mul(1 - options.beta1);
  const secondWeight = update.gradientScale.square().mul(1 - options.beta2);

  const updates: Record<string, tf.Tensor> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const gradient = at(gradients, name);
    const first = tf.add(at(variables, firstMomentName(name)).mul(options.beta1), gradient.mul(firstWeight));
    const second = tf.add(
      at(variables, secondMomentName(name)).mul(options.beta2),
      gradient.square().mul(secondWeight),
    );
    const denominator = second.sqrt().mul(secondMomentScale).add(options.epsilon);
    const decayed = options.weightDecay !== 0 && isDecayed(name) ? tf.mul(parameter, decayFactor) : parameter;
    updates[name] = tf.sub(decayed, first.div(denominator).mul(stepSize));
    updates[firstMomentName(name)] = first;
    updates[secondMomentName(name)] = second;
  }
  return updates;
}

/**
 * Whether weight decay applies to a parameter: not to biases and not to the weights of LayerNorm, as in transformers'
 * Trainer, told by their names in Hugging Face's layout.
 */
export function isDecayed(name: string): boolean {
  return !/(^|\.)bias$/.test(name) && !/layer_?norm/i.test(name);
}

/** The variable that holds the running mean of a parameter's gradients. */
export function firstMomentName(parameter: string): string {
  return `first_moment/${parameter}`;
}

/** The variable that holds the running mean of a parameter's squared gradients. */
export function secondMomentName(parameter: string): string {
  return `second_moment/${parameter}`;
}

function at(tensors: NamedTensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the training step has no tensor '${name}'`);
  return tensor;
}

function scalar(value: number): HostTensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}
