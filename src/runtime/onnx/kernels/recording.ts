/** Short ways to record common operations; shared by the kernels. */
import { broadcastShape, type ElementType, sameShape, sizeOf, type Value } from '../graph.js';
import { type GraphBuilder, int } from '../graph-builder.js';

/** ONNX's numbers of the element types, as `Cast` takes them. */
const CAST_TARGET: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** An elementwise operation of one operand; `dtype` defaults to the operand's. */
export function unary(graph: GraphBuilder, op: string, x: Value, dtype: ElementType = x.dtype): Value {
  return graph.emit({ op, inputs: [x], dtype, shape: x.shape });
}

/** An elementwise operation of two operands that broadcast. */
export function binary(
  graph: GraphBuilder,
  op: string,
  a: Value,
  b: Value,
  dtype: ElementType = a.dtype,
): Value {
  return graph.emit({ op, inputs: [a, b], dtype, shape: broadcastShape(a.shape, b.shape) });
}

/** Elements of `yes` where the condition holds, else of `no`. */
export function where(graph: GraphBuilder, condition: Value, yes: Value, no: Value): Value {
  const shape = broadcastShape(condition.shape, broadcastShape(yes.shape, no.shape));
  if (yes.dtype === 'bool') {
    const selected = where(graph, condition, cast(graph, yes, 'int32'), cast(graph, no, 'int32'));
    return cast(graph, selected, 'bool');
  }
  return graph.emit({ op: 'Where', inputs: [condition, yes, no], dtype: yes.dtype, shape });
}

/** The same numbers in another type. */
export function cast(graph: GraphBuilder, x: Value, dtype: ElementType): Value {
  if (x.dtype === dtype) return x;
  return graph.emit({
    op: 'Cast',
    inputs: [x],
    dtype,
    shape: x.shape,
    attributes: { to: int(CAST_TARGET[dtype]) },
  });
}

/** The same elements in another shape. */
export function reshape(graph: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  if (sizeOf(x.shape) !== sizeOf(shape)) throw new Error(`reshape of [${x.shape}] to [${shape}]`);
  // A 0 in ONNX's target shape would copy the input's dimension; allowzero takes it literally.
  const attributes = shape.includes(0) ? { attributes: { allowzero: int(1) } } : {};
  return graph.emit({ op: 'Reshape', inputs: [x, graph.int64(shape)], dtype: x.dtype, shape, ...attributes });
}

/** Repeats dimensions of size 1. */
export function expand(graph: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  return graph.emit({ op: 'Expand', inputs: [x, graph.int64(shape)], dtype: x.dtype, shape });
}

/** A tensor whose elements are all equal: a scalar that is expanded, so that passes see through it. */
export function uniform(
  graph: GraphBuilder,
  dtype: ElementType,
  shape: readonly number[],
  number: number,
): Value {
  return expand(graph, graph.scalar(dtype, number), shape);
}

/** The part `starts[i] <= index < ends[i]` of every axis. */
export function slice(
  graph: GraphBuilder,
  x: Value,
  starts: readonly number[],
  ends: readonly number[],
): Value {
  const shape = starts.map((start, axis) => (ends[axis] ?? start) - start);
  if (sameShape(shape, x.shape)) return x;
  const changed = x.shape.flatMap((dimension, axis) => (shape[axis] === dimension ? [] : [axis]));
  const pick = (numbers: readonly number[]) => graph.int64(changed.map((axis) => numbers[axis] ?? 0));
  const inputs = [x, pick(starts), pick(ends), graph.int64(changed)];
  return graph.emit({ op: 'Slice', inputs, dtype: x.dtype, shape });
}
