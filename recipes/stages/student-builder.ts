/** Builds a small encoder from a larger one, from the input up; see inherit-encoder.ts. */
import * as tf from '@tensorflow/tfjs';
import type { HostTensor, Model, NamedHostTensors, NamedTensors, Runtime, TokenSplit } from 'roux';
import { principalDirections } from './eigenvectors.js';
import { attention, gelu, type LayerShape, layerWeights, normalized, openLayer } from './encoder-layer.js';
import { compute, fitLinear, hostMatrix, hostVector, type LinearMap, type Matrix } from './least-squares.js';

/** First tokens are few, and all that a classifier sees: in the last layer each counts as so many others. */
const firstTokenWeight = 8;

/** The pooler's output is this long, where tanh is still nearly a line. */
const pooledLength = 6;

/** Sizes of both encoders. */
export interface Shape {
  readonly hidden: number;
  readonly teacherHidden: number;
  readonly headSize: number;
  readonly intermediate: number;
}

/** Padded texts in both numberings of tokens. */
export interface Texts {
  readonly batch: number;
  readonly length: number;
  readonly studentIds: Int32Array;
  readonly teacherIds: Int32Array;
  /** 1 for tokens, 0 for padding: [batch x length]. */
  readonly mask: Float32Array;
  /** The embedding of each text, brought to length 1: [batch, hidden]. */
  readonly embeddings: Float32Array;
}

type Weights = Record<string, HostTensor>;

/** A layer of the teacher, laid open, by the names of `openLayer`. */
type OpenLayer = Readonly<Record<string, Matrix>>;

/** Builds; call `project`, `embed`, `layer` for each layer, `pooler` and `wordFrequencies` in this order. */
export class StudentBuilder {
  readonly #runtime: Runtime;
  readonly #teacher: Model;
  readonly #shape: Shape;
  readonly #texts: Texts;
  readonly #weights: Weights;
  /** The teacher's mean state, and the directions that are kept: [hidden, teacherHidden]. */
  #mean = new Float32Array();
  #directions: Matrix = { rows: 0, columns: 0, data: new Float32Array() };
  /** The teacher's state at the layer that the student has come to. */
  #teacherState: Matrix = this.#directions;
  #teacherLayer = 0;
  #state: Matrix = this.#directions;
  readonly explained: number[] = [];

  constructor(runtime: Runtime, teacher: Model, student: Model, shape: Shape, texts: Texts) {
    this.#runtime = runtime;
    this.#teacher = teacher;
    this.#shape = shape;
    this.#texts = texts;
    this.#weights = { ...student.weights };
    const { hidden } = shape;
    this.#set('bert.pooler.dense.weight', [hidden, hidden], new Float32Array(hidden * hidden));
    this.#set('bert.pooler.dense.bias', [hidden], new Float32Array(hidden));
  }

  /** The student's weights as they stand. */
  weights(): NamedHostTensors {
    return this.#weights;
  }

