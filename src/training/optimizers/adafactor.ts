/**
 * Adafactor (Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", 2018, algorithm 4), as
 * transformers' `Adafactor` computes it with a learning rate from outside (`relative_step=False`).
 *
 * The squared gradients of a matrix are remembered by the means of their rows and of their columns alone, so the state of
 * n x m weights is n + m numbers.
 */
import * as tf from '../../runtime/tfjs.js';
import { type Optimizer, runningMean, tensorNamed, type UpdatedParameter } from './optimizer.js';

/** Adafactor's settings. */
export interface AdafactorOptions {
  readonly name: 'adafactor';
  /** Decay rate of a mean of updates, in [0, 1); 0 for none, and no state for it. */
  readonly beta1: number;
  /** The decay rate of squared gradients is 1 - step^decayRate: a number below 0. */
  readonly decayRate: number;
  /** Updates are scaled down to this root mean square. */
  readonly clipThreshold: number;
  /** Learning rates are relative to the root mean square of each parameter. */
  readonly scaleParameter: boolean;
  /** Added to squared gradients. */
  readonly epsilon: number;
  /** The least root mean square of a parameter that a relative learning rate is taken of. */
  readonly parameterEpsilon: number;
}

/**
 * Adafactor. Its state: `row_moment` [.., n] and `column_moment` [.., m] of a matrix [.., n, m], `second_moment` of a
 * vector, and `first_moment` where there is a beta 1.
 */
export function adafactor(options: AdafactorOptions): Optimizer {
  const { beta1, decayRate, clipThreshold, scaleParameter, epsilon, parameterEpsilon } = options;
  return {
    name: 'adafactor',
    isElementwise: false,
    stateShapes: (shape) => ({
      ...(shape.length < 2
        ? { second_moment: shape }
        : { row_moment: shape.slice(0, -1), column_moment: [...shape.slice(0, -2), ...shape.slice(-1)] }),
      ...(beta1 === 0 ? {} : { first_moment: shape }),
    }),
    scalarNames: ['learning_rate', 'weight_decay', 'memory'],
    scalars: ({ learningRate, weightDecay }, step) => ({
      learning_rate: learningRate,
      weight_decay: weightDecay,
      memory: 1 - (step + 1) ** decayRate,
    }),
    update({ parameter, gradient, gradientScale, state, scalars, decays }) {
      const scaled = tf.mul(gradient, gradientScale);
      const { direction, moments } = normalized(scaled, state, tensorNamed(scalars, 'memory'), epsilon);
      const clipped = tf.div(direction, tf.maximum(rootMeanSquare(direction).div(clipThreshold), 1));
      const learningRate = scaleParameter
        ? tf.mul(
            tensorNamed(scalars, 'learning_rate'),
            tf.maximum(rootMeanSquare(parameter), parameterEpsilon),
          )
        : tensorNamed(scalars, 'learning_rate');
      const step = tf.mul(clipped, learningRate);
      const taken = beta1 === 0 ? step : runningMean(tensorNamed(state, 'first_moment'), step, beta1);
      const decayed = decays
        ? tf.sub(parameter, tf.mul(parameter, tf.mul(tensorNamed(scalars, 'weight_decay'), learningRate)))
        : parameter;
      return {
        parameter: tf.sub(decayed, taken),
        state: { ...moments, ...(beta1 === 0 ? {} : { first_moment: taken }) },
      };
    },
  };
}

/** The gradient divided by the root of its estimated second moment, and the estimate's new state. */
function normalized(
  gradient: tf.Tensor,
  state: Readonly<Record<string, tf.Tensor>>,
  memory: tf.Tensor,
  epsilon: number,
): { readonly direction: tf.Tensor; readonly moments: UpdatedParameter['state'] } {
  const square = tf.add(tf.square(gradient), epsilon);
  const remember = (name: string, value: tf.Tensor) =>
    tf.add(tf.mul(tensorNamed(state, name), memory), tf.mul(value, tf.sub(1, memory)));
  if (gradient.rank < 2) {
    const second = remember('second_moment', square);
    return { direction: tf.mul(gradient, tf.rsqrt(second)), moments: { second_moment: second } };
  }
  const rows = remember('row_moment', tf.mean(square, -1)); // [.., n]
  const columns = remember('column_moment', tf.mean(square, -2)); // [.., m]
  // The estimate is the product of rows and columns over the mean of the rows (equation 4 of the paper).
  const rowFactor = tf.rsqrt(tf.div(rows, tf.mean(rows, -1, true))).expandDims(-1); // [.., n, 1]
  const columnFactor = tf.rsqrt(columns).expandDims(-2); // [.., 1, m]
  return {
    direction: tf.mul(gradient, tf.mul(rowFactor, columnFactor)),
    moments: { row_moment: rows, column_moment: columns },
  };
}

function rootMeanSquare(x: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.mean(tf.square(x)));
}
