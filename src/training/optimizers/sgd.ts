/**
 * Stochastic gradient descent with momentum (Polyak 1964), or Nesterov's, as `torch.optim.SGD` computes it (Sutskever et
 * al., "On the importance of initialization and momentum in deep learning", 2013, with the learning rate outside the
 * momentum; no dampening).
 */
import * as tf from '../../runtime/tfjs.js';
import { type Optimizer, tensorNamed } from './optimizer.js';

/** The settings of SGD. */
export interface SgdOptions {
  readonly name: 'sgd';
  /** Share of the last step's direction that is kept, in [0, 1); 0 for none, and no state. */
  readonly momentum: number;
  /** Looks ahead along the momentum. */
  readonly nesterov: boolean;
}

/** SGD. Weight decay is added to the gradient (L2), not decoupled. Its state: `momentum`, unless there is none. */
export function sgd({ momentum, nesterov }: SgdOptions): Optimizer {
  return {
    name: 'sgd',
    isElementwise: true,
    stateShapes: (shape) => (momentum === 0 ? {} : { momentum: shape }),
    scalarNames: ['learning_rate', 'weight_decay'],
    scalars: ({ learningRate, weightDecay }) => ({ learning_rate: learningRate, weight_decay: weightDecay }),
    update({ parameter, gradient, gradientScale, state, scalars, decays }) {
      const scaled = tf.mul(gradient, gradientScale);
      const direction = decays
        ? tf.add(scaled, tf.mul(parameter, tensorNamed(scalars, 'weight_decay')))
        : scaled;
      const move = (along: tf.Tensor) =>
        tf.sub(parameter, tf.mul(along, tensorNamed(scalars, 'learning_rate')));
      if (momentum === 0) return { parameter: move(direction), state: {} };
      const next = tf.add(tensorNamed(state, 'momentum').mul(momentum), direction);
      const along = nesterov ? tf.add(direction, next.mul(momentum)) : next;
      return { parameter: move(along), state: { momentum: next } };
    },
  };
}
