/**
 * Functions of logits whose squared gradients add up to the Fisher information of one example.
 *
 * With z the logits of a row and p = softmax(z), the gradient of log p(y) with respect to z is e_y - p. Its covariance
 * under the model's own distribution is diag(p) - p p^T, and the Fisher information of the weights is
 * J^T (diag(p) - p p^T) J, with J the Jacobian of the logits. Labels are drawn from the model, or their expectation is
 * taken; only `empirical` looks at the data's labels (Martens, "New insights and perspectives on the natural gradient
 * method", 2020, sections 5 and 11).
 */
import * as tf from '../../runtime/tfjs.js';

/**
 * Scalars t_1 .. t_(C-1) of the logits of one row with sum_k (dt_k/dtheta)^2 = sum_c p_c (d log p_c / dtheta)^2, exactly.
 *
 * diag(p) - p p^T has rank C - 1 and a Cholesky factorisation in closed form (Tanabe and Sagae, "An exact Cholesky
 * decomposition of the variance-covariance matrix of the multinomial distribution", 1992): with q_k = sum_(j>k) p_j its
 * k-th column is sqrt(p_k q_k / q_(k-1)) (0 .. 0, 1, -p_(k+1)/q_k, .., -p_C/q_k). The gradient of t_k with respect to the
 * logits is that column. One backward pass fewer than there are classes: for two classes one, as cheap as a sampled
 * label.
 *
 * @param logits shape [1, classes].
 * @returns `classes - 1` functions of logits, each giving a scalar.
 */
export function exactTerms(classes: number): readonly ((logits: tf.Tensor2D) => tf.Scalar)[] {
  return Array.from({ length: classes - 1 }, (_, k) => (logits: tf.Tensor2D) => {
    const term = tf.customGrad((z, save) => {
      const column = covarianceColumn(tf.softmax(z as tf.Tensor2D), k, classes);
      (save as tf.GradSaveFunc)([column]);
      return {
        value: tf.sum(tf.mul(z as tf.Tensor2D, column)),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0] as tf.Tensor),
      };
    });
    return term(logits).asScalar();
  });
}

/**
 * The log-likelihood of labels drawn from the model, summed over rows: sum_i w_i log p_i(y_i), y_i ~ p_i.
 *
 * Labels come from the inverse of the cumulative distribution at the given uniform numbers, inside the graph: no
 * probabilities leave it.
 *
 * @param logits shape [rows, classes].
 * @param uniforms shape [rows], in [0, 1).
 * @param weights shape [rows]; 0 for padding.
 */
export function sampledLogLikelihood(
  logits: tf.Tensor2D,
  uniforms: tf.Tensor1D,
  weights: tf.Tensor1D,
): tf.Scalar {
  const classes = logits.shape[1];
  const likelihood = tf.customGrad((z, save) => {
    const probabilities = tf.softmax(z as tf.Tensor2D);
    const cumulative = tf.cumsum(probabilities, 1);
    const below = tf.lessEqual(cumulative, uniforms.expandDims(1)).toFloat().sum(1);
    // Rounding can leave the last cumulative value a little below 1.
    const labels = tf.minimum(below, classes - 1).toInt() as tf.Tensor1D;
    const drawn = tf.oneHot(labels, classes).toFloat();
    const column = weights.expandDims(1);
    (save as tf.GradSaveFunc)([tf.mul(tf.sub(drawn, probabilities), column)]);
    return {
      value: tf.sum(tf.mul(tf.mul(drawn, tf.logSoftmax(z as tf.Tensor2D)), column)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0] as tf.Tensor),
    };
  });
  return likelihood(logits).asScalar();
}

/** Keeps 0 / 0 from happening where probabilities have underflowed; the numerators are 0 there. */
const SMALLEST_PROBABILITY = 1e-30;

/** Column k of the Cholesky factor of diag(p) - p p^T. */
function covarianceColumn(p: tf.Tensor2D, k: number, classes: number): tf.Tensor {
  const own = p.slice([0, k], [1, 1]);
  const after = p.slice([0, k + 1], [1, classes - k - 1]);
  // Sums of what comes after, never 1 minus what came before: nothing cancels.
  const remaining = after.sum(1, true);
  const smallest = tf.scalar(SMALLEST_PROBABILITY);
  const size = tf.sqrt(own.mul(remaining).div(tf.maximum(own.add(remaining), smallest)));
  const column = tf.concat([size, tf.neg(size.mul(after).div(tf.maximum(remaining, smallest)))], 1);
  return k === 0
    ? column
    : tf.pad(column, [
        [0, 0],
        [k, 0],
      ]);
}
