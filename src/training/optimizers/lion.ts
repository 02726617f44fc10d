/**
 * Lion (Chen et al., "Symbolic discovery of optimization algorithms", 2023, algorithm 2): every element moves by the
 * learning rate, in the direction of the sign of a mean of gradients.
 */
import * as tf from '../../runtime/tfjs.js';
import { type Optimizer, runningMean, tensorNamed } from './optimizer.js';

/** Lion's settings. */
export interface LionOptions {
  readonly name: 'lion';
  /** Share of the momentum in the direction of the step, in [0, 1). */
  readonly beta1: number;
  /** Decay rate of the momentum, in [0, 1). */
  readonly beta2: number;
}

/** Lion, with decoupled weight decay. Its state: `momentum`. */
export function lion({ beta1, beta2 }: LionOptions): Optimizer {
  return {
    name: 'lion',
    isElementwise: true,
    stateShapes: (shape) => ({ momentum: shape }),
    scalarNames: ['decay_factor', 'learning_rate'],
    scalars: ({ learningRate, weightDecay }) => ({
      decay_factor: 1 - learningRate * weightDecay,
      learning_rate: learningRate,
    }),
    update({ parameter, gradient, gradientScale, state, scalars, decays }) {
      const scaled = tf.mul(gradient, gradientScale);
      const momentum = tensorNamed(state, 'momentum');
      const direction = tf.sign(runningMean(momentum, scaled, beta1));
      const decayed = decays ? tf.mul(parameter, tensorNamed(scalars, 'decay_factor')) : parameter;
      return {
        parameter: tf.sub(decayed, tf.mul(direction, tensorNamed(scalars, 'learning_rate'))),
        state: { momentum: runningMean(momentum, scaled, beta2) },
      };
    },
  };
}
