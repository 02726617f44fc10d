/**
 * Features of a frozen prefix: computed once per example, then fed to the layers above in place of tokens.
 */
import { createHash } from 'node:crypto';
import type { Tensor2D } from '@tensorflow/tfjs';
import {
  type ActivationPrecision,
  type Activations,
  type ActivationsShape,
  createActivations,
} from '../artifacts/activations.js';
import type { TokenSplit } from '../artifacts/tokens.js';
import type { JsonRecord } from '../formats/json.js';
import type { Architecture, Prefix } from '../models/architecture.js';
import { prefixParameters } from '../models/frozen-prefix.js';
import type {
  CompiledFunction,
  HostTensor,
  NamedHostTensors,
  Runtime,
  TensorSpec,
} from '../runtime/runtime.js';
import type { BatchPlan } from './batches.js';
import { collate, encoderInputSpecs, exampleLengths } from './collate.js';
import { type Bucket, planBuckets } from './feature-buckets.js';

/** What features are computed from. */
export interface FeatureOptions {
  readonly runtime: Runtime;
  readonly architecture: Architecture;
  readonly prefix: Prefix;
  /** At least those of the prefix. */
  readonly weights: NamedHostTensors;
  readonly split: TokenSplit;
  readonly precision: ActivationPrecision;
}

/** Raised when the same options give other features than before. */
export const featuresVersion = 1;

/**
 * Everything that decides the bytes of features, as JSON: the part of the configuration that the encoder reads, the
 * prefix's weights, the tokens, the precision and the runtime. Names of labels, dropout and whatever lies above the prefix
 * are not among it, so that other heads and other trainings find the same features.
 */
export function featuresIdentity(options: FeatureOptions): JsonRecord {
  const { runtime, architecture, prefix, weights, split, precision } = options;
  const encoder = Object.entries(architecture.config.fields).filter(([name]) => !isOfTheHead(name));
  return {
    config: Object.fromEntries(encoder),
    prefix: { ...prefix },
    weights: digest(prefixParameters(architecture, prefix).map((name) => dataOf(weights, name))),
    tokens: digest([split.inputIds, split.tokenTypeIds, split.offsets]),
    precision,
    runtime: runtime.fingerprint,
  };
}

/** Computes the features of every example and writes them into an empty folder, as an `activations` artifact. */
export async function writeFeatures(
  folder: string,
  options: FeatureOptions,
  {
    signal,
    onProgress,
  }: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (done: number, total: number) => void;
  } = {},
): Promise<void> {
  const { runtime, architecture, prefix, weights, split } = options;
  const parameters = prefixParameters(architecture, prefix);
  const variables = runtime.createVariables(
    Object.fromEntries(parameters.map((name) => [name, requireWeight(weights, name)])),
  );
  const shape = activationsShape(options);
  const writer = await createActivations(folder, shape);
  try {
    let done = 0;
    for (const bucket of planBuckets([...exampleLengths(split)], {
      maximumLength: architecture.config.maximumLength,
      batchTokens,
      denseWeights: denseWeights(architecture, parameters),
      multiple: lengthMultiple,
    }).map(evenBatches)) {
      const compiled = await runtime.compile(
        ({ input_ids, attention_mask, token_type_ids }, values) => ({
          outputs: {
            features: architecture.prefixFeatures(
              values,
              {
                inputIds: input_ids as Tensor2D,
                attentionMask: attention_mask as Tensor2D,
                tokenTypeIds: token_type_ids as Tensor2D,
              },
              prefix,
            ),
          },
        }),
        {
          name: `features-${bucket.size}x${bucket.length}`,
          inputs: encoderInputSpecs(bucket.length, bucket.size),
          variables,
        },
      );
      for (let start = 0; start < bucket.members.length; start += bucket.size) {
        signal?.throwIfAborted();
        const examples = bucket.members.slice(start, start + bucket.size);
        const plan = { length: bucket.length, size: bucket.size, examples };
        writeRows(writer.write, shape, plan, await runBatch(compiled, options, plan), prefix);
        done += examples.length;
        onProgress?.(done, split.examples);
      }
      compiled.dispose();
    }
  } finally {
    writer.close();
    variables.dispose();
  }
}

