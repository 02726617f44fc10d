/** A symmetric matrix of which only the entries that are not 0 are kept, row after row. */
export interface SparseSymmetric {
  readonly size: number;
  /** Row r is at `rows[r] .. rows[r + 1]`: [size + 1]. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** Directions beyond those that are wanted, for the accuracy of the last ones. */
const oversampling = 16;

/** Products with the matrix before the eigenvalues are taken. */
const iterations = 4;

const jacobiSweeps = 12;

/**
 * The eigenvectors of the largest eigenvalues (by magnitude), each times the square root of its eigenvalue:
 * [size, count], row-major.
 *
 * Randomized subspace iteration (Halko, Martinsson and Tropp, 2011, algorithm 4.4), with eigenvalues of the small matrix by
 * Jacobi rotations.
 */
export function leadingEigenvectors(matrix: SparseSymmetric, count: number, seed: number): Float32Array {
  const width = Math.min(matrix.size, count + oversampling);
  let basis: Float64Array = randomMatrix(matrix.size * width, seed);
  for (let iteration = 0; iteration < iterations; iteration++) {
    basis = orthonormal(orthonormal(multiply(matrix, basis, width), width), width);
  }
  const { values, vectors } = jacobi(transposedProduct(basis, multiply(matrix, basis, width), width), width);
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b] ?? 0) - Math.abs(values[a] ?? 0));
  const result = new Float32Array(matrix.size * count);
  for (let row = 0; row < matrix.size; row++) {
    for (let column = 0; column < Math.min(count, width); column++) {
      const chosen = order[column] ?? 0;
      let sum = 0;
      for (let inner = 0; inner < width; inner++) {
        sum += (basis[row * width + inner] ?? 0) * (vectors[inner * width + chosen] ?? 0);
      }
      result[row * count + column] = sum * Math.sqrt(Math.abs(values[chosen] ?? 0));
    }
  }
  return result;
}

function multiply(
  { size, rows, columns, values }: SparseSymmetric,
  dense: Float64Array,
  width: number,
): Float64Array {
  const product = new Float64Array(size * width);
  for (let row = 0; row < size; row++) {
    const target = row * width;
    for (let entry = rows[row] ?? 0; entry < (rows[row + 1] ?? 0); entry++) {
      const value = values[entry] ?? 0;
      const source = (columns[entry] ?? 0) * width;
      for (let column = 0; column < width; column++) {
        product[target + column] = (product[target + column] ?? 0) + value * (dense[source + column] ?? 0);
      }
    }
  }
  return product;
}

/** left^T right: [width, width]. */
function transposedProduct(left: Float64Array, right: Float64Array, width: number): Float64Array {
  const product = new Float64Array(width * width);
  for (let start = 0; start < left.length; start += width) {
    for (let row = 0; row < width; row++) {
      const value = left[start + row] ?? 0;
      for (let column = 0; column < width; column++) {
        product[row * width + column] =
          (product[row * width + column] ?? 0) + value * (right[start + column] ?? 0);
      }
    }
  }
  return product;
}

/** The columns made orthonormal: Q = A L^-T with the Cholesky factor L of A^T A. */
function orthonormal(matrix: Float64Array, width: number): Float64Array {
  const factor = cholesky(transposedProduct(matrix, matrix, width), width);
  const result = new Float64Array(matrix.length);
  for (let start = 0; start < matrix.length; start += width) {
    for (let column = 0; column < width; column++) {
      let sum = matrix[start + column] ?? 0;
      for (let inner = 0; inner < column; inner++) {
        sum -= (result[start + inner] ?? 0) * (factor[column * width + inner] ?? 0);
      }
      result[start + column] = sum / (factor[column * width + column] ?? 1);
    }
  }
  return result;
}

function cholesky(matrix: Float64Array, width: number): Float64Array {
  const factor = new Float64Array(width * width);
  for (let row = 0; row < width; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * width + column] ?? 0;
      for (let inner = 0; inner < column; inner++) {
        sum -= (factor[row * width + inner] ?? 0) * (factor[column * width + inner] ?? 0);
      }
      factor[row * width + column] =
        row === column
          ? Math.sqrt(Math.max(sum, Number.MIN_VALUE))
          : sum / (factor[column * width + column] ?? 1);
    }
  }
  return factor;
}

/** Eigenvalues and eigenvectors (in columns) of a symmetric matrix, by cyclic Jacobi rotations. */
function jacobi(
  matrix: Float64Array,
  width: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const work = matrix.slice();
  const vectors = new Float64Array(width * width);
  for (let index = 0; index < width; index++) vectors[index * width + index] = 1;
  for (let sweep = 0; sweep < jacobiSweeps; sweep++) {
    for (let p = 0; p < width; p++) {
      for (let q = p + 1; q < width; q++) rotate(work, vectors, width, p, q);
    }
  }
  return {
    values: Float64Array.from({ length: width }, (_, index) => work[index * width + index] ?? 0),
    vectors,
  };
}

function rotate(work: Float64Array, vectors: Float64Array, width: number, p: number, q: number): void {
  const off = ((work[p * width + q] ?? 0) + (work[q * width + p] ?? 0)) / 2;
  if (off === 0) return;
  const theta = ((work[q * width + q] ?? 0) - (work[p * width + p] ?? 0)) / (2 * off);
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let index = 0; index < width; index++) mix(work, index * width + p, index * width + q, cosine, sine);
  for (let index = 0; index < width; index++) mix(work, p * width + index, q * width + index, cosine, sine);
  for (let index = 0; index < width; index++)
    mix(vectors, index * width + p, index * width + q, cosine, sine);
}

function mix(values: Float64Array, first: number, second: number, cosine: number, sine: number): void {
  const [a, b] = [values[first] ?? 0, values[second] ?? 0];
  values[first] = cosine * a - sine * b;
  values[second] = sine * a + cosine * b;
}

/** Numbers spread evenly over -1 .. 1, the same for the same seed (xorshift32). */
function randomMatrix(length: number, seed: number): Float64Array {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return Float64Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 31 - 1;
  });
}
