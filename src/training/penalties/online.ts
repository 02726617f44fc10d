/**
 * Fisher information of several tasks as one (online EWC) and its normalisation.
 */
import type { HostTensor, NamedHostTensors } from '../../runtime/runtime.js';

/**
 * Adds older Fisher information to that of the newest task: F* = factor F*_old + F (gamma of Schwarz et al., "Progress &
 * Compress", 2018, section 3.2). The anchor of the result is the newest task's weights.
 *
 * A parameter that only one of the two has keeps that one, times the factor if it is the old.
 *
 * @param factor at least 0; below 1 older tasks fade.
 */
export function addFisher(old: NamedHostTensors, fresh: NamedHostTensors, factor: number): NamedHostTensors {
  const sum: Record<string, HostTensor> = { ...fresh };
  for (const [name, before] of Object.entries(old)) {
    const now = fresh[name];
    const data = Float32Array.from(before.data);
    for (let index = 0; index < data.length; index++)
      data[index] = factor * (before.data[index] ?? 0) + (now?.data[index] ?? 0);
    sum[name] = { dtype: 'float32', shape: before.shape, data };
  }
  return sum;
}

/** The mean over all parameters. */
export function meanFisher(fisher: NamedHostTensors): number {
  let sum = 0;
  let count = 0;
  for (const { data } of Object.values(fisher)) {
    for (let index = 0; index < data.length; index++) sum += data[index] ?? 0;
    count += data.length;
  }
  return count === 0 ? 0 : sum / count;
}

/** Fisher information times a number. */
export function scaleFisher(fisher: NamedHostTensors, factor: number): NamedHostTensors {
  return Object.fromEntries(
    Object.entries(fisher).map(([name, { shape, data }]): [string, HostTensor] => [
      name,
      { dtype: 'float32', shape, data: Float32Array.from(data).map((value) => value * factor) },
    ]),
  );
}