/** The inputs of a batch of features, by name: `features` and, where they are those of all tokens, `attention_mask`. */
export function featureInputSpecs(
  prefix: Prefix,
  width: number,
  length: number,
  size: number,
): Readonly<Record<string, TensorSpec>> {
  return prefix.rows === 'first'
    ? { features: { shape: [size, width], dtype: 'float32' } }
    : {
        features: { shape: [size * length, width], dtype: 'float32' },
        attention_mask: { shape: [size, length], dtype: 'int32' },
      };
}

/** The padded features of a batch; padding is zeros, which attention masks out. */
export function collateFeatures(
  activations: Activations,
  split: TokenSplit,
  { length, size, examples }: BatchPlan,
  { rows }: Prefix,
): { readonly inputs: Readonly<Record<string, HostTensor>>; readonly tokens: number } {
  const { width } = activations;
  const rowsPerExample = rows === 'first' ? 1 : length;
  const features = new Float32Array(size * rowsPerExample * width);
  const attentionMask = new Int32Array(size * length);
  let tokens = 0;
  for (let row = 0; row < size; row++) {
    const example = examples[row];
    // A row without an example attends to one position, so that no softmax is taken over an empty set.
    const count =
      example === undefined ? 1 : (split.offsets[example + 1] ?? 0) - (split.offsets[example] ?? 0);
    attentionMask.fill(1, row * length, row * length + count);
    if (example === undefined) continue;
    tokens += count;
    activations.read(example, features, row * rowsPerExample * width);
  }
  const featureTensor: HostTensor = {
    dtype: 'float32',
    shape: [size * rowsPerExample, width],
    data: features,
  };
  if (rows === 'first') return { inputs: { features: featureTensor }, tokens };
  const maskTensor: HostTensor = { dtype: 'int32', shape: [size, length], data: attentionMask };
  return { inputs: { features: featureTensor, attention_mask: maskTensor }, tokens };
}

/** Tokens of one batch, padding included; more would only fill the caches. */
const batchTokens = 4096;

/** Padded lengths are multiples of this: all examples go through once, so that a few more shapes pay. */
const lengthMultiple = 4;

/** Batches of equal size, so that the last one of a length is not mostly padding. */
function evenBatches({ length, size, members }: Bucket): Bucket {
  const batches = Math.ceil(members.length / size);
  return { length, size: Math.ceil(members.length / batches), members };
}

/** Fields of a configuration that only the head, or only training, reads. */
function isOfTheHead(field: string): boolean {
  return (
    /dropout/.test(field) ||
    ['id2label', 'label2id', 'num_labels', 'problem_type', 'architectures', 'dtype', 'torch_dtype'].includes(
      field,
    ) ||
    field.startsWith('_')
  );
}

function activationsShape({ architecture, prefix, split, precision }: FeatureOptions): ActivationsShape {
  const offsets =
    prefix.rows === 'all'
      ? split.offsets
      : Int32Array.from({ length: split.examples + 1 }, (_, example) => example);
  return { width: architecture.config.hiddenSize, offsets, precision };
}

async function runBatch(
  compiled: CompiledFunction,
  { architecture, split }: FeatureOptions,
  plan: BatchPlan,
): Promise<Float32Array> {
  const { inputs } = collate(split, plan, architecture.config.paddingTokenId);
  const { features } = await compiled.run({ ...inputs });
  if (features?.dtype !== 'float32') throw new Error('a prefix gave no float32 features');
  return features.data;
}

function writeRows(
  write: (example: number, features: Float32Array) => void,
  { width, offsets }: ActivationsShape,
  { length, examples }: BatchPlan,
  features: Float32Array,
  { rows }: Prefix,
): void {
  const rowsPerExample = rows === 'first' ? 1 : length;
  examples.forEach((example, row) => {
    const count = (offsets[example + 1] ?? 0) - (offsets[example] ?? 0);
    const first = row * rowsPerExample * width;
    write(example, features.subarray(first, first + count * width));
  });
}

function denseWeights(architecture: Architecture, names: readonly string[]): number {
  const used = new Set(names);
  return architecture
    .parameters(['pooler'])
    .filter(({ name, group }) => used.has(name) && group !== 'embeddings')
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function digest(parts: readonly (Float32Array | Int32Array | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${part.length};`);
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
  return hash.digest('hex');
}

function dataOf(weights: NamedHostTensors, name: string): Float32Array | Int32Array {
  return requireWeight(weights, name).data;
}

function requireWeight(weights: NamedHostTensors, name: string): HostTensor {
  const weight = weights[name];
  if (weight === undefined) throw new Error(`the model has no weight ${name}`);
  return weight;
}
