/**
 * Estimates the diagonal of the Fisher information: how much each weight matters for what the model knows.
 *
 * F_i = E_x E_(y ~ p(y|x)) [ (d log p(y|x) / d theta_i)^2 ], the mean over examples of squared per-example
 * gradients (Kirkpatrick et al. 2017, section 2; Martens 2020, section 5). The square of a mean gradient would be another,
 * much smaller number, so every example gets a backward pass of its own; several of them are laid out in one compiled
 * graph, which adds their squares up before anything leaves it.
 *
 * Masked language modelling: an example is a sequence with its masks, and its log-likelihood the sum over masked tokens.
 * Given the masked text these are independent under the model, so with labels drawn from the model the square of
 * the summed gradient is in expectation the sum over tokens of their Fisher information: one backward pass a sequence.
 */
import { setImmediate } from 'node:timers/promises';
import { UserError } from '../../artifacts/user-error.js';
import { createRandom, type Random } from '../../data/random.js';
import type {
  CompiledFunction,
  HostTensor,
  InitialValues,
  NamedHostTensors,
  NamedTensors,
  Runtime,
  TensorFunction,
  TensorSpec,
} from '../../runtime/runtime.js';
import * as tf from '../../runtime/tfjs.js';
import { trainingBatches } from '../batches.js';
import { bucketCost, bucketLengths, defaultBucketOptions } from '../buckets.js';
import { valueAndGradients } from '../gradients.js';
import type { Objective, ObjectiveData } from '../objective.js';
import { exactTerms, sampledLogLikelihood } from './likelihood-terms.js';

/** Where an example's labels come from. */
export const fisherKinds = ['exact', 'sampled', 'empirical'] as const;

/**
 * `exact`: the expectation over all labels, weighted with the model's probabilities. `sampled`: one label drawn from
 * the model. `empirical`: the label that the data gives (not the Fisher information in the strict sense, but much used).
 */
export type FisherKind = (typeof fisherKinds)[number];

