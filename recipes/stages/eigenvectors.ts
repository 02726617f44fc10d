const jacobiSweeps = 12;

/** The square of an entry beside the diagonal, relative to both entries on it, that is left as it is. */
const negligible = 1e-20;

/**
 * The directions of largest variance: orthonormal vectors, one a row, [count, size].
 *
 * @param covariance symmetric, [size, size].
 */
export function principalDirections(covariance: Float64Array, size: number, count: number): Float32Array {
  const { values, vectors } = jacobi(covariance.slice(), size);
  const order = Array.from(values.keys()).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  const rows = new Float32Array(count * size);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < size; column++) {
      rows[row * size + column] = vectors[column * size + (order[row] ?? 0)] ?? 0;
    }
  }
  return rows;
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
    let rotated = false;
    for (let p = 0; p < width; p++) {
      for (let q = p + 1; q < width; q++) rotated = rotate(work, vectors, width, p, q) || rotated;
    }
    if (!rotated) break;
  }
  return {
    values: Float64Array.from({ length: width }, (_, index) => work[index * width + index] ?? 0),
    vectors,
  };
}

/** Makes the entry (p, q) 0; false where it is as good as 0. */
function rotate(work: Float64Array, vectors: Float64Array, width: number, p: number, q: number): boolean {
  const off = ((work[p * width + q] ?? 0) + (work[q * width + p] ?? 0)) / 2;
  const diagonal = (work[p * width + p] ?? 0) * (work[q * width + q] ?? 0);
  if (off === 0 || off * off <= negligible * Math.abs(diagonal)) return false;
  const theta = ((work[q * width + q] ?? 0) - (work[p * width + p] ?? 0)) / (2 * off);
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let index = 0; index < width; index++) mix(work, index * width + p, index * width + q, cosine, sine);
  for (let index = 0; index < width; index++) mix(work, p * width + index, q * width + index, cosine, sine);
  for (let index = 0; index < width; index++)
    mix(vectors, index * width + p, index * width + q, cosine, sine);
  return true;
}

function mix(values: Float64Array, first: number, second: number, cosine: number, sine: number): void {
  const [a, b] = [values[first] ?? 0, values[second] ?? 0];
  values[first] = cosine * a - sine * b;
  values[second] = sine * a + cosine * b;
}
