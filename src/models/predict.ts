/**
 * Runs models on token sequences of any length and number, results in the order of the sequences.
 *
 * Sequences are sorted by length and run in batches that are padded to their longest; one compilation, which is kept
 * for later calls, serves all of them.
 */
import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { identityOf } from '../runtime/identity.js';
import type {
  CompiledFunction,
  HostTensor,
  NamedTensors,
  Runtime,
  TensorFunction,
} from '../runtime/runtime.js';
import type { EncoderInputs } from './architecture.js';
import { type Model, taskParameters, weightsOf } from './model.js';
import { type PredictBatch, planPredictBatches } from './predict-batches.js';

/** The tokens of one text or pair, special tokens included. */
export interface TokenSequence {
  readonly inputIds: ArrayLike<number>;
  /** All 0 when absent. */
  readonly tokenTypeIds?: ArrayLike<number>;
}

/** A sequence of which some tokens are to be guessed. */
export interface ClozeSequence extends TokenSequence {
  /** Positions of the hidden tokens; `inputIds` have the mask there. */
  readonly positions: ArrayLike<number>;
  /** The true ids at these positions. */
  readonly targets: ArrayLike<number>;
}

/** What every call can be told. */
export interface PredictOptions {
  /** Honoured before each batch. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A model made ready to run. */
export interface Predictor {
  readonly model: Model;
  /** Scores of the classes, one array per sequence. The model must be a classifier. */
  logits(sequences: readonly TokenSequence[], options?: PredictOptions): Promise<readonly Float32Array[]>;
  /** Probabilities of the classes, one array per sequence. */
  probabilities(
    sequences: readonly TokenSequence[],
    options?: PredictOptions,
  ): Promise<readonly Float32Array[]>;
  /** Scores of the vocabulary at every position of each sequence: [tokens x vocabulary]. For a masked language model. */
  tokenLogits(
    sequences: readonly TokenSequence[],
    options?: PredictOptions,
  ): Promise<readonly Float32Array[]>;
  /** The negative log likelihood (nats) of each hidden token, one array per sequence. For a masked language model. */
  clozeLosses(
    sequences: readonly ClozeSequence[],
    options?: PredictOptions,
  ): Promise<readonly Float64Array[]>;
  /** The mean of the last hidden states over each sequence's tokens: one array of hidden size per sequence. */
  meanStates(sequences: readonly TokenSequence[], options?: PredictOptions): Promise<readonly Float32Array[]>;
  /** Frees compiled functions and weights. */
  dispose(): void;
}

/**
 * Tokens of one batch, padding included. On the processor what a layer makes of so many stays in its caches
 * (bench/predict-speed.ts); graphics processors and eager calls want larger batches.
 */
const defaultBatchTokens = (runtime: Runtime) => (runtime.name === 'onnx' ? 512 : 4096);

/** Makes a model ready; nothing is compiled before the first call. */
export function createPredictor(
  model: Model,
  runtime: Runtime,
  settings: { readonly batchTokens?: number | undefined } = {},
): Predictor {
  return new CompilingPredictor(model, runtime, settings.batchTokens ?? defaultBatchTokens(runtime));
}

/** Probabilities of scores: exp(z) / sum exp(z), computed in double precision. */
export function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const exponentials = Array.from(logits, (value) => Math.exp(value - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return Float32Array.from(exponentials, (value) => value / sum);
}

class CompilingPredictor implements Predictor {
  readonly model: Model;
  readonly #runtime: Runtime;
  readonly #batchTokens: number;
  readonly #compiled = new Map<string, Promise<CompiledFunction>>();
  readonly #variables;

  constructor(model: Model, runtime: Runtime, batchTokens: number) {
    this.model = model;
    this.#runtime = runtime;
    this.#batchTokens = batchTokens;
    this.#variables = runtime.createVariables(weightsOf(model, taskParameters(model)));
  }

  async logits(sequences: readonly TokenSequence[], options: PredictOptions = {}) {
    this.#require('sequence-classification');
    const results: Float32Array[] = [];
    await this.#forEachBatch(sequences, options, async (batch) => {
      const { data, shape } = await this.#run(batch, sequences);
      const classes = shape[1] ?? 0;
      batch.members.forEach((member, row) => {
        results[member] = data.slice(row * classes, (row + 1) * classes);
      });
    });
    return results;
  }

  async probabilities(sequences: readonly TokenSequence[], options: PredictOptions = {}) {
    return (await this.logits(sequences, options)).map(softmax);
  }

