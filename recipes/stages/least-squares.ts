/** Linear maps fitted to examples: ridge regression with weighted rows, on matrices that may be large. */
import * as tf from '@tensorflow/tfjs';
import type { HostTensor, NamedHostTensors, NamedTensors, Runtime } from 'roux';

/** A linear map as Hugging Face stores it: y = weight x + bias. */
export interface LinearMap {
  /** [out, in] */
  readonly weight: Matrix;
  /** [out] */
  readonly bias: Float32Array;
}

/** A matrix in host memory, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** How much of the mean squared input is added to the diagonal: keeps directions that hardly occur from growing. */
const ridge = 1e-3;

/** A matrix as an input of a function. */
export function hostMatrix({ rows, columns, data }: Matrix): HostTensor {
  return { dtype: 'float32', shape: [rows, columns], data };
}

/** A vector as an input of a function. */
export function hostVector(data: Float32Array): HostTensor {
  return { dtype: 'float32', shape: [data.length], data };
}

/** Runs a function over tensors once. */
export async function compute(
  runtime: Runtime,
  name: string,
  inputs: NamedHostTensors,
  fn: (inputs: NamedTensors) => NamedTensors,
): Promise<Readonly<Record<string, Matrix>>> {
  const variables = runtime.createVariables({});
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([key, { shape, dtype }]) => [key, { shape, dtype }]),
  );
  const compiled = await runtime.compile((tensors) => ({ outputs: fn(tensors) }), {
    name,
    inputs: specs,
    variables,
  });
  try {
    const outputs = await compiled.run(inputs);
    return Object.fromEntries(Object.entries(outputs).map(([key, tensor]) => [key, matrixOf(tensor)]));
  } finally {
    compiled.dispose();
    variables.dispose();
  }
}

/** The map from rows of `inputs` to rows of `targets` with the least weighted squares. */
export async function fitLinear(
  runtime: Runtime,
  inputs: Matrix,
  targets: Matrix,
  weights: Float32Array,
): Promise<LinearMap> {
  const { gram, products } = await compute(
    runtime,
    'normal-equations',
    { x: hostMatrix(inputs), y: hostMatrix(targets), w: hostVector(weights) },
    ({ x, y, w }) => {
      const extended = tf.concat([x as tf.Tensor2D, tf.ones([inputs.rows, 1])], 1);
      const weighted = tf.mul(extended, (w as tf.Tensor1D).expandDims(1)) as tf.Tensor2D;
      return {
        gram: tf.matMul(weighted, extended, true, false),
        products: tf.matMul(weighted, y as tf.Tensor2D, true, false),
      };
    },
  );
  if (gram === undefined || products === undefined) throw new Error('the normal equations are missing');
  return linearMap(solveRidge(gram, products), products.columns);
}

/** (gram + ridge)^-1 products by Cholesky's factorization, in double precision: [inputs, outputs]. */
function solveRidge(gram: Matrix, products: Matrix): Float64Array {
  const { rows: size } = gram;
  const { columns } = products;
  const factor = Float64Array.from(gram.data);
  let trace = 0;
  for (let index = 0; index < size; index++) trace += factor[index * size + index] ?? 0;
  const added = (ridge * trace) / size;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = (factor[row * size + column] ?? 0) + (row === column ? added : 0);
      for (let inner = 0; inner < column; inner++) {
        sum -= (factor[row * size + inner] ?? 0) * (factor[column * size + inner] ?? 0);
      }
      factor[row * size + column] =
        row === column ? Math.sqrt(sum) : sum / (factor[column * size + column] ?? 1);
    }
  }
  const solution = Float64Array.from(products.data);
  for (let row = 0; row < size; row++) {
    for (let inner = 0; inner < row; inner++) {
      subtractRow(solution, row, inner, columns, factor[row * size + inner] ?? 0);
    }
    divideRow(solution, row, columns, factor[row * size + row] ?? 1);
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let inner = row + 1; inner < size; inner++) {
      subtractRow(solution, row, inner, columns, factor[inner * size + row] ?? 0);
    }
    divideRow(solution, row, columns, factor[row * size + row] ?? 1);
  }
  return solution;
}

function subtractRow(
  values: Float64Array,
  target: number,
  source: number,
  columns: number,
  by: number,
): void {
  const [to, from] = [target * columns, source * columns];
  for (let column = 0; column < columns; column++) {
    values[to + column] = (values[to + column] ?? 0) - by * (values[from + column] ?? 0);
  }
}

function divideRow(values: Float64Array, row: number, columns: number, by: number): void {
  for (let column = 0; column < columns; column++) {
    values[row * columns + column] = (values[row * columns + column] ?? 0) / by;
  }
}

/** The last row of a solution belongs to the constant input. */
function linearMap(solution: Float64Array, columns: number): LinearMap {
  const inputs = solution.length / columns - 1;
  const data = new Float32Array(columns * inputs);
  for (let row = 0; row < inputs; row++) {
    for (let column = 0; column < columns; column++) {
      data[column * inputs + row] = solution[row * columns + column] ?? 0;
    }
  }
  const bias = Float32Array.from(solution.subarray(inputs * columns));
  return { weight: { rows: columns, columns: inputs, data }, bias };
}

function matrixOf(tensor: HostTensor): Matrix {
  const [rows = 1, columns = 1] = tensor.shape;
  return { rows, columns, data: Float32Array.from(tensor.data) };
}
