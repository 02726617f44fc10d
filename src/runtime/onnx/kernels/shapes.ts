/** Operations that move elements: reshape, transpose, concat, split, slice, pad, tile, reverse. */
import * as tf from '../../tfjs.js';
import { sameShape, sizeOf, type Value } from '../graph.js';
import { type GraphBuilder, int, ints } from '../graph-builder.js';
import { type KernelCall, resolveAxis, type TraceKernel } from '../kernel.js';
import { expand, reshape, slice } from './recording.js';

/** All kernels of this family. */
export const SHAPE_KERNELS: readonly TraceKernel[] = [
  {
    name: 'Reshape',
    record: (call) => {
      const x = call.input('x');
      return reshape(
        call.graph,
        x,
        tf.util.inferFromImplicitShape([...call.numbers('shape')], sizeOf(x.shape)),
      );
    },
  },
  {
    name: 'ExpandDims',
    record: (call) => {
      const x = call.input('input');
      const axis = resolveAxis(call.number('dim'), x.shape.length + 1);
      return reshape(call.graph, x, x.shape.toSpliced(axis, 0, 1));
    },
  },
  { name: 'Transpose', record: (call) => transpose(call.graph, call.input('x'), call.numbers('perm')) },
  {
    name: 'Concat',
    record: (call) => {
      const values = call.list();
      const rank = values[0]?.shape.length ?? 1;
      const kept = values.filter((value) => sizeOf(value.shape) > 0);
      return concat(
        call.graph,
        kept.length > 0 ? kept : values.slice(0, 1),
        resolveAxis(call.number('axis'), rank),
      );
    },
  },
  {
    name: 'Pack',
    record: (call) => {
      const values = call.list();
      const axis = resolveAxis(call.number('axis'), (values[0]?.shape.length ?? 0) + 1);
      return concat(
        call.graph,
        values.map((value) => reshape(call.graph, value, value.shape.toSpliced(axis, 0, 1))),
        axis,
      );
    },
  },
  {
    name: 'Unpack',
    record: (call) => {
      const value = call.input('value');
      const axis = resolveAxis(call.number('axis'), value.shape.length);
      const parts = split(
        call.graph,
        value,
        axis,
        Array.from({ length: value.shape[axis] ?? 0 }, () => 1),
      );
      return parts.map((part) => reshape(call.graph, part, value.shape.toSpliced(axis, 1)));
    },
  },
  { name: 'SplitV', record: splitV },
  {
    name: 'Slice',
    record: (call) => {
      const x = call.input('x');
      const starts = x.shape.map((_, axis) => call.numbers('begin')[axis] ?? 0);
      const sizes = call.numbers('size');
      const ends = x.shape.map((dimension, axis) => {
        const size = sizes[axis] ?? -1;
        return size === -1 ? dimension : (starts[axis] ?? 0) + size;
      });
      return slice(call.graph, x, starts, ends);
    },
  },
  { name: 'StridedSlice', record: stridedSlice },
  {
    name: 'PadV2',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const paddings = call.pairs('paddings');
      const shape = x.shape.map(
        (dimension, axis) => dimension + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0),
      );
      if (sameShape(shape, x.shape)) return x;
      const pads = graph.int64([
        ...paddings.map(([before]) => before),
        ...paddings.map(([, after]) => after),
      ]);
      const inputs = [x, pads, graph.scalar(x.dtype, call.numberOr('constantValue', 0))];
      return graph.emit({ op: 'Pad', inputs, dtype: x.dtype, shape });
    },
  },
  { name: 'MirrorPad', record: mirrorPad },
  {
    name: 'Tile',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const repeats = call.numbers('reps');
      const shape = x.shape.map((dimension, axis) => dimension * (repeats[axis] ?? 1));
      if (x.shape.every((dimension, axis) => dimension === 1 || repeats[axis] === 1))
        return expand(graph, x, shape);
      return graph.emit({ op: 'Tile', inputs: [x, graph.int64(repeats)], dtype: x.dtype, shape });
    },
  },
  {
    name: 'BroadcastTo',
    record: (call) => expand(call.graph, call.input('x'), call.numbers('shape')),
  },
  {
    name: 'Reverse',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const axes = call.axes('dims', x.shape.length);
      if (axes.length === 0 || x.shape.length === 0) return x;
      const all = (numbers: readonly number[]) => graph.int64(numbers);
      const ends = axes.map((axis) => -(x.shape[axis] ?? 0) - 1);
      const inputs = [x, all(axes.map(() => -1)), all(ends), all(axes), all(axes.map(() => -1))];
      return graph.emit({ op: 'Slice', inputs, dtype: x.dtype, shape: x.shape });
    },
  },
];