  async tokenLogits(sequences: readonly TokenSequence[], options: PredictOptions = {}) {
    this.#require('masked-language-modeling');
    const results: Float32Array[] = [];
    await this.#forEachBatch(sequences, options, async (batch) => {
      const { data, shape } = await this.#run(batch, sequences);
      const words = shape[1] ?? 0;
      batch.members.forEach((member, row) => {
        const first = row * batch.length * words;
        results[member] = data.slice(first, first + (sequences[member]?.inputIds.length ?? 0) * words);
      });
    });
    return results;
  }

  async clozeLosses(sequences: readonly ClozeSequence[], options: PredictOptions = {}) {
    this.#require('masked-language-modeling');
    const results: Float64Array[] = sequences.map(({ positions }) => new Float64Array(positions.length));
    await this.#forEachBatch(sequences, options, async (batch) => {
      const asked = batch.members.flatMap((member, row) =>
        Array.from(sequences[member]?.positions ?? [], (position, index) => ({
          member,
          index,
          flat: row * batch.length + position,
        })),
      );
      if (asked.length === 0) return;
      const positions = Int32Array.from(asked, ({ flat }) => flat);
      const { data, shape } = await this.#run(batch, sequences, positions);
      const words = shape[1] ?? 0;
      asked.forEach(({ member, index }, row) => {
        const target = sequences[member]?.targets[index] ?? 0;
        const losses = results[member];
        if (losses !== undefined)
          losses[index] = crossEntropy(data.subarray(row * words, (row + 1) * words), target);
      });
    });
    return results;
  }

  async meanStates(sequences: readonly TokenSequence[], options: PredictOptions = {}) {
    const results: Float32Array[] = [];
    const { hiddenSize } = this.model.architecture.config;
    await this.#forEachBatch(sequences, options, async (batch) => {
      const compiled = await this.#compile('mean-states', (inputs, weights) => ({
        outputs: { states: meanStates(this.model, inputs, weights) },
      }));
      const { states } = await compiled.run(this.#feeds(batch, sequences));
      if (states?.dtype !== 'float32') throw new Error('a model gave no float32 states');
      batch.members.forEach((member, row) => {
        results[member] = states.data.slice(row * hiddenSize, (row + 1) * hiddenSize);
      });
    });
    return results;
  }

  dispose(): void {
    for (const compiled of this.#compiled.values()) {
      // A function that failed to compile has nothing to free; its error was thrown when it was asked for.
      compiled.then(
        (ready) => ready.dispose(),
        () => undefined,
      );
    }
    this.#compiled.clear();
    this.#variables.dispose();
  }

  #require(task: Model['task']): void {
    if (this.model.task !== task)
      throw new Error(`the model is made for ${this.model.task}, not for ${task}`);
  }

  async #forEachBatch(
    sequences: readonly TokenSequence[],
    { signal, onProgress }: PredictOptions,
    body: (batch: PredictBatch) => Promise<void>,
  ): Promise<void> {
    const lengths = sequences.map(({ inputIds }) => inputIds.length);
    const { maximumLength } = this.model.architecture.config;
    let done = 0;
    for (const batch of planPredictBatches(lengths, { maximumLength, batchTokens: this.#batchTokens })) {
      signal?.throwIfAborted();
      await body(batch);
      done += batch.members.length;
      onProgress?.(done, sequences.length);
      // Sessions block the event loop; let signals and messages through between batches.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #run(
    batch: PredictBatch,
    sequences: readonly TokenSequence[],
    positions?: Int32Array,
  ): Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }> {
    const compiled = await this.#compile(
      positions === undefined ? 'predict' : 'predict-positions',
      (inputs, weights) => ({
        outputs: { logits: forward(this.model, inputs, weights) },
      }),
    );
    const feeds = this.#feeds(batch, sequences);
    const { logits } = await compiled.run(
      positions === undefined
        ? feeds
        : { ...feeds, positions: { dtype: 'int32', shape: [positions.length], data: positions } },
    );
    if (logits?.dtype !== 'float32') throw new Error('a model gave no float32 logits');
    return logits;
  }

  #feeds({ length, members }: PredictBatch, sequences: readonly TokenSequence[]) {
    return padSequences(
      members.flatMap((member) => sequences[member] ?? []),
      { size: members.length, length },
      this.model.architecture.config.paddingTokenId,
    );
  }

  #compile(
    name: 'predict' | 'predict-positions' | 'mean-states',
    fn: TensorFunction,
  ): Promise<CompiledFunction> {
    const existing = this.#compiled.get(name);
    if (existing !== undefined) return existing;
    const ids = { shape: ['batch', 'sequence'], dtype: 'int32' } as const;
    const created = this.#runtime.compile(fn, {
      name,
      inputs: {
        input_ids: ids,
        attention_mask: ids,
        token_type_ids: ids,
        ...(name === 'predict-positions' ? { positions: { shape: ['positions'], dtype: 'int32' } } : {}),
      },
      sizes: sizesToTrace(this.model),
      variables: this.#variables,
      identity: identityOf({ architecture: this.model.architecture }, { task: this.model.task }),
    });
    this.#compiled.set(name, created);
    return created;
  }
}

