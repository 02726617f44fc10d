/** Runs functions on two runtimes and compares values and gradients. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type {
  HostTensor,
  NamedHostTensors,
  Runtime,
  RuntimeName,
  TensorFunction,
} from '../../src/runtime/runtime.js';
import { createRandom } from './toy-encoder.js';

/** A function of tensors and what it is tried on. */
export interface Case {
  readonly inputs: readonly HostTensor[];
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | readonly tf.Tensor[];
  /** Which inputs the gradient is taken with respect to; all float32 inputs unless told. */
  readonly differentiate?: readonly number[];
  /** Largest |difference| / max(1, |reference|); 1e-5 unless told. */
  readonly tolerance?: number;
}

/** Compares values and gradients of a function on a runtime with those on `cpu`. */
export async function expectAgreement(runtimeName: RuntimeName, name: string, example: Case): Promise<void> {
  const feeds: NamedHostTensors = Object.fromEntries(
    example.inputs.map((input, index) => [`x${index}`, input]),
  );
  const differentiate =
    example.differentiate ??
    example.inputs.flatMap((input, index) => (input.dtype === 'float32' ? [index] : []));
  const fn: TensorFunction = (named) => {
    const tensors = example.inputs.map((_, index) => pick(named, `x${index}`));
    const values = listOf(example.fn(...tensors));
    const outputs: Record<string, tf.Tensor> = {};
    values.forEach((value, index) => {
      outputs[`y${index}`] = value;
    });
    if (differentiate.length === 0) return { outputs };
    const objective = (...parts: tf.Tensor[]): tf.Scalar => {
      const all = tensors.map((tensor, index) => parts[differentiate.indexOf(index)] ?? tensor);
      return listOf(example.fn(...all)).reduce<tf.Scalar>((sum, value, index) => {
        const weights = tf.tensor(weightsFor(value.size, index), value.shape);
        return tf.add(sum, tf.sum(tf.mul(tf.cast(value, 'float32'), weights)));
      }, tf.scalar(0));
    };
    const gradients = tf.grads(objective)(differentiate.map((index) => pick(named, `x${index}`)));
    gradients.forEach((gradient, index) => {
      outputs[`gradient${differentiate[index]}`] = gradient;
    });
    return { outputs };
  };
  const reference = await evaluate('cpu', name, fn, feeds);
  const actual = await evaluate(runtimeName, name, fn, feeds);
  expect(Object.keys(actual)).toEqual(Object.keys(reference));
  for (const [output, expected] of Object.entries(reference)) {
    const found = actual[output];
    expect(found?.shape, `${name} ${output}`).toEqual(expected.shape);
    expect(found?.dtype, `${name} ${output}`).toBe(expected.dtype);
    expect(difference(found, expected), `${name} ${output}`).toBeLessThanOrEqual(example.tolerance ?? 1e-5);
  }
}

/** Random float32 numbers in [low, high). */
export function floats(shape: readonly number[], low = -2, high = 2, seed = 1): HostTensor {
  const random = createRandom(seed * 7919 + shape.length);
  const data = Float32Array.from({ length: sizeOf(shape) }, () => low + random() * (high - low));
  return { dtype: 'float32', shape, data };
}

/** Random int32 numbers in [low, high). */
export function integers(shape: readonly number[], low: number, high: number, seed = 1): HostTensor {
  const random = createRandom(seed * 104729 + shape.length);
  const data = Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(low + random() * (high - low)));
  return { dtype: 'int32', shape, data };
}

const runtimes = new Map<RuntimeName, Promise<Runtime>>();

async function evaluate(runtimeName: RuntimeName, name: string, fn: TensorFunction, feeds: NamedHostTensors) {
  const opened = runtimes.get(runtimeName) ?? openRuntime(runtimeName, { threads: 2 });
  runtimes.set(runtimeName, opened);
  const runtime = await opened;
  const variables = runtime.createVariables({});
  const compiled = await runtime.compile(fn, { name, inputs: feeds, variables });
  const result = await compiled.run(feeds);
  compiled.dispose();
  return result;
}

/** NaNs and infinities must be the same; elsewhere relative to numbers larger than 1, absolute below. */
function difference(found: HostTensor | undefined, expected: HostTensor): number {
  let largest = 0;
  expected.data.forEach((reference, index) => {
    const value = found?.data[index] ?? Number.NaN;
    if (Object.is(value, reference) || value === reference) return;
    const apart = Math.abs(value - reference) / Math.max(1, Math.abs(reference));
    largest = Math.max(largest, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
  });
  return largest;
}

function weightsFor(size: number, seed: number): Float32Array {
  const random = createRandom(99 + seed);
  return Float32Array.from({ length: size }, () => random() * 2 - 1);
}

function pick(tensors: Readonly<Record<string, tf.Tensor>>, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  return tensor;
}

function listOf(value: tf.Tensor | readonly tf.Tensor[]): readonly tf.Tensor[] {
  return value instanceof tf.Tensor ? [value] : value;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
