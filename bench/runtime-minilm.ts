/**
 * Training speed of a runtime: forward pass, backward pass, clipping and AdamW on all weights of BERT-type encoders.
 *
 * Prints tokens per second and, as the ratio that carries over to other machines, the share of the speed that the matrix
 * products alone would reach: the same number of operations in large square matrices, measured in the same process.
 *
 * `node bench/run.mjs runtime-minilm [minilm|small|all] [classify|mlm] [STEPS] [DROPOUT]`
 */
import * as tf from '@tensorflow/tfjs';
import { createRandom } from '../src/data/random.js';
import { JsonFields } from '../src/formats/json.js';
import type { Architecture } from '../src/models/architecture.js';
import { createBert } from '../src/models/bert.js';
import { initializeParameter } from '../src/models/initialize.js';
import { openRuntime } from '../src/runtime/open-runtime.js';
import type {
  HostTensor,
  NamedHostTensors,
  NamedTensors,
  Runtime,
  TensorSpec,
} from '../src/runtime/runtime.js';
import { maskedCount } from '../src/training/masking.js';
import { maskedLanguageModel } from '../src/training/objectives/masked-language-model.js';
import { sequenceClassification } from '../src/training/objectives/sequence-classification.js';
import { plainGroups, timedGroups } from '../src/training/optimizer-groups.js';
import { createOptimizer, defaultOptimizers } from '../src/training/optimizers/index.js';
import { optimizerScalars } from '../src/training/parameter-updates.js';
import { combinePenalties } from '../src/training/penalties/quadratic.js';
import {
  compileTrainStep,
  lossScale,
  type TrainStepOptions,
  trainingVariables,
} from '../src/training/train-step.js';

interface Shape {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly length: number;
}

type Task = 'classify' | 'mlm';

const SHAPES: Readonly<Record<string, Shape>> = {
  minilm: { layers: 6, hidden: 384, intermediate: 1536, heads: 12, vocabulary: 30522, batch: 32, length: 64 },
  small: { layers: 4, hidden: 256, intermediate: 1024, heads: 4, vocabulary: 8192, batch: 32, length: 128 },
};

const MASK_PROBABILITY = 0.15;
const RATES = { learningRate: 1e-4, weightDecay: 0.01 };

const [which = 'all', task = 'classify', stepsText = '8', dropoutText = '0'] = process.argv.slice(2);
const runtime = await openRuntime('onnx', { threads: Number(process.env.THREADS ?? 2) });
console.log(runtime.fingerprint);
const peak = await matrixSpeed(runtime);
console.log(`square matrices of 1536: ${(peak / 1e9).toFixed(0)} GFLOP/s`);
for (const [name, shape] of Object.entries(SHAPES)) {
  if (which !== 'all' && which !== name) continue;
  await measure(
    runtime,
    name,
    shape,
    task === 'mlm' ? 'mlm' : 'classify',
    Number(stepsText),
    Number(dropoutText),
  );
}
await runtime.dispose();