/** What an estimate needs. */
export interface FisherOptions {
  readonly runtime: Runtime;
  /** Without class weights and label smoothing: `lossSum` must be a negative log-likelihood. */
  readonly objective: Objective;
  readonly weights: NamedHostTensors;
  /** The parameters to estimate it for. */
  readonly parameters: readonly string[];
  readonly data: ObjectiveData;
  readonly kind: FisherKind;
  /** At most so many examples, drawn without replacement. */
  readonly samples: number;
  readonly maximumLength: number;
  /** Parameters that multiply every token. */
  readonly denseWeights: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** An estimate. */
export interface FisherEstimate {
  /** Mean squared gradient by parameter, float32. */
  readonly fisher: NamedHostTensors;
  /** Examples that it is the mean of. */
  readonly samples: number;
}

/** Examples in one compiled graph: enough to make moving the sums in and out of it cheap, few enough to compile soon. */
const EXAMPLES_PER_CALL = 4;

/** Above this many classes the exact estimate takes too many backward passes. */
export const LARGEST_EXACT_CLASSES = 32;

/** Estimates the diagonal Fisher information of a model on a task's data. */
export async function estimateFisher(options: FisherOptions): Promise<FisherEstimate> {
  const { data, objective, runtime, weights, parameters } = options;
  const random = createRandom(options.seed).fork('fisher');
  const samples = Math.min(options.samples, data.lengths.length);
  const chosen = drawSamples(data.lengths.length, samples, random.fork('samples'));
  const lengths = chosen.map((example) => data.lengths[example] ?? 0);
  const buckets = bucketLengths(lengths, {
    ...defaultBucketOptions,
    maximumLength: options.maximumLength,
    bucketCost: bucketCost(options.denseWeights, 1),
  });
  const size = Math.min(EXAMPLES_PER_CALL, samples);
  const plans = trainingBatches({ lengths, buckets, sizeOf: () => size }, random.fork('order'));

  const variables = runtime.createVariables({ ...weights, ...zeroSums(weights, parameters) });
  const compiled = new Map<number, Promise<CompiledFunction>>();
  const functionFor = (length: number): Promise<CompiledFunction> => {
    const existing = compiled.get(length);
    if (existing !== undefined) return existing;
    const created = runtime.compile(sumOfSquares(options), {
      name: `fisher-${size}x${length}`,
      inputs: forEachExample(size, { ...objective.inputs(length, 1), ...extraInputs(options, length) }),
      variables,
    });
    compiled.set(length, created);
    return created;
  };
  try {
    const masks = random.fork('masks');
    const labels = random.fork('labels');
    let done = 0;
    for (const { length, examples } of plans) {
      options.signal?.throwIfAborted();
      const feeds: Record<string, HostTensor> = {};
      for (let slot = 0; slot < size; slot++) {
        const index = examples[slot];
        const example = chosen[index ?? -1];
        // A slot without an example repeats the first one with weight 0.
        const used = example ?? chosen[examples[0] ?? 0] ?? 0;
        const batch = data.batch({ length, size: 1, examples: [used] }, masks);
        const own = {
          ...batch.feeds,
          ...extraFeeds(options, length, example === undefined ? 0 : 1, labels.fork(String(used))),
        };
        for (const [name, tensor] of Object.entries(own)) feeds[slotName(slot, name)] = tensor;
      }
      const fn = await functionFor(length);
      await fn.run(feeds);
      done += examples.length;
      options.onProgress?.(done, samples);
      await setImmediate();
    }
    const fisher: Record<string, HostTensor> = {};
    for (const name of parameters) fisher[name] = mean(await variables.read(sumName(name)), samples, name);
    return { fisher, samples };
  } finally {
    for (const fn of await Promise.allSettled(compiled.values())) {
      if (fn.status === 'fulfilled') fn.value.dispose();
    }
    variables.dispose();
  }
}

/** The function that adds the squared gradients of some examples to the sums. */
function sumOfSquares({ objective, parameters, kind }: FisherOptions): TensorFunction {
  return (inputs, values) => {
    const sums: Record<string, tf.Tensor> = Object.fromEntries(
      parameters.map((name) => [name, at(values, sumName(name))]),
    );
    for (const example of splitExamples(inputs)) {
      const weight = at(example, 'example_weight');
      for (const term of termsOf(kind, objective, example)) {
        const { gradients } = valueAndGradients(
          (trained) => term(objective.logits(example, { ...values, ...trained }, { training: false })),
          Object.fromEntries(parameters.map((name) => [name, at(values, name)])),
        );
        for (const [name, gradient] of Object.entries(gradients)) {
          sums[name] = tf.add(at(sums, name), tf.mul(tf.square(gradient), weight));
        }
      }
    }
    const updates = Object.entries(sums).map(([name, sum]) => [sumName(name), sum] as const);
    return { outputs: {}, updates: Object.fromEntries(updates) };
  };
}

type Term = (logits: tf.Tensor2D) => tf.Scalar;

function termsOf(kind: FisherKind, objective: Objective, inputs: NamedTensors): readonly Term[] {
  switch (kind) {
    case 'exact':
      return exactTerms(objective.classes);
    case 'sampled': {
      const uniforms = at(inputs, 'uniforms') as tf.Tensor1D;
      return [(logits) => sampledLogLikelihood(logits, uniforms, objective.rowWeights(inputs))];
    }
    case 'empirical':
      return [(logits) => objective.lossSum(logits, inputs)];
  }
}

/** Inputs of an example besides the objective's own. */
function extraInputs({ objective, kind }: FisherOptions, length: number): Record<string, TensorSpec> {
  const rows = objective.rows(length, 1);
  return {
    example_weight: { shape: [], dtype: 'float32' },
    ...(kind === 'sampled' ? { uniforms: { shape: [rows], dtype: 'float32' } } : {}),
  };
}

function extraFeeds(
  { objective, kind }: FisherOptions,
  length: number,
  weight: number,
  random: Random,
): Record<string, HostTensor> {
  const rows = objective.rows(length, 1);
  const uniforms = () => Float32Array.from({ length: rows }, () => random.next());
  return {
    example_weight: { dtype: 'float32', shape: [], data: Float32Array.of(weight) },
    ...(kind === 'sampled' ? { uniforms: { dtype: 'float32', shape: [rows], data: uniforms() } } : {}),
  };
}

function drawSamples(examples: number, samples: number, random: Random): readonly number[] {
  if (examples === 0) {
    throw new UserError({
      code: 'ewc/empty',
      message: 'There are no examples to estimate the Fisher information from.',
      expected: 'a split with at least one example',
    });
  }
  const order = random.shuffle(Int32Array.from({ length: examples }, (_, index) => index));
  return Array.from(order.subarray(0, samples));
}

function zeroSums(weights: NamedHostTensors, parameters: readonly string[]): InitialValues {
  return Object.fromEntries(
    parameters.map((name): [string, TensorSpec] => {
      const weight = weights[name];
      if (weight === undefined) throw new Error(`the model has no parameter '${name}'`);
      return [sumName(name), { dtype: 'float32', shape: weight.shape }];
    }),
  );
}

function mean(sum: HostTensor, samples: number, parameter: string): HostTensor {
  const data = Float32Array.from(sum.data);
  for (let index = 0; index < data.length; index++) {
    const value = (data[index] ?? 0) / samples;
    if (!Number.isFinite(value)) throw notFinite(parameter);
    data[index] = value;
  }
  return { dtype: 'float32', shape: sum.shape, data };
}

function notFinite(parameter: string): UserError {
  return new UserError({
    code: 'ewc/not-finite',
    message: `The Fisher information of ${parameter} is not a finite number.`,
    help: 'Look for broken weights (NaN, infinity) in the model.',
  });
}

const slotPattern = /^example-(\d+)\/(.*)$/;

function slotName(slot: number, input: string): string {
  return `example-${slot}/${input}`;
}

function forEachExample(
  size: number,
  specs: Readonly<Record<string, TensorSpec>>,
): Record<string, TensorSpec> {
  return Object.fromEntries(
    Array.from({ length: size }, (_, slot) =>
      Object.entries(specs).map(([name, spec]) => [slotName(slot, name), spec] as const),
    ).flat(),
  );
}

/** The inputs of each example, under their own names. */
function splitExamples(inputs: NamedTensors): readonly NamedTensors[] {
  const examples: Record<string, tf.Tensor>[] = [];
  for (const [name, tensor] of Object.entries(inputs)) {
    const [, slot, input] = slotPattern.exec(name) ?? [];
    if (slot === undefined || input === undefined) throw new Error(`'${name}' is no input of an example`);
    examples[Number(slot)] ??= {};
    Object.assign(examples[Number(slot)] ?? {}, { [input]: tensor });
  }
  return examples;
}

function sumName(parameter: string): string {
  return `fisher_sum/${parameter}`;
}

function at(tensors: NamedTensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the Fisher function has no tensor '${name}'`);
  return tensor;
}
