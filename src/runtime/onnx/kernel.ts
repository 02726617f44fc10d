/** What a kernel of the tracing backend is: the name of a TensorFlow.js kernel and how to record it as ONNX operations. */
import type { TensorInfo } from '@tensorflow/tfjs';
import type { ElementType, Value } from './graph.js';
import type { GraphBuilder } from './graph-builder.js';

/** Records one TensorFlow.js kernel. */
export interface TraceKernel {
  /** TensorFlow.js's name of the kernel. */
  readonly name: string;
  /** Appends operations to `call.graph`; gives the values of the kernel's outputs. */
  readonly record: (call: KernelCall) => Value | readonly Value[];
}

/** A kernel's inputs and attributes, checked as they are read. */
export class KernelCall {
  constructor(
    readonly kernel: string,
    readonly graph: GraphBuilder,
    private readonly inputs: Readonly<Record<string, Value | undefined>>,
    private readonly attributes: Readonly<Record<string, unknown>>,
  ) {}

  /** An input that must be there. */
  input(name: string): Value {
    const value = this.inputs[name];
    if (value === undefined) throw new Error(`kernel ${this.kernel} was called without the input '${name}'`);
    return value;
  }

  /** An input that may be absent. */
  optionalInput(name: string): Value | undefined {
    return this.inputs[name];
  }

  /** The inputs of a kernel that takes a list. */
  list(): readonly Value[] {
    return Object.values(this.inputs).filter((value) => value !== undefined);
  }

  /** A number. */
  number(name: string): number {
    const value = this.attributes[name];
    if (typeof value !== 'number') throw this.bad(name, 'a number');
    return value;
  }

  /** A number, or a default where the attribute is absent. */
  numberOr(name: string, fallback: number): number {
    return this.attributes[name] == null ? fallback : this.number(name);
  }

  /** A boolean; absent is false. */
  flag(name: string): boolean {
    const value = this.attributes[name] ?? false;
    if (typeof value !== 'boolean') throw this.bad(name, 'a boolean');
    return value;
  }

  /** A list of numbers; a single number is a list of one. */
  numbers(name: string): readonly number[] {
    const value = this.attributes[name];
    if (typeof value === 'number') return [value];
    if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value;
    throw this.bad(name, 'a list of numbers');
  }

  /** A list of pairs of numbers: paddings. */
  pairs(name: string): readonly (readonly [number, number])[] {
    const value = this.attributes[name];
    if (!Array.isArray(value)) throw this.bad(name, 'a list of pairs');
    return value.map((pair) => {
      if (!Array.isArray(pair) || typeof pair[0] !== 'number' || typeof pair[1] !== 'number') {
        throw this.bad(name, 'a list of pairs of numbers');
      }
      return [pair[0], pair[1]];
    });
  }

  /** A string. */
  text(name: string): string {
    const value = this.attributes[name];
    if (typeof value !== 'string') throw this.bad(name, 'a string');
    return value;
  }

  /** True when the attribute is given. */
  has(name: string): boolean {
    return this.attributes[name] != null;
  }

  /** Axes of an input: negative ones counted from the end, in ascending order; an absent attribute means all. */
  axes(name: string, rank: number): readonly number[] {
    const axes = this.has(name) ? this.numbers(name) : Array.from({ length: rank }, (_, axis) => axis);
    return [...new Set(axes.map((axis) => resolveAxis(axis, rank)))].sort((a, b) => a - b);
  }

  private bad(name: string, expected: string): Error {
    return new Error(`kernel ${this.kernel}: attribute '${name}' must be ${expected}`);
  }
}

/** An axis counted from the start. */
export function resolveAxis(axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (resolved < 0 || resolved >= Math.max(rank, 1))
    throw new Error(`axis ${axis} of a tensor of rank ${rank}`);
  return resolved;
}

/** The graph's element type of a TensorFlow.js type. Throws for `string` and `complex64`. */
export function elementType(dtype: string): ElementType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`the onnx runtime has no tensors of type '${dtype}'`);
}

/** TensorFlow.js's name of an element type. Throws for types that TensorFlow.js does not have. */
export function tensorType(dtype: ElementType): TensorInfo['dtype'] {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`TensorFlow.js has no tensors of type '${dtype}'`);
}
