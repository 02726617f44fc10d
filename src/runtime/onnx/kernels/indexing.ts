/** Gathering and scattering by index. */
import { sizeOf, type Value } from '../graph.js';
import { type GraphBuilder, int, string } from '../graph-builder.js';
import { elementType, type KernelCall, resolveAxis, type TraceKernel } from '../kernel.js';
import { binary, cast, expand, reshape, uniform, where } from './recording.js';

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
      const updates = call.input('updates');
      const zeros = uniform(call.graph, updates.dtype, call.numbers('shape'), 0);
      return scatter(call.graph, zeros, call.input('indices'), updates, 'add');
    },
  },
  {
    name: 'TensorScatterUpdate',
    record: (call) =>
      scatter(call.graph, call.input('tensor'), call.input('indices'), call.input('updates'), 'none'),
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
      return scatter(graph, expand(graph, call.input('defaultValue'), shape), column, values, 'none');
    },
  },
  {
    name: 'UnsortedSegmentSum',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const segments = call.input('segmentIds');
      const rows = reshape(graph, segments, [sizeOf(segments.shape), 1]);
      const tail = x.shape.slice(segments.shape.length);
      const zeros = uniform(graph, x.dtype, [call.number('numSegments'), ...tail], 0);
      return scatter(graph, zeros, rows, reshape(graph, x, [sizeOf(segments.shape), ...tail]), 'add');
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

function scatter(
  graph: GraphBuilder,
  target: Value,
  indices: Value,
  updates: Value,
  reduction: 'add' | 'none',
): Value {
  const inputs = [target, cast(graph, indices, 'int64'), updates];
  const attributes = { reduction: string(reduction) };
  return graph.emit({ op: 'ScatterND', inputs, dtype: target.dtype, shape: target.shape, attributes });
}
