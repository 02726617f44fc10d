/**
 * Graphs of tensor operations: what the tracer records, the passes rewrite and `emitOnnx` writes.
 *
 * Graphs are immutable. Operations are ONNX's (operator set 18 and ONNX Runtime's `com.microsoft`), shapes are known.
 */
import type { OnnxAttribute, OnnxElementType, OnnxTensorData } from '../../formats/onnx/model.js';

/** Element types of values in a graph. */
export type ElementType = OnnxElementType;

/** A tensor that an operation makes, an input, or a constant. Compared by identity. */
export interface Value {
  readonly id: number;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** Attributes of an operation. */
export type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** One operation. */
export interface GraphNode {
  readonly op: string;
  /** `''` is ONNX's own operator set. */
  readonly domain: '' | 'com.microsoft';
  /** `undefined` leaves an optional input out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** An input or output of a graph. */
export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** What remains of a named value without its graph. */
export interface Port {
  readonly name: string;
  readonly value: Pick<Value, 'dtype' | 'shape'>;
}

/** Inputs, constants and operations in topological order, and what is wanted of them. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly NamedValue[];
  readonly constants: ReadonlyMap<Value, OnnxTensorData>;
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly NamedValue[];
}

/** Inputs or outputs without their graph. */
export function portsOf(values: readonly NamedValue[]): readonly Port[] {
  return values.map(({ name, value: { dtype, shape } }) => ({ name, value: { dtype, shape } }));
}

/** A new value; ids only serve to print it. */
export function createValue(dtype: ElementType, shape: readonly number[]): Value {
  nextId += 1;
  return { id: nextId, dtype, shape: [...shape] };
}

let nextId = 0;

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** True when two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** The shape that two operands broadcast to (NumPy's rule). Throws when they do not fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    }
    return left === 1 ? right : left;
  });
}

/** Typed array for elements of a type. */
export function createData(dtype: ElementType, size: number): OnnxTensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(size);
    case 'int32':
      return new Int32Array(size);
    case 'int64':
      return new BigInt64Array(size);
    default:
      return new Uint8Array(size);
  }
}

/** Element data of a type from numbers. */
export function dataFrom(dtype: ElementType, numbers: Iterable<number>): OnnxTensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(numbers);
    case 'int32':
      return Int32Array.from(numbers);
    case 'int64':
      return BigInt64Array.from(Array.from(numbers, (number) => BigInt(number)));
    default:
      return Uint8Array.from(numbers);
  }
}