  /** Finds the directions of largest variance of all of the teacher's states. Gives the share of variance kept. */
  async project(): Promise<number> {
    const { teacherHidden: size, hidden } = this.#shape;
    const sums = new Float64Array(size);
    const products = new Float64Array(size * size);
    let count = 0;
    const add = async (states: Matrix) => {
      const { moments, totals } = await this.#compute(
        'moments',
        { x: hostMatrix(states), w: this.#maskVector() },
        ({ x, w }) => {
          const weighted = tf.mul(x as tf.Tensor2D, (w as tf.Tensor1D).expandDims(1)) as tf.Tensor2D;
          return {
            moments: tf.matMul(weighted, x as tf.Tensor2D, true, false),
            totals: tf.sum(weighted, 0).expandDims(0),
          };
        },
      );
      moments?.data.forEach((value, index) => {
        products[index] = (products[index] ?? 0) + value;
      });
      totals?.data.forEach((value, index) => {
        sums[index] = (sums[index] ?? 0) + value;
      });
      count += this.#texts.mask.reduce((sum, value) => sum + value, 0);
    };
    let state = await this.#teacherEmbedding();
    await add(state);
    for (let layer = 0; layer < this.#teacher.architecture.config.layers; layer++) {
      const open = await this.#openTeacherLayer(state, layer);
      await add(matrix(open, 'attended'));
      state = matrix(open, 'output');
      await add(state);
    }
    this.#mean = Float32Array.from(sums, (sum) => sum / count);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const centre = (this.#mean[row] ?? 0) * (this.#mean[column] ?? 0);
        products[row * size + column] = (products[row * size + column] ?? 0) / count - centre;
      }
    }
    this.#directions = { rows: hidden, columns: size, data: principalDirections(products, size, hidden) };
    return keptVariance(products, this.#directions);
  }

  /** Word, position and token type embeddings: the teacher's, projected. */
  async embed(teacherIds: Int32Array): Promise<void> {
    const { hidden, teacherHidden } = this.#shape;
    const table = (name: string) => required(this.#teacher.weights, `bert.embeddings.${name}.weight`);
    const words = new Float32Array(teacherIds.length * teacherHidden);
    const [types, allWords] = [table('token_type_embeddings').data, table('word_embeddings').data];
    teacherIds.forEach((id, row) => {
      for (let index = 0; index < teacherHidden; index++) {
        words[row * teacherHidden + index] =
          (allWords[id * teacherHidden + index] ?? 0) + (types[index] ?? 0);
      }
    });
    const [positionRows = 0] = required(this.#weights, 'bert.embeddings.position_embeddings.weight').shape;
    const positions = table('position_embeddings').data.slice(0, positionRows * teacherHidden);
    const kinds = types.map((value, index) => value - (types[index % teacherHidden] ?? 0));
    for (const [name, rows, data] of [
      ['word_embeddings', teacherIds.length, words],
      ['position_embeddings', positions.length / teacherHidden, positions],
      ['token_type_embeddings', kinds.length / teacherHidden, kinds],
    ] as const) {
      const large = { rows, columns: teacherHidden, data: Float32Array.from(data) };
      const projected = await this.#projectRows(large, false);
      const before = required(this.#weights, `bert.embeddings.${name}.weight`);
      const filled = Float32Array.from(before.data);
      filled.set(projected.data.subarray(0, filled.length));
      this.#set(`bert.embeddings.${name}.weight`, before.shape, filled);
    }
    this.#teacherState = await this.#teacherEmbedding();
    const wanted = await this.#projectRows(this.#teacherState, true);
    const sums = this.#lookUp(this.#weights, this.#texts.studentIds, hidden);
    this.#state = await this.#fitNorm('bert.embeddings.LayerNorm', sums, wanted, this.#texts.mask);
  }

  /** One layer, in place of some of the teacher's. */
  async layer(layer: number, sources: readonly number[], isLast: boolean): Promise<void> {
    const at = `bert.encoder.layer.${layer}`;
    const opened: OpenLayer[] = [];
    const last = Math.max(...sources);
    for (; this.#teacherLayer <= last; this.#teacherLayer++) {
      const open = await this.#openTeacherLayer(this.#teacherState, this.#teacherLayer);
      if (sources.includes(this.#teacherLayer)) opened.push(open);
      this.#teacherState = matrix(open, 'output');
      if (this.#teacherLayer === last) await this.#fitLayer(at, sources, opened, isLast);
    }
  }

  async #fitLayer(at: string, sources: readonly number[], opened: readonly OpenLayer[], isLast: boolean) {
    const { mask } = this.#texts;
    const weights = isLast ? this.#firstTokensWeighted() : mask;
    const heads = this.#chooseHeads(sources, opened);
    const parts: Record<string, Matrix> = {};
    for (const name of ['query', 'key', 'value'] as const) {
      const wanted = gatherColumns(opened, name, heads);
      if (isLast && name === 'query') this.#clearFirstTokens(wanted);
      const map = await fitLinear(this.#runtime, this.#state, wanted, weights);
      this.#setLinear(`${at}.attention.self.${name}`, map);
      parts[name] = await this.#apply(map, this.#state);
    }
    const { context } = await this.#compute(
      'attention',
      {
        query: hostMatrix(matrix(parts, 'query')),
        key: hostMatrix(matrix(parts, 'key')),
        value: hostMatrix(matrix(parts, 'value')),
        mask: this.#maskVector(),
      },
      ({ query, key, value, mask: attended }) => ({
        context: attention(
          query as tf.Tensor2D,
          key as tf.Tensor2D,
          value as tf.Tensor2D,
          attended as tf.Tensor1D,
          this.#layerShape(),
        ),
      }),
    );
    const open = opened.at(-1) ?? {};
    const attended = await this.#projectRows(matrix(open, 'attended'), true);
    if (isLast) this.#summarizeFirstTokens(attended);
    await this.#fitResidual(`${at}.attention.output`, matrix({ context }, 'context'), attended, weights);

    const neurons = this.#chooseNeurons(sources, opened);
    const map = await fitLinear(
      this.#runtime,
      this.#state,
      gatherColumns(opened, 'preactivation', neurons),
      weights,
    );
    this.#setLinear(`${at}.intermediate.dense`, map);
    const activations = await this.#apply(map, this.#state, true);
    const output = await this.#projectRows(matrix(open, 'output'), true);
    if (isLast) this.#summarizeFirstTokens(output);
    await this.#fitResidual(`${at}.output`, activations, output, weights);
  }

  /**
   * The pooler takes the first token's state, without gain and bias of the last normalization, which is the embedding's
   * direction times sqrt(hidden), and makes it `pooledLength` long.
   */
  pooler(): void {
    const { hidden } = this.#shape;
    const layer = this.explained.length / 2 - 1;
    const gain = required(this.#weights, `bert.encoder.layer.${layer}.output.LayerNorm.weight`).data;
    const bias = required(this.#weights, `bert.encoder.layer.${layer}.output.LayerNorm.bias`).data;
    const weight = new Float32Array(hidden * hidden);
    const shift = new Float32Array(hidden);
    for (let index = 0; index < hidden; index++) {
      const factor = pooledLength / Math.sqrt(hidden) / (gain[index] ?? 1);
      weight[index * hidden + index] = factor;
      shift[index] = -factor * (bias[index] ?? 0);
    }
    this.#set('bert.pooler.dense.weight', [hidden, hidden], weight);
    this.#set('bert.pooler.dense.bias', [hidden], shift);
  }

  /** The language head's bias: how frequent each word is, log((count + 1) / mean). */
  wordFrequencies({ inputIds }: TokenSplit, special: ReadonlySet<number | null>): void {
    const { shape } = required(this.#weights, 'cls.predictions.bias');
    const counts = new Float64Array(shape[0] ?? 0).fill(1);
    for (const id of inputIds) if (!special.has(id)) counts[id] = (counts[id] ?? 0) + 1;
    const logs = counts.map(Math.log);
    const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    this.#set(
      'cls.predictions.bias',
      shape,
      Float32Array.from(logs, (value) => value - mean),
    );
  }

  /** The cosine between the pooler's output for the texts and their embeddings, the mean. */
  meanCosine(): number {
    const { batch, length, embeddings } = this.#texts;
    const { hidden } = this.#shape;
    const weight = required(this.#weights, 'bert.pooler.dense.weight').data;
    const bias = required(this.#weights, 'bert.pooler.dense.bias').data;
    let total = 0;
    for (let text = 0; text < batch; text++) {
      let [product, square] = [0, 0];
      for (let index = 0; index < hidden; index++) {
        const state = this.#state.data[text * length * hidden + index] ?? 0;
        const pooled = Math.tanh((weight[index * hidden + index] ?? 0) * state + (bias[index] ?? 0));
        product += pooled * (embeddings[text * hidden + index] ?? 0);
        square += pooled * pooled;
      }
      total += product / Math.sqrt(square || 1);
    }
    return total / batch;
  }

  #compute(name: string, inputs: NamedHostTensors, fn: (inputs: NamedTensors) => NamedTensors) {
    return compute(this.#runtime, name, inputs, fn);
  }

  #layerShape(): LayerShape {
    const { batch, length } = this.#texts;
    return { batch, length, headSize: this.#shape.headSize };
  }

  #maskVector(): HostTensor {
    return hostVector(this.#texts.mask);
  }

  async #openTeacherLayer(state: Matrix, layer: number): Promise<OpenLayer> {
    const weights = layerWeights(this.#teacher.weights, layer);
    const inputs = { ...weights, hidden: hostMatrix(state), mask: this.#maskVector() };
    return this.#compute('teacher-layer', inputs, (tensors) => openLayer(tensors, this.#layerShape()));
  }

  async #teacherEmbedding(): Promise<Matrix> {
    const { teacherHidden } = this.#shape;
    const sums = this.#lookUp(this.#teacher.weights, this.#texts.teacherIds, teacherHidden);
    const norm = (name: string) => required(this.#teacher.weights, `bert.embeddings.LayerNorm.${name}`);
    const inputs = { x: hostMatrix(sums), gain: norm('weight'), bias: norm('bias') };
    const { state } = await this.#compute('teacher-embedding', inputs, ({ x, gain, bias }) => ({
      state: tf.add(tf.mul(normalized(x as tf.Tensor), gain as tf.Tensor), bias as tf.Tensor),
    }));
    return matrix({ state }, 'state');
  }

  /** The sum of word, position and token type embeddings: [batch x length, size]. */
  #lookUp(weights: NamedHostTensors, ids: Int32Array, size: number): Matrix {
    const table = (name: string) => required(weights, `bert.embeddings.${name}.weight`).data;
    const [words, positions, types] = [
      table('word_embeddings'),
      table('position_embeddings'),
      table('token_type_embeddings'),
    ];
    const data = new Float32Array(ids.length * size);
    ids.forEach((id, row) => {
      const position = row % this.#texts.length;
      for (let index = 0; index < size; index++) {
        data[row * size + index] =
          (words[id * size + index] ?? 0) + (positions[position * size + index] ?? 0) + (types[index] ?? 0);
      }
    });
    return { rows: ids.length, columns: size, data };
  }

  /** Coordinates along the directions, of states without their mean or of differences of states: [rows, hidden]. */
  async #projectRows(rows: Matrix, centred: boolean): Promise<Matrix> {
    const mean = centred ? this.#mean : new Float32Array(this.#shape.teacherHidden);
    const inputs = { x: hostMatrix(rows), mean: hostVector(mean), directions: hostMatrix(this.#directions) };
    const { projected } = await this.#compute('project', inputs, (tensors) => ({
      projected: tf.matMul(
        tf.sub(tensors.x as tf.Tensor2D, tensors.mean as tf.Tensor1D) as tf.Tensor2D,
        tensors.directions as tf.Tensor2D,
        false,
        true,
      ),
    }));
    return matrix({ projected }, 'projected');
  }

  async #apply({ weight, bias }: LinearMap, x: Matrix, activated = false): Promise<Matrix> {
    const inputs = { x: hostMatrix(x), weight: hostMatrix(weight), bias: hostVector(bias) };
    const { y } = await this.#compute('apply', inputs, (tensors) => {
      const product = tf.matMul(tensors.x as tf.Tensor2D, tensors.weight as tf.Tensor2D, false, true);
      const sum = tf.add(product, tensors.bias as tf.Tensor1D) as tf.Tensor2D;
      return { y: activated ? gelu(sum) : sum };
    });
    return matrix({ y }, 'y');
  }

  /**
   * A dense layer whose output is added to the state and normalized, so that the result comes near `wanted`; the
   * result is the new state.
   *
   * Normalization takes the sum's length away, so the state may have any share a in it: with the residuals r of what the
   * inputs explain of the normalized wanted rows and of the state, the best one is a = r_wanted . r_state / |r_state|^2.
   */
  async #fitResidual(at: string, inputs: Matrix, wanted: Matrix, weights: Float32Array): Promise<void> {
    const centre = weightedMean(wanted, weights);
    const deviation = weightedDeviation(wanted, centre, weights);
    const unit = mapRows(wanted, (value, column) => (value - (centre[column] ?? 0)) / deviation);
    const toUnit = await fitLinear(this.#runtime, inputs, unit, weights);
    const toState = await fitLinear(this.#runtime, inputs, this.#state, weights);
    const unitRest = difference(unit, await this.#apply(toUnit, inputs));
    const stateRest = difference(this.#state, await this.#apply(toState, inputs));
    const share =
      weightedProduct(unitRest, stateRest, weights) / weightedProduct(stateRest, stateRest, weights);
    const map: LinearMap = {
      weight: combine(toUnit.weight, toState.weight, share),
      bias: toUnit.bias.map((value, index) => value / share - (toState.bias[index] ?? 0)),
    };
    this.#setLinear(`${at}.dense`, map);
    const added = await this.#apply(map, inputs);
    const sum = {
      ...added,
      data: added.data.map((value, index) => value + (this.#state.data[index] ?? 0)),
    };
    this.#state = await this.#fitNorm(`${at}.LayerNorm`, sum, wanted, weights);
  }

  /** Gain and bias of a normalization, feature by feature, so that its result comes near `wanted`. */
  async #fitNorm(name: string, sums: Matrix, wanted: Matrix, weights: Float32Array): Promise<Matrix> {
    const { unit } = await this.#compute('normalize', { x: hostMatrix(sums) }, ({ x }) => ({
      unit: normalized(x as tf.Tensor),
    }));
    const rows = matrix({ unit }, 'unit');
    const [unitMean, wantedMean] = [weightedMean(rows, weights), weightedMean(wanted, weights)];
    const { columns } = rows;
    const [products, squares] = [new Float64Array(columns), new Float64Array(columns)];
    rows.data.forEach((value, index) => {
      const column = index % columns;
      const weight = weights[(index - column) / columns] ?? 0;
      const centred = value - (unitMean[column] ?? 0);
      const target = (wanted.data[index] ?? 0) - (wantedMean[column] ?? 0);
      products[column] = (products[column] ?? 0) + weight * centred * target;
      squares[column] = (squares[column] ?? 0) + weight * centred * centred;
    });
    const gain = Float32Array.from(products, (product, column) => product / (squares[column] || 1));
    const bias = gain.map((value, column) => (wantedMean[column] ?? 0) - value * (unitMean[column] ?? 0));
    this.#set(`${name}.weight`, [columns], gain);
    this.#set(`${name}.bias`, [columns], bias);
    const state = mapRows(rows, (value, column) => value * (gain[column] ?? 0) + (bias[column] ?? 0));
    const rest = difference(wanted, state);
    const all = mapRows(wanted, (value, column) => value - (wantedMean[column] ?? 0));
    const explained = 1 - weightedProduct(rest, rest, weights) / weightedProduct(all, all, weights);
    if (name.startsWith('bert.encoder')) this.explained.push(explained);
    return state;
  }

  /** The columns of the heads whose contributions vary most. */
  #chooseHeads(sources: readonly number[], opened: readonly OpenLayer[]): readonly Column[] {
    const { headSize, hidden, teacherHidden } = this.#shape;
    const scores = opened.flatMap((open, index) => {
      const weight = required(
        this.#teacher.weights,
        `bert.encoder.layer.${sources[index]}.attention.output.dense.weight`,
      );
      const columns = this.#importance(matrix(open, 'context'), weight);
      return Array.from({ length: teacherHidden / headSize }, (_, head) => ({
        layer: index,
        first: head * headSize,
        score: columns
          .subarray(head * headSize, (head + 1) * headSize)
          .reduce((sum, value) => sum + value, 0),
      }));
    });
    scores.sort((a, b) => b.score - a.score);
    return scores
      .slice(0, hidden / headSize)
      .flatMap(({ layer, first }) =>
        Array.from({ length: headSize }, (_, offset) => ({ layer, column: first + offset })),
      );
  }

  /** The neurons whose contributions vary most. */
  #chooseNeurons(sources: readonly number[], opened: readonly OpenLayer[]): readonly Column[] {
    const scores = opened.flatMap((open, index) => {
      const weight = required(
        this.#teacher.weights,
        `bert.encoder.layer.${sources[index]}.output.dense.weight`,
      );
      const preactivations = matrix(open, 'preactivation');
      const activations = { ...preactivations, data: preactivations.data.map(roughGelu) };
      return Array.from(this.#importance(activations, weight), (score, column) => ({
        layer: index,
        column,
        score,
      }));
    });
    scores.sort((a, b) => b.score - a.score);
    return scores.slice(0, this.#shape.intermediate);
  }

  /** The variance of each column times the squared length of what it is multiplied with. */
  #importance(values: Matrix, { shape, data }: HostTensor): Float64Array {
    const { columns } = values;
    const [outputs = 0] = shape;
    const means = weightedMean(values, this.#texts.mask);
    const variances = new Float64Array(columns);
    values.data.forEach((value, index) => {
      const column = index % columns;
      const weight = this.#texts.mask[(index - column) / columns] ?? 0;
      variances[column] = (variances[column] ?? 0) + weight * (value - (means[column] ?? 0)) ** 2;
    });
    return variances.map((variance, column) => {
      let squares = 0;
      for (let row = 0; row < outputs; row++) squares += (data[row * columns + column] ?? 0) ** 2;
      return variance * squares;
    });
  }

  #firstTokensWeighted(): Float32Array {
    const { mask, length } = this.#texts;
    return mask.map((value, row) => (row % length === 0 ? value * firstTokenWeight : value));
  }

  /** Queries of 0: the first token attends to all tokens alike. */
  #clearFirstTokens({ columns, data }: Matrix): void {
    const { batch, length } = this.#texts;
    for (let text = 0; text < batch; text++)
      data.fill(0, text * length * columns, (text * length + 1) * columns);
  }

  /** First tokens shall be what the embedding says, as far from the mean state as other tokens are. */
  #summarizeFirstTokens(states: Matrix): void {
    const { batch, length, embeddings, mask } = this.#texts;
    const { columns, data } = states;
    const mean = weightedMean(states, mask);
    const scale = weightedDeviation(states, mean, mask) * Math.sqrt(columns);
    for (let text = 0; text < batch; text++) {
      for (let column = 0; column < columns; column++) {
        data[text * length * columns + column] =
          (mean[column] ?? 0) + scale * (embeddings[text * columns + column] ?? 0);
      }
    }
  }

  #set(name: string, shape: readonly number[], data: Float32Array): void {
    this.#weights[name] = { dtype: 'float32', shape, data };
  }

  #setLinear(name: string, { weight, bias }: LinearMap): void {
    this.#set(`${name}.weight`, [weight.rows, weight.columns], weight.data);
    this.#set(`${name}.bias`, [bias.length], bias);
  }
}

