/**
 * Evaluations of a training with penalties: besides the task's figures `penalty`, and `penalized_loss`, their sum with the
 * loss. That sum is what training minimises, so the best evaluation is told by it unless another metric is named.
 */
import type { NamedTensors, Runtime, Variables } from '../runtime/runtime.js';
import type { Evaluator } from './evaluator.js';
import { type CombinedPenalty, penaltyAndGradients } from './penalties/quadratic.js';

/** The name of the metric that is the sum of loss and penalty. */
export const penalizedLoss = 'penalized_loss';

/** What such an evaluator needs. */
export interface PenalizedEvaluatorOptions {
  readonly runtime: Runtime;
  readonly variables: Variables;
  readonly penalty: CombinedPenalty;
  /** The weights that are evaluated: the variables, or their averages. */
  readonly weights: (variables: NamedTensors) => NamedTensors;
}

/** Adds the penalty to what an evaluator gives. */
export function withPenalty(evaluator: Evaluator, options: PenalizedEvaluatorOptions): Evaluator {
  const { runtime, variables, penalty } = options;
  const compile = () =>
    runtime.compile(
      (_, values) => ({
        outputs: { penalty: penaltyAndGradients(penalty, options.weights(values), values).value },
      }),
      { name: 'penalty', inputs: {}, variables },
    );
  let compiled: ReturnType<typeof compile> | undefined;
  return {
    async evaluate(onBatch) {
      const metrics = await evaluator.evaluate(onBatch);
      compiled ??= compile();
      const outputs = await (await compiled).run({});
      const value = outputs.penalty?.data[0];
      if (value === undefined) throw new Error('the penalty gave no figure back');
      return { ...metrics, penalty: value, [penalizedLoss]: (metrics.loss ?? Number.NaN) + value };
    },
    dispose() {
      evaluator.dispose();
      void compiled?.then((fn) => fn.dispose());
    },
  };
}
