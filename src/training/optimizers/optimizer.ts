/**
 * The shape that all optimizers have: one update of one parameter as a pure function over tensors.
 *
 * A runtime can thereby compile updates into the same graph as the backward pass. All that changes from step to step
 * without depending on gradients is computed on the host in double precision and enters as scalars.
 */
import * as tf from '../../runtime/tfjs.js';

/** What one parameter's update is computed from. */
export interface ParameterUpdate {
  readonly parameter: tf.Tensor;
  /** The loss's gradient, of the same shape. */
  readonly gradient: tf.Tensor;
  /** A scalar that the gradient is to be multiplied by: the clipping coefficient. */
  readonly gradientScale: tf.Tensor;
  /** The parameter's state, by the names that `stateShapes` gives. */
  readonly state: Readonly<Record<string, tf.Tensor>>;
  /** The step's scalars, by the names in `scalarNames`. */
  readonly scalars: Readonly<Record<string, tf.Tensor>>;
  /** Whether weight decay applies to the parameter; where it does not, nothing is spent on it. */
  readonly decays: boolean;
}

/** What one parameter's update gives. */
export interface UpdatedParameter {
  readonly parameter: tf.Tensor;
  /** New state, by the same names. */
  readonly state: Readonly<Record<string, tf.Tensor>>;
}

/** The rates of one step. */
export interface StepRates {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** An optimizer with its settings. */
export interface Optimizer {
  readonly name: string;
  /**
   * Every element is updated from its own gradient and state alone: parameters of the same rates may then be laid side
   * by side in one flat buffer and updated at once.
   */
  readonly isElementwise: boolean;
  /** Shapes of the state of a parameter of this shape, by name. All of it starts as zeros. */
  stateShapes(shape: readonly number[]): Readonly<Record<string, readonly number[]>>;
  /** Names of the scalars that `update` reads. */
  readonly scalarNames: readonly string[];
  /**
   * The scalars of one step.
   *
   * @param step updates that the parameter has had before this one.
   */
  scalars(rates: StepRates, step: number): Readonly<Record<string, number>>;
  /** One update, as tensors. */
  update(update: ParameterUpdate): UpdatedParameter;
}

/** A tensor by name; its absence is a bug. */
export function tensorNamed(tensors: Readonly<Record<string, tf.Tensor>>, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the optimizer's step has no tensor '${name}'`);
  return tensor;
}

/** rate a + (1 - rate) b: a running mean after one more value. */
export function runningMean(mean: tf.Tensor, value: tf.Tensor, rate: number): tf.Tensor {
  return tf.add(mean.mul(rate), value.mul(1 - rate));
}
