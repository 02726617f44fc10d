/**
 * AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2) with the bias correction and
 * the placement of epsilon of `torch.optim.AdamW`.
 */
import * as tf from '../../runtime/tfjs.js';
import { type Optimizer, tensorNamed } from './optimizer.js';

/** AdamW's settings, without the rates, which schedule and parameter groups give. */
export interface AdamWOptions {
  readonly name: 'adamw';
  /** Decay rate of the mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay rate of the mean of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the square root of the second moment. */
  readonly epsilon: number;
}

/** AdamW. Its state: `first_moment` and `second_moment`, the running means of gradients and of their squares. */
export function adamW({ beta1, beta2, epsilon }: AdamWOptions): Optimizer {
  return {
    name: 'adamw',
    isElementwise: true,
    stateShapes: (shape) => ({ first_moment: shape, second_moment: shape }),
    scalarNames: ['decay_factor', 'step_size', 'second_moment_scale'],
    scalars: ({ learningRate, weightDecay }, step) => ({
      decay_factor: 1 - learningRate * weightDecay,
      step_size: learningRate / (1 - beta1 ** (step + 1)),
      second_moment_scale: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
    }),
    update({ parameter, gradient, gradientScale, state, scalars, decays }) {
      // The clipping coefficient enters through these two, so that it costs no pass over the gradients.
      const firstWeight = gradientScale.mul(1 - beta1);
      const secondWeight = gradientScale.square().mul(1 - beta2);
      const first = tf.add(tensorNamed(state, 'first_moment').mul(beta1), gradient.mul(firstWeight));
      const second = tf.add(
        tensorNamed(state, 'second_moment').mul(beta2),
        gradient.square().mul(secondWeight),
      );
      const denominator = second.sqrt().mul(tensorNamed(scalars, 'second_moment_scale')).add(epsilon);
      const decayed = decays ? tf.mul(parameter, tensorNamed(scalars, 'decay_factor')) : parameter;
      return {
        parameter: tf.sub(decayed, first.div(denominator).mul(tensorNamed(scalars, 'step_size'))),
        state: { first_moment: first, second_moment: second },
      };
    },
  };
}
