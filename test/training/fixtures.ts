import { readFileSync } from 'node:fs';
import type { HostTensor } from '../../src/runtime/runtime.js';

/** A fixture of test/fixtures/training. */
export function readFixture(name: string) {
  return JSON.parse(readFileSync(new URL(`../fixtures/training/${name}.json`, import.meta.url), 'utf8'));
}

export function float32(shape: readonly number[], values: ArrayLike<number>): HostTensor {
  return { dtype: 'float32', shape, data: Float32Array.from(values) };
}

/** The largest difference between two lists of numbers, relative to the largest expected one. */
export function relativeDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs((found[index] ?? NaN) - (expected[index] ?? NaN)));
    largest = Math.max(largest, Math.abs(expected[index] ?? NaN));
  }
  return difference / Math.max(largest, Number.MIN_VALUE);
}
