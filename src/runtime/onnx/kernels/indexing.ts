/** Gathering and scattering by index. */
import { sizeOf, type Value } from '../graph.js';
import { type GraphBuilder, int, string } from '../graph-builder.js';
import { elementType, type KernelCall, resolveAxis, type TraceKernel } from '../kernel.js';
import { binary, cast, expand, reshape, uniform, where } from './recording.js';
import { reduce } from './reductions.js';

/** All kernels of this family. */
export const INDEXING_KERNELS: readonly TraceKernel[] = [
  { name: 'GatherV2', record: gather },
  {
    name: 'GatherNd',
    record: (call) => {
      const parameters = call.input('params');
      const indices = call.input('indices');
      const depth = indices.shape.at(-1) ?? 0;
      const shape = [...indices.shape.slice(0, -1), ...parameters.shape.slice(depth)];
      const inputs = [parameters, cast(call.graph, indices, 'int64')];
      return call.graph.emit({ op: 'GatherND', inputs, dtype: parameters.dtype, shape });
    },
  },
  {
    name: 'ScatterNd',
    record: (call) => {
      const { graph } = call;
      const indices = call.input('indices');
      const updates = call.input('updates');
      const shape = call.numbers('shape');
      const depth = indices.shape.at(-1) ?? 0;
      const length = sizeOf(indices.shape.slice(0, -1));
      // Row numbers: the indices' leading coordinates as one number.
      const leading = shape.slice(0, depth);
      const strides = Int32Array.from(leading, (_, axis) => sizeOf(leading.slice(axis + 1)));
      const scaled = binary(graph, 'Mul', indices, graph.constant('int32', [depth], strides));
      const rows = reduce(graph, 'ReduceSum', reshape(graph, scaled, [length, depth]), [1], false);
      const flat = reshape(graph, updates, [length, sizeOf(shape.slice(depth))]);
      return reshape(graph, addRows(graph, flat, rows, sizeOf(leading)), shape);
    },
  },
  {
    name: 'TensorScatterUpdate',
    record: (call) => scatter(call.graph, call.input('tensor'), call.input('indices'), call.input('updates')),
  },
  {
    name: 'SparseToDense',
    record: (call) => {
      const { graph } = call;
      const indices = call.input('sparseIndices');
      const shape = call.numbers('outputShape');
      const column =
        indices.shape.length === 2 ? indices : reshape(graph, indices, [sizeOf(indices.shape), 1]);
      const values = expand(graph, call.input('sparseValues'), [column.shape[0] ?? 0]);
      return scatter(graph, expand(graph, call.input('defaultValue'), shape), column, values);
    },
  },
  {
    name: 'UnsortedSegmentSum',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const segments = call.input('segmentIds');
      const tail = x.shape.slice(segments.shape.length);
      const flat = reshape(graph, x, [sizeOf(segments.shape), sizeOf(tail)]);
      const count = call.number('numSegments');
      return reshape(graph, addRows(graph, flat, segments, count), [count, ...tail]);
    },
  },
  {
    name: 'OneHot',
    record: (call) => {
      const { graph } = call;
      const indices = call.input('indices');
      const depth = call.number('depth');
      const dtype = call.has('dtype') ? elementType(call.text('dtype')) : 'float32';
      const column = reshape(graph, indices, [...indices.shape, 1]);
      const classes = graph.constant(
        'int32',
        [depth],
        Int32Array.from({ length: depth }, (_, index) => index),
      );
      const isHot = binary(graph, 'Equal', column, classes, 'bool');
      const [on, off] = [call.numberOr('onValue', 1), call.numberOr('offValue', 0)];
      if (on === 1 && off === 0) return cast(graph, isHot, dtype);
      return where(graph, isHot, graph.scalar(dtype, on), graph.scalar(dtype, off));
    },
  },
];

function gather(call: KernelCall): Value {
  const { graph } = call;
  const x = call.input('x');
  const indices = cast(graph, call.input('indices'), 'int32');
  const axis = resolveAxis(call.numberOr('axis', 0), x.shape.length);
  const batchDims = call.numberOr('batchDims', 0);
  if (batchDims === 0) {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return graph.emit({
      op: 'Gather',
      inputs: [x, indices],
      dtype: x.dtype,
      shape,
      attributes: { axis: int(axis) },
    });
  }
  if (axis !== batchDims) {
    throw new Error(
      `gather with batchDims ${batchDims} and axis ${axis}: the onnx runtime needs them to be equal`,
    );
  }
  const column = cast(graph, reshape(graph, indices, [...indices.shape, 1]), 'int64');
  const shape = [...indices.shape, ...x.shape.slice(axis + 1)];
  const attributes = { batch_dims: int(batchDims) };
  return graph.emit({ op: 'GatherND', inputs: [x, column], dtype: x.dtype, shape, attributes });
}

/** Sets `target[indices[i]] = updates[i]`; with equal indices any one of the updates may win. */
function scatter(graph: GraphBuilder, target: Value, indices: Value, updates: Value): Value {
  const inputs = [target, cast(graph, indices, 'int64'), updates];
  const attributes = { reduction: string('none') };
  return graph.emit({ op: 'ScatterND', inputs, dtype: target.dtype, shape: target.shape, attributes });
}

/**
 * Sums rows: `result[rows[i], :] += x[i, :]`, from zeros.
 *
 * Not with ScatterND: ONNX Runtime adds its updates from several threads without protection, so that equal indices
 * lose updates. ScatterElements runs on one thread in the order of the elements; it wants one index per element.
 */
function addRows(graph: GraphBuilder, x: Value, rows: Value, count: number): Value {
  const [length = 0, width = 1] = x.shape;
  const column = cast(graph, reshape(graph, rows, [length, 1]), 'int64');
  const inputs = [uniform(graph, x.dtype, [count, width], 0), expand(graph, column, [length, width]), x];
  const attributes = { axis: int(0), reduction: string('add') };
  return graph.emit({ op: 'ScatterElements', inputs, dtype: x.dtype, shape: [count, width], attributes });
}