/** Records a permutation of axes. */
export function transpose(graph: GraphBuilder, x: Value, permutation: readonly number[]): Value {
  if (permutation.every((from, to) => from === to)) return x;
  const shape = permutation.map((from) => x.shape[from] ?? 1);
  return graph.emit({
    op: 'Transpose',
    inputs: [x],
    dtype: x.dtype,
    shape,
    attributes: { perm: ints(permutation) },
  });
}

function concat(graph: GraphBuilder, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new Error('concat of no tensors');
  if (values.length === 1) return first;
  const length = values.reduce((sum, value) => sum + (value.shape[axis] ?? 0), 0);
  const shape = first.shape.with(axis, length);
  return graph.emit({
    op: 'Concat',
    inputs: values,
    dtype: first.dtype,
    shape,
    attributes: { axis: int(axis) },
  });
}

function split(graph: GraphBuilder, x: Value, axis: number, sizes: readonly number[]): Value[] {
  if (sizes.length === 1) return [x];
  return graph.emitMany(
    { op: 'Split', inputs: [x, graph.int64(sizes)], attributes: { axis: int(axis) } },
    sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) })),
  );
}

function splitV(call: KernelCall): Value[] {
  const x = call.input('x');
  const axis = resolveAxis(call.numberOr('axis', 0), x.shape.length);
  const dimension = x.shape[axis] ?? 0;
  const given = call.numbers('numOrSizeSplits');
  const [count = 1] = given;
  const sizes = given.length === 1 ? Array.from({ length: count }, () => dimension / count) : given;
  const known = sizes.reduce((sum, size) => (size === -1 ? sum : sum + size), 0);
  return split(
    call.graph,
    x,
    axis,
    sizes.map((size) => (size === -1 ? dimension - known : size)),
  );
}

function stridedSlice(call: KernelCall): Value {
  const { graph } = call;
  const x = call.input('x');
  const info = tf.slice_util.sliceInfo(
    [...x.shape],
    [...call.numbers('begin')],
    [...call.numbers('end')],
    [...call.numbers('strides')],
    call.number('beginMask'),
    call.number('endMask'),
    call.number('ellipsisMask'),
    call.number('newAxisMask'),
    call.number('shrinkAxisMask'),
  );
  const axes = x.shape.map((_, axis) => axis);
  const shape = axes.map((axis) => {
    const extent = ((info.end[axis] ?? 0) - (info.begin[axis] ?? 0)) / (info.strides[axis] ?? 1);
    return Math.max(0, Math.ceil(extent));
  });
  // An end before the first element is -1 here, which ONNX would count from the end.
  const ends = info.end.map((end, axis) => (end < 0 ? -(x.shape[axis] ?? 0) - 1 : end));
  const inputs = [x, ...[info.begin, ends, axes, info.strides].map((numbers) => graph.int64(numbers))];
  const cut = graph.emit({ op: 'Slice', inputs, dtype: x.dtype, shape });
  return reshape(graph, cut, info.finalShape);
}

/** Gathers mirrored rows axis by axis, for both modes: `reflect` leaves the edge out, `symmetric` repeats it. */
function mirrorPad(call: KernelCall): Value {
  const { graph } = call;
  const offset = call.text('mode') === 'reflect' ? 1 : 0;
  return call.pairs('paddings').reduce((x, [before, after], axis) => {
    if (before === 0 && after === 0) return x;
    const length = x.shape[axis] ?? 0;
    const indices = Array.from({ length: before + length + after }, (_, position) => {
      const index = position - before;
      if (index < 0) return -index - 1 + offset;
      return index < length ? index : 2 * length - index - 1 - offset;
    });
    const inputs = [x, graph.int64(indices)];
    const shape = x.shape.with(axis, indices.length);
    return graph.emit({ op: 'Gather', inputs, dtype: x.dtype, shape, attributes: { axis: int(axis) } });
  }, call.input('x'));
}