/** The lengths at which a model is traced for all lengths, where the default is longer than it takes. */
export function sizesToTrace({
  architecture,
}: Model): Readonly<Record<string, readonly [number, number, number]>> | undefined {
  const { maximumLength } = architecture.config;
  return maximumLength < longestTraced
    ? { sequence: [maximumLength, maximumLength - 1, maximumLength - 2] }
    : undefined;
}

/** The longest of the sizes at which functions of any size are traced. */
const longestTraced = 13;

/** The mean of the last hidden states over the tokens that are not padding: [batch, hidden]. */
function meanStates({ architecture }: Model, inputs: NamedTensors, weights: NamedTensors): Tensor2D {
  const encoderInputs = encoderInputsOf(inputs);
  const [batch, length] = encoderInputs.inputIds.shape;
  const { hiddenSize, layers } = architecture.config;
  const prefix = { layers, rows: 'all', pooled: false } as const;
  const hidden = architecture.prefixFeatures(weights, encoderInputs, prefix); // [batch x length, hidden]
  const attended = encoderInputs.attentionMask.toFloat().expandDims<Tensor3D>(2); // [batch, length, 1]
  const summed = hidden.reshape<Tensor3D>([batch, length, hiddenSize]).mul(attended).sum(1);
  return summed.div(attended.sum(1)); // [batch, hidden]
}

/** The model's logits for inputs named as in Hugging Face's models; for a masked language model of all tokens, or of `positions`. */
export function forward(model: Model, inputs: NamedTensors, weights: NamedTensors): Tensor2D {
  const encoderInputs = encoderInputsOf(inputs);
  const { architecture, task } = model;
  const options = { training: false };
  return task === 'sequence-classification'
    ? architecture.classify(weights, encoderInputs, options)
    : architecture.predictTokens(weights, encoderInputs, inputs.positions as Tensor1D | undefined, options);
}

function encoderInputsOf(inputs: NamedTensors): EncoderInputs {
  return {
    inputIds: inputs.input_ids as Tensor2D,
    attentionMask: inputs.attention_mask as Tensor2D,
    tokenTypeIds: inputs.token_type_ids as Tensor2D,
  };
}

/** Sequences as padded inputs of [size, length]; missing rows attend to one padding token, so that no softmax is empty. */
export function padSequences(
  sequences: readonly TokenSequence[],
  { size, length }: { readonly size: number; readonly length: number },
  paddingTokenId: number,
): Readonly<Record<'input_ids' | 'attention_mask' | 'token_type_ids', HostTensor>> {
  const inputIds = new Int32Array(size * length).fill(paddingTokenId);
  const attentionMask = new Int32Array(size * length);
  const tokenTypeIds = new Int32Array(size * length);
  for (let row = 0; row < size; row++) {
    const sequence = sequences[row];
    const tokens = sequence?.inputIds.length ?? 0;
    if (tokens > length) throw new RangeError(`a sequence of ${tokens} tokens is in a batch of ${length}`);
    attentionMask.fill(1, row * length, row * length + Math.max(1, tokens));
    if (sequence === undefined) continue;
    inputIds.set(sequence.inputIds, row * length);
    if (sequence.tokenTypeIds !== undefined) tokenTypeIds.set(sequence.tokenTypeIds, row * length);
  }
  const tensor = (data: Int32Array): HostTensor => ({ dtype: 'int32', shape: [size, length], data });
  return {
    input_ids: tensor(inputIds),
    attention_mask: tensor(attentionMask),
    token_type_ids: tensor(tokenTypeIds),
  };
}

/** -log softmax(logits)[target], in double precision. */
function crossEntropy(logits: Float32Array, target: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of logits) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - largest);
  return largest + Math.log(sum) - (logits[target] ?? Number.NaN);
}