/** A column of one of several matrices. */
interface Column {
  readonly layer: number;
  readonly column: number;
}

function gatherColumns(opened: readonly OpenLayer[], name: string, columns: readonly Column[]): Matrix {
  const sources = opened.map((open) => matrix(open, name));
  const rows = sources[0]?.rows ?? 0;
  const data = new Float32Array(rows * columns.length);
  columns.forEach(({ layer, column }, target) => {
    const source = sources[layer];
    if (source === undefined) return;
    for (let row = 0; row < rows; row++) {
      data[row * columns.length + target] = source.data[row * source.columns + column] ?? 0;
    }
  });
  return { rows, columns: columns.length, data };
}

function keptVariance(covariance: Float64Array, { rows, columns, data }: Matrix): number {
  let [kept, total] = [0, 0];
  for (let index = 0; index < columns; index++) total += covariance[index * columns + index] ?? 0;
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < columns; first++) {
      let sum = 0;
      for (let second = 0; second < columns; second++) {
        sum += (covariance[first * columns + second] ?? 0) * (data[row * columns + second] ?? 0);
      }
      kept += (data[row * columns + first] ?? 0) * sum;
    }
  }
  return kept / total;
}

function weightedMean({ columns, data }: Matrix, weights: Float32Array): Float64Array {
  const mean = new Float64Array(columns);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  data.forEach((value, index) => {
    const column = index % columns;
    mean[column] = (mean[column] ?? 0) + (value * (weights[(index - column) / columns] ?? 0)) / total;
  });
  return mean;
}