async function measure(
  runtime: Runtime,
  name: string,
  shape: Shape,
  task: Task,
  steps: number,
  dropout: number,
) {
  const architecture = createModel(shape, dropout);
  const part = task === 'mlm' ? 'masked-language-modeling' : 'sequence-classification';
  const random = createRandom(1);
  const weights: NamedHostTensors = Object.fromEntries(
    architecture
      .parameters(architecture.partsOf(part))
      .map((parameter) => [parameter.name, initializeParameter(parameter, 0.02, random)]),
  );
  const trainable = Object.keys(weights);
  const groups = timedGroups(plainGroups(trainable, RATES), 1);
  const options: TrainStepOptions = {
    objective: objectiveOf(architecture, task, shape),
    trainable,
    groups,
    penalty: combinePenalties([], weights, trainable),
    optimizer: createOptimizer(defaultOptimizers.adamw),
    keepsAverage: false,
    maximumGradientNorm: 1,
  };
  const state = trainingVariables(weights, options, false);
  const variables = runtime.createVariables({ ...weights, ...state.optimizer });
  const started = performance.now();
  const step = await compileTrainStep(runtime, variables, options, shape.length, shape.batch);
  const compiled = performance.now() - started;
  const specs = options.objective.inputs(shape.length, shape.batch);
  const times: number[] = [];
  const losses: number[] = [];
  for (let index = 0; index <= steps; index += 1) {
    const feeds = {
      ...createFeeds(specs, shape, index),
      ...lossScale(task === 'mlm' ? (specs.masked_labels?.shape[0] ?? 1) : shape.batch),
      ...optimizerScalars(options.optimizer, groups, index, 1),
    };
    const before = performance.now();
    const { loss } = await step.run(feeds, { seed: index });
    if (index > 0) times.push(performance.now() - before);
    losses.push(loss?.data[0] ?? Number.NaN);
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? Number.NaN;
  const best = times[0] ?? Number.NaN;
  const tokens = shape.batch * shape.length;
  const ideal = (1000 * matrixOperations(shape, task)) / peak;
  console.log(
    `${name}, ${task}, dropout ${dropout}: ${((tokens / median) * 1000).toFixed(0)} tokens/s ` +
      `(median ${median.toFixed(0)} ms, best ${best.toFixed(0)} ms: ${((tokens / best) * 1000).toFixed(0)}), ` +
      `${((100 * ideal) / best).toFixed(0)} % of the matrix products' speed, compiled in ${compiled.toFixed(0)} ms, ` +
      `loss ${losses[0]?.toFixed(4)} to ${losses.at(-1)?.toFixed(4)}`,
  );
  step.dispose();
  variables.dispose();
}

function createModel(shape: Shape, dropout: number): Architecture {
  const config = {
    model_type: 'bert',
    vocab_size: shape.vocabulary,
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: shape.intermediate,
    max_position_embeddings: 512,
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    id2label: { 0: 'no', 1: 'yes' },
  };
  return createBert(new JsonFields(config, 'config.json'));
}

function objectiveOf(architecture: Architecture, task: Task, shape: Shape) {
  const encoderInputs = (inputs: NamedTensors) => ({
    inputIds: inputs.input_ids as tf.Tensor2D,
    attentionMask: inputs.attention_mask as tf.Tensor2D,
    tokenTypeIds: inputs.token_type_ids as tf.Tensor2D,
  });
  if (task === 'classify') {
    return sequenceClassification({
      labels: 2,
      logits: (inputs, weights, options) => architecture.classify(weights, encoderInputs(inputs), options),
    });
  }
  return maskedLanguageModel({
    vocabularySize: shape.vocabulary,
    maskProbability: MASK_PROBABILITY,
    logits: (inputs, weights, options) =>
      architecture.predictTokens(
        weights,
        encoderInputs(inputs),
        inputs.masked_positions as tf.Tensor1D,
        options,
      ),
  });
}

/** Random ids and labels; no padding, so that every token counts. */
function createFeeds(
  specs: Readonly<Record<string, TensorSpec>>,
  shape: Shape,
  seed: number,
): NamedHostTensors {
  const random = createRandom(seed + 100);
  const below: Readonly<Record<string, number>> = {
    input_ids: shape.vocabulary,
    masked_positions: shape.batch * shape.length,
    masked_labels: shape.vocabulary,
  };
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]): [string, HostTensor] => {
      const size = spec.shape.reduce((product, dimension) => product * dimension, 1);
      if (name === 'targets') {
        const data = Float32Array.from({ length: size }, (_, index) =>
          index % 4 === 0 || index % 4 === 3 ? 1 : 0,
        );
        return [name, { dtype: 'float32', shape: spec.shape, data }];
      }
      if (spec.dtype === 'float32')
        return [name, { dtype: 'float32', shape: spec.shape, data: new Float32Array(size).fill(1) }];
      const limit = below[name];
      const constant = name === 'attention_mask' ? 1 : 0;
      const draw = () => (limit === undefined ? constant : Math.floor(random.next() * limit));
      return [name, { dtype: 'int32', shape: spec.shape, data: Int32Array.from({ length: size }, draw) }];
    }),
  );
}

/** Floating point operations in matrix products: 2 per weight and row forward, twice that backward. */
function matrixOperations(
  { layers, hidden, intermediate, vocabulary, batch, length }: Shape,
  task: Task,
): number {
  const perRow = 6 * (2 * hidden ** 2 + 2 * hidden * intermediate);
  const keysAndValues = 6 * 2 * hidden ** 2;
  const attention = 6 * 2 * length * hidden;
  const rows = batch * length;
  const full = rows * (perRow + keysAndValues + attention);
  // The last layer computes only the rows that the head reads.
  const read = task === 'mlm' ? batch * maskedCount(length, MASK_PROBABILITY) : batch;
  const queries = task === 'mlm' ? rows : batch;
  const feedForward = 6 * read * (hidden ** 2 + 2 * hidden * intermediate);
  const last = feedForward + 6 * queries * hidden ** 2 + rows * keysAndValues + queries * attention;
  const head = task === 'mlm' ? 6 * read * (hidden ** 2 + hidden * vocabulary) : 0;
  return (layers - 1) * full + last + head;
}

async function matrixSpeed(runtime: Runtime): Promise<number> {
  const size = 1536;
  const spec: TensorSpec = { dtype: 'float32', shape: [size, size] };
  const product = await runtime.compile(
    ({ a, b }) => ({ outputs: { c: tf.sum(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)) } }),
    { name: 'matrix-product', inputs: { a: spec, b: spec }, variables: runtime.createVariables({}) },
  );
  const matrix: HostTensor = {
    dtype: 'float32',
    shape: [size, size],
    data: new Float32Array(size * size).fill(0.5),
  };
  let best = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition < 10; repetition += 1) {
    const before = performance.now();
    await product.run({ a: matrix, b: matrix });
    best = Math.min(best, performance.now() - before);
  }
  product.dispose();
  return (2 * size ** 3) / (best / 1000);
}
