/**
 * Measures a model on held-out data with a compiled forward pass.
 */
import { setImmediate } from 'node:timers/promises';
import type { Random } from '../data/random.js';
import { identityOf } from '../runtime/identity.js';
import type { CompiledFunction, Runtime, TensorFunction, Variables } from '../runtime/runtime.js';
import { type BatchPlan, evaluationBatches } from './batches.js';
import { bucketCost, bucketLengths, defaultBucketOptions } from './buckets.js';
import {
  type EvaluationMetrics,
  type Objective,
  type ObjectiveData,
  objectiveEvaluation,
} from './objective.js';

/** What an evaluator needs. */
export interface EvaluatorOptions {
  readonly runtime: Runtime;
  readonly objective: Objective;
  /** Hold the model's weights; shared with training, so that nothing is copied. */
  readonly variables: Variables;
  readonly data: ObjectiveData;
  readonly batchSize: number;
  /** The longest sequence that the model takes. */
  readonly maximumLength: number;
  /** How often the data will be evaluated, about; decides how many padded lengths are worth compiling for. */
  readonly passes: number;
  /** Parameters that multiply every token, for the same decision. */
  readonly denseWeights: number;
  /** For what is drawn (masks): the same in every evaluation, so that evaluations can be compared. */
  readonly random: Random;
  readonly signal?: AbortSignal;
}

/** Evaluates as often as asked; compiled functions are kept from one time to the next. */
export interface Evaluator {
  /** Figures with the variables' present values. */
  evaluate(onBatch?: (done: number, total: number) => void): Promise<EvaluationMetrics>;
  dispose(): void;
}

/** A forward pass is a third of a training step. */
const FORWARD_SHARE = 1 / 3;

/** Creates an evaluator. Nothing is compiled before the first evaluation. */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { data, objective, runtime, variables } = options;
  const size = Math.min(options.batchSize, Math.max(1, data.lengths.length));
  const buckets = bucketLengths(data.lengths, {
    ...defaultBucketOptions,
    maximumLength: options.maximumLength,
    bucketCost: bucketCost(options.denseWeights, options.passes * FORWARD_SHARE),
  });
  const plans = evaluationBatches({ lengths: data.lengths, buckets, sizeOf: () => size });
  const compiled = new Map<string, Promise<CompiledFunction>>();

  const forward: TensorFunction = (inputs, weights) => ({
    outputs: objectiveEvaluation(objective, inputs, weights),
  });
  const functionFor = (plan: BatchPlan): Promise<CompiledFunction> => {
    const inputs = objective.inputs(plan.length, plan.size);
    // By shapes, not by length: inputs need not depend on it.
    const shapes = JSON.stringify(inputs);
    const existing = compiled.get(shapes);
    if (existing !== undefined) return existing;
    const created = runtime.compile(forward, {
      name: `evaluate-${plan.size}x${plan.length}`,
      inputs,
      variables,
      identity: identityOf({ objective }),
    });
    compiled.set(shapes, created);
    return created;
  };

  return {
    async evaluate(onBatch) {
      const result = data.startEvaluation();
      for (const [index, plan] of plans.entries()) {
        options.signal?.throwIfAborted();
        const batch = data.batch(plan, options.random);
        const run = await functionFor(plan);
        result.add(plan, batch, await run.run(batch.feeds));
        onBatch?.(index + 1, plans.length);
        await setImmediate();
      }
      return result.metrics();
    },
    dispose() {
      for (const fn of compiled.values()) {
        // A function that failed to compile has nothing to free; its error was thrown by `evaluate`.
        fn.then(
          (ready) => ready.dispose(),
          () => undefined,
        );
      }
      compiled.clear();
    },
  };
}
