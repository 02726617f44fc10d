/**
 * Losses as sums over examples, to be divided by the weight of the whole effective batch.
 *
 * A sum has two advantages over a mean: gradient accumulation adds up to exactly the large batch, and an example of
 * weight 0 (padding of the last batch) counts nothing at all.
 */
import * as tf from '../runtime/tfjs.js';

/**
 * The cross entropy between targets and the model's distribution, summed over rows: -sum_ij t_ij log softmax(z)_ij.
 *
 * Rows of `targets` need not add up to 1: class weights, label smoothing and example weights are factors of it
 * (`classTargets`). Rows of zeros count nothing.
 *
 * @param logits shape [rows, classes].
 * @param targets shape [rows, classes]; no gradient flows into it.
 * @returns a scalar.
 */
export function crossEntropySum(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  const loss = tf.customGrad((z, save) => {
    const logProbabilities = tf.logSoftmax(z as tf.Tensor);
    // Saved, or an eager backend frees them with the forward pass.
    (save as tf.GradSaveFunc)([logProbabilities, targets]);
    return {
      value: tf.neg(tf.sum(tf.mul(targets, logProbabilities))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [logs, wanted] = saved as [tf.Tensor2D, tf.Tensor2D];
        return tf.mul(dy, tf.sub(tf.mul(tf.exp(logs), tf.sum(wanted, -1, true)), wanted));
      },
    };
  });
  return loss(logits).asScalar();
}

/**
 * The cross entropy of integer labels, summed over rows with weights: -sum_i w_i log softmax(z)_i,label(i).
 *
 * @param logits shape [rows, classes].
 * @param labels shape [rows], int32.
 * @param weights shape [rows], float32; no gradient flows into it.
 * @returns a scalar.
 */
export function labelCrossEntropySum(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  weights: tf.Tensor1D,
): tf.Scalar {
  const classes = logits.shape[1];
  const oneHot = tf.oneHot(labels, classes).toFloat();
  const column = weights.expandDims(1);
  return crossEntropySum(logits, tf.mul(oneHot, column) as tf.Tensor2D);
}

/** How the targets of classification are weighted. */
export interface ClassTargetOptions {
  /** The number of classes. */
  readonly classes: number;
  /** One weight per class, as PyTorch's `CrossEntropyLoss(weight)`; all 1 when absent. */
  readonly classWeights?: readonly number[];
  /** Share of the probability that is spread evenly over all classes, in [0, 1). */
  readonly labelSmoothing?: number;
}

/** Targets for `crossEntropySum`, and the weight that the sum is to be divided by. */
export interface ClassTargets {
  /** Row-major, [rows, classes]. */
  readonly targets: Float32Array;
  /** The sum of the examples' class weights: dividing by it gives PyTorch's `reduction='mean'`. */
  readonly weight: number;
}

/**
 * The targets of a batch of labels: class weights, label smoothing and padding as one matrix.
 *
 * Label smoothing with class weights is that of PyTorch: (1 - e) w_y [c = y] + e / C w_c.
 *
 * @param labels class numbers; -1 stands for padding, a row of zeros.
 */
export function classTargets(labels: ArrayLike<number>, options: ClassTargetOptions): ClassTargets {
  const { classes, classWeights, labelSmoothing = 0 } = options;
  const weightOf = (label: number) => classWeights?.[label] ?? 1;
  const targets = new Float32Array(labels.length * classes);
  let weight = 0;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] ?? -1;
    if (label < 0) continue;
    if (label >= classes) throw new RangeError(`label ${label} is not one of ${classes} classes`);
    for (let column = 0; column < classes; column++) {
      const own = column === label ? (1 - labelSmoothing) * weightOf(label) : 0;
      targets[row * classes + column] = own + (labelSmoothing / classes) * weightOf(column);
    }
    weight += weightOf(label);
  }
  return { targets, weight };
}

/**
 * Weights inversely proportional to how often a class occurs: n / (classes x count), as scikit-learn's 'balanced'.
 *
 * Classes that do not occur get weight 1: no example has them, and label smoothing stays finite.
 */
export function balancedClassWeights(labels: ArrayLike<number>, classes: number): readonly number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] ?? -1;
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts.map((count) => (count === 0 ? 1 : labels.length / (classes * count)));
}
