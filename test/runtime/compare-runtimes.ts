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
  const differentiate = differentiated(example);
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
      return weightedSum(example, all);
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

/** The largest part of a difference quotient that rounding and curvature may make up. */
const QUOTIENT_TOLERANCE = 4e-3;

/** Half the distance between the two points of a difference quotient. */
const STEP = 2 ** -10;

/**
 * Compares gradients on a runtime with difference quotients along a random direction, one input after the other. Sums are
 * taken in double precision, so that rounding is that of the elements alone.
 */
export async function expectFiniteDifferences(
  runtimeName: RuntimeName,
  name: string,
  example: Case,
): Promise<void> {
  const feeds = Object.fromEntries(example.inputs.map((input, index) => [`x${index}`, input]));
  const values: TensorFunction = (named) => ({
    outputs: Object.fromEntries(
      listOf(example.fn(...example.inputs.map((_, index) => pick(named, `x${index}`)))).map(
        (value, index) => [`y${index}`, tf.cast(value, 'float32')],
      ),
    ),
  });
  for (const index of differentiated(example)) {
    const input = example.inputs[index];
    if (input?.dtype !== 'float32') continue;
    const direction = weightsFor(input.data.length, 7);
    const at = async (step: number): Promise<number> => {
      const data = input.data.map((element, place) => element + step * (direction[place] ?? 0));
      const moved = { ...feeds, [`x${index}`]: { ...input, data } };
      const results = Object.values(await evaluate(runtimeName, `${name}-value`, values, moved));
      return results.reduce((sum, { data: found }, output) => {
        const weights = weightsFor(found.length, output);
        return sum + dot(found, weights);
      }, 0);
    };
    const gradients = await evaluate(runtimeName, `${name}-gradient`, gradientOf(example, index), feeds);
    const slope = dot(gradients.gradient?.data ?? [], direction);
    const quotient = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
    const apart = Math.abs(slope - quotient) / Math.max(1, Math.abs(quotient));
    expect(apart, `${name}, input ${index}: ${slope} and ${quotient}`).toBeLessThanOrEqual(
      QUOTIENT_TOLERANCE,
    );
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

function gradientOf(example: Case, index: number): TensorFunction {
  return (named) => {
    const tensors = example.inputs.map((_, place) => pick(named, `x${place}`));
    const gradient = tf.grad((moved: tf.Tensor) => weightedSum(example, tensors.with(index, moved)));
    return { outputs: { gradient: gradient(pick(named, `x${index}`)) } };
  };
}

/** The inputs that a case differentiates by. */
function differentiated({ inputs, differentiate }: Case): readonly number[] {
  return differentiate ?? inputs.flatMap((input, index) => (input.dtype === 'float32' ? [index] : []));
}

/** What gradients are taken of: all outputs, added up with fixed weights. */
function weightedSum(example: Case, tensors: readonly tf.Tensor[]): tf.Scalar {
  return listOf(example.fn(...tensors)).reduce<tf.Scalar>((sum, value, index) => {
    const weights = tf.tensor(weightsFor(value.size, index), value.shape);
    return tf.add(sum, tf.sum(tf.mul(tf.cast(value, 'float32'), weights)));
  }, tf.scalar(0));
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
