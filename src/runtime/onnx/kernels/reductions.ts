/** Reductions over axes, arg max, sorting and running sums. */
import type { Value } from '../graph.js';
import { type GraphBuilder, int } from '../graph-builder.js';
import { type KernelCall, resolveAxis, type TraceKernel } from '../kernel.js';
import { binary, cast, reshape, slice, uniform } from './recording.js';

/** All kernels of this family. */
export const REDUCTION_KERNELS: readonly TraceKernel[] = [
  reduction('Sum', 'ReduceSum', (graph, x) => (x.dtype === 'bool' ? cast(graph, x, 'int32') : x)),
  reduction('Mean', 'ReduceMean', (graph, x) => cast(graph, x, 'float32')),
  reduction('Max', 'ReduceMax', (_, x) => x, 'reductionIndices'),
  reduction('Min', 'ReduceMin', (_, x) => x),
  reduction('Prod', 'ReduceProd', (graph, x) => (x.dtype === 'bool' ? cast(graph, x, 'int32') : x)),
  logical('All', 'ReduceMin'),
  logical('Any', 'ReduceMax'),
  argument('ArgMax'),
  argument('ArgMin'),
  {
    name: 'TopK',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const k = call.number('k');
      const shape = [...x.shape.slice(0, -1), k];
      const [values, indices] = graph.emitMany(
        { op: 'TopK', inputs: [x, graph.int64([k])], attributes: { sorted: int(1) } },
        [
          { dtype: x.dtype, shape },
          { dtype: 'int64', shape },
        ],
      );
      if (values === undefined || indices === undefined) throw new Error('TopK has two outputs');
      return [values, cast(graph, indices, 'int32')];
    },
  },
  {
    name: 'Cumsum',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const axis = resolveAxis(call.numberOr('axis', 0), x.shape.length);
      const attributes = {
        exclusive: int(Number(call.flag('exclusive'))),
        reverse: int(Number(call.flag('reverse'))),
      };
      return graph.emit({
        op: 'CumSum',
        inputs: [x, graph.scalar('int64', axis)],
        dtype: x.dtype,
        shape: x.shape,
        attributes,
      });
    },
  },
  { name: 'Cumprod', record: runningProduct },
];

/**
 * Running products in log2(length) steps: each multiplies by the elements 1, 2, 4, ... places before (Hillis and
 * Steele, Data parallel algorithms, 1986). ONNX has no such operation.
 */
function runningProduct(call: KernelCall): Value {
  const { graph } = call;
  const x = call.input('x');
  const axis = resolveAxis(call.numberOr('axis', 0), x.shape.length);
  const length = x.shape[axis] ?? 1;
  const isReverse = call.flag('reverse');
  const shifted = (value: Value, places: number): Value => {
    if (places >= length) return uniform(graph, value.dtype, value.shape, 1);
    const starts = value.shape.map((_, index) => (index === axis && isReverse ? places : 0));
    const ends = value.shape.map((dimension, index) =>
      index === axis && !isReverse ? dimension - places : dimension,
    );
    const kept = slice(graph, value, starts, ends);
    const padding = value.shape.map((_, index) => (index === axis ? places : 0));
    const nothing = padding.map(() => 0);
    const pads = graph.int64(isReverse ? [...nothing, ...padding] : [...padding, ...nothing]);
    const inputs = [kept, pads, graph.scalar(value.dtype, 1)];
    return graph.emit({ op: 'Pad', inputs, dtype: value.dtype, shape: value.shape });
  };
  let product = call.flag('exclusive') ? shifted(x, 1) : x;
  for (let places = 1; places < length; places *= 2)
    product = binary(graph, 'Mul', product, shifted(product, places));
  return product;
}

/** Records a reduction over `axes` (ascending, from the start); `keepDims` leaves them as dimensions of size 1. */
export function reduce(
  graph: GraphBuilder,
  op: string,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  if (axes.length === 0) return x;
  const kept = x.shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension));
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const attributes = { keepdims: int(Number(keepDims)) };
  return graph.emit({ op, inputs: [x, graph.int64(axes)], dtype: x.dtype, shape, attributes });
}

function reduction(
  name: string,
  op: string,
  prepare: (graph: GraphBuilder, x: Value) => Value,
  axesAttribute = 'axis',
): TraceKernel {
  return {
    name,
    record: (call) => {
      const x = prepare(call.graph, call.input('x'));
      return reduce(call.graph, op, x, call.axes(axesAttribute, x.shape.length), call.flag('keepDims'));
    },
  };
}

function logical(name: string, op: string): TraceKernel {
  const integers = reduction(name, op, (graph, x) => cast(graph, x, 'int32'));
  return {
    name,
    record: (call) => {
      const result = integers.record(call);
      if (!('id' in result)) throw new Error(`${name} has one output`);
      return cast(call.graph, result, 'bool');
    },
  };
}

function argument(op: 'ArgMax' | 'ArgMin'): TraceKernel {
  return {
    name: op,
    record: (call: KernelCall) => {
      const { graph } = call;
      const x = call.input('x').dtype === 'bool' ? cast(graph, call.input('x'), 'int32') : call.input('x');
      const [axis = 0] = call.axes('axis', x.shape.length);
      if (x.shape.length === 0) return reshape(graph, graph.scalar('int32', 0), []);
      const shape = x.shape.filter((_, index) => index !== axis);
      const attributes = { axis: int(axis), keepdims: int(0) };
      return cast(graph, graph.emit({ op, inputs: [x], dtype: 'int64', shape, attributes }), 'int32');
    },
  };
}
