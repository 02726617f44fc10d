/** Fresh weights. */
import type { Random } from '../data/random.js';
import type { HostTensor } from '../runtime/runtime.js';
import type { Parameter } from './architecture.js';

/** Draws beyond so many standard deviations are drawn again, as in the authors' code of BERT. */
const truncation = 2;

/**
 * A fresh weight: zeros, ones, or a normal distribution with this standard deviation, cut off at two of them (Devlin et
 * al., 2019; `initializer_range`).
 *
 * Every parameter has a stream of its own, by its name: adding a head does not change the rest.
 */
export function initializeParameter(
  parameter: Parameter,
  standardDeviation: number,
  random: Random,
): HostTensor {
  const { name, shape, initial, zeroRow } = parameter;
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (initial === 'ones') data.fill(1);
  if (initial === 'normal') {
    const stream = random.fork(name);
    for (let index = 0; index < data.length; index++)
      data[index] = standardDeviation * truncatedNormal(stream);
    const columns = shape[1] ?? 1;
    if (zeroRow !== undefined) data.fill(0, zeroRow * columns, (zeroRow + 1) * columns);
  }
  return { dtype: 'float32', shape, data };
}

function truncatedNormal(random: Random): number {
  let value = random.normal();
  while (Math.abs(value) > truncation) value = random.normal();
  return value;
}
