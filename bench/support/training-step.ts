/**
 * One compiled training step of a BERT-type classifier with random weights, for benchmarks of the step alone.
 */
import { createRandom } from '../../src/data/random.js';
import { JsonFields } from '../../src/formats/json.js';
import { createBert } from '../../src/models/bert.js';
import type { HostTensor, NamedHostTensors, Runtime } from '../../src/runtime/runtime.js';
import { createObjective } from '../../src/training/objectives/index.js';
import { classificationData } from '../../src/training/objectives/sequence-classification.js';
import { plainGroups, timedGroups } from '../../src/training/optimizer-groups.js';
import { createOptimizer, defaultOptimizers } from '../../src/training/optimizers/index.js';
import { optimizerScalars } from '../../src/training/parameter-updates.js';
import { combinePenalties } from '../../src/training/penalties/quadratic.js';
import {
  compileTrainStep,
  lossScale,
  type TrainStepOptions,
  trainingVariables,
} from '../../src/training/train-step.js';
import { uniformTokens } from './minilm.js';

/** The shape of a step; everything else is MiniLM-L6-H384's. */
export interface StepShape {
  readonly batch: number;
  readonly length: number;
  readonly dropout: number;
  readonly layers: number;
  readonly hidden: number;
  /** Attention heads; default 12. */
  readonly heads?: number;
  /** Words of the vocabulary; default 30,522. */
  readonly words?: number;
  /** Lowest layers whose weights are frozen; the embeddings below them are trained. Default 0. */
  readonly frozenLayers?: number;
  /** The weights are held by a quadratic penalty, as EWC does. */
  readonly penalized?: boolean;
}

/** A step that can be run again and again. */
export interface TrainingStep {
  readonly compileMilliseconds: number;
  /** Floating point operations in matrix products, forward and backward. */
  readonly matrixOperations: number;
  run(index: number): Promise<number>;
  dispose(): void;
}

/** Compiles a step. */
export async function createTrainingStep(runtime: Runtime, shape: StepShape): Promise<TrainingStep> {
  const { batch, length, dropout, layers, hidden } = shape;
  const architecture = createBert(
    new JsonFields(
      {
        model_type: 'bert',
        vocab_size: shape.words ?? 30522,
        hidden_size: hidden,
        num_hidden_layers: layers,
        num_attention_heads: shape.heads ?? 12,
        intermediate_size: 4 * hidden,
        max_position_embeddings: 512,
        hidden_dropout_prob: dropout,
        attention_probs_dropout_prob: dropout,
        id2label: { 0: 'no', 1: 'yes' },
      },
      'config.json',
    ),
  );
  const random = createRandom(1);
  const weights: NamedHostTensors = Object.fromEntries(
    architecture
      .parameters(architecture.partsOf('sequence-classification'))
      .map(({ name, shape }) => [name, cheapWeights(shape)]),
  );
  const frozen = (name: string) =>
    Array.from({ length: shape.frozenLayers ?? 0 }, (_, layer) => `bert.encoder.layer.${layer}.`).some(
      (layer) => name.startsWith(layer),
    );
  const trainable = Object.keys(weights).filter((name) => !frozen(name));
  const held = Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith('bert.')));
  const penalties = shape.penalized === true ? [{ strength: 1, fisher: held, anchor: held }] : [];
  const optimizer = createOptimizer(defaultOptimizers.adamw);
  const groups = timedGroups(plainGroups(trainable, { learningRate: 2e-5, weightDecay: 0.01 }), 1);
  const options: TrainStepOptions = {
    objective: createObjective(architecture, 'sequence-classification'),
    trainable,
    groups,
    penalty: combinePenalties(penalties, weights, trainable),
    optimizer,
    keepsAverage: false,
    maximumGradientNorm: 1,
  };
  const variables = runtime.createVariables({
    ...weights,
    ...trainingVariables(weights, options, false).optimizer,
    ...options.penalty.variables,
  });
  const started = performance.now();
  const compiled = await compileTrainStep(runtime, variables, options, length, batch);
  const compileMilliseconds = performance.now() - started;
  const data = classificationData(uniformTokens(batch * 8, length, Math.min(20_000, shape.words ?? 20_000)), {
    labels: 2,
    paddingId: 0,
  });
  return {
    compileMilliseconds,
    matrixOperations: operationsOf(shape),
    async run(index) {
      const examples = Array.from({ length: batch }, (_, row) => (index % 8) * batch + row);
      const { feeds, weight } = data.batch({ length, size: batch, examples }, random);
      const inputs = { ...feeds, ...lossScale(weight), ...optimizerScalars(optimizer, groups, index, 1) };
      const { loss } = await compiled.run(inputs, { seed: index });
      return loss?.data[0] ?? Number.NaN;
    },
    dispose() {
      compiled.dispose();
      variables.dispose();
    },
  };
}

/** 2 operations per weight and row forward, twice that backward; the last layer computes only what the head reads. */
function operationsOf({ layers, hidden, batch, length }: StepShape): number {
  const rows = batch * length;
  const perRow = 6 * (2 * hidden ** 2 + 8 * hidden ** 2);
  const keysAndValues = 6 * 2 * hidden ** 2;
  const attention = 6 * 2 * length * hidden;
  const last = batch * (perRow + attention) + rows * keysAndValues;
  return (layers - 1) * rows * (perRow + keysAndValues + attention) + last;
}

/** Evenly spread numbers, since drawing normal ones takes longer than everything that is measured. */
function cheapWeights(shape: readonly number[]): HostTensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let state = data.length;
  for (let index = 0; index < data.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[index] = state * (0.03 / 2 ** 31);
  }
  return { dtype: 'float32', shape, data };
}