/** The root of the mean squared distance of a number from the mean of its column. */
function weightedDeviation(values: Matrix, mean: Float64Array, weights: Float32Array): number {
  const centred = mapRows(values, (value, column) => value - (mean[column] ?? 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0) * values.columns;
  return Math.sqrt(weightedProduct(centred, centred, weights) / total);
}

function weightedProduct({ columns, data }: Matrix, other: Matrix, weights: Float32Array): number {
  let sum = 0;
  data.forEach((value, index) => {
    const weight = weights[(index - (index % columns)) / columns] ?? 0;
    sum += weight * value * (other.data[index] ?? 0);
  });
  return sum;
}

function mapRows({ rows, columns, data }: Matrix, fn: (value: number, column: number) => number): Matrix {
  return { rows, columns, data: data.map((value, index) => fn(value, index % columns)) };
}

function difference(left: Matrix, right: Matrix): Matrix {
  return { ...left, data: left.data.map((value, index) => value - (right.data[index] ?? 0)) };
}

/** left / share - right */
function combine(left: Matrix, right: Matrix, share: number): Matrix {
  return { ...left, data: left.data.map((value, index) => value / share - (right.data[index] ?? 0)) };
}

/** x Phi(x) to 1e-2, which is enough to rank neurons by. */
function roughGelu(x: number): number {
  return x / (1 + Math.exp(-1.702 * x));
}

function matrix(values: Readonly<Record<string, Matrix | undefined>>, name: string): Matrix {
  const value = values[name];
  if (value === undefined) throw new Error(`there is no matrix '${name}'`);
  return value;
}

function required(weights: NamedHostTensors, name: string): HostTensor {
  const weight = weights[name];
  if (weight === undefined) throw new Error(`the model has no weight ${name}`);
  return weight;
}
