/** Matrix products. */
import { broadcastShape, type Value } from '../graph.js';
import { float, type GraphBuilder, int, string } from '../graph-builder.js';
import type { KernelCall, TraceKernel } from '../kernel.js';
import { binary, unary } from './recording.js';

/** All kernels of this family. */
export const MATRIX_KERNELS: readonly TraceKernel[] = [
  { name: 'BatchMatMul', record: product },
  {
    name: '_FusedMatMul',
    record: (call) => {
      const { graph } = call;
      const bias = call.optionalInput('bias');
      const sum = bias === undefined ? product(call) : binary(graph, 'Add', product(call), bias);
      return activate(call, sum);
    },
  },
  {
    name: 'Einsum',
    record: (call) => {
      const equation = call.text('equation').replaceAll(' ', '');
      const values = call.list();
      const shape = einsumShape(equation, values);
      const dtype = values[0]?.dtype ?? 'float32';
      return call.graph.emit({
        op: 'Einsum',
        inputs: values,
        dtype,
        shape,
        attributes: { equation: string(equation) },
      });
    },
  },
];

/** Records `alpha * A B`, where A and B may be taken transposed in their last two axes; leading axes broadcast. */
export function matMul(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly alpha?: number } = {},
): Value {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  const rows = a.shape.at(transposeA ? -1 : -2) ?? 1;
  const columns = b.shape.at(transposeB ? -2 : -1) ?? 1;
  const shape = [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  if (!transposeA && !transposeB && alpha === 1)
    return graph.emit({ op: 'MatMul', inputs: [a, b], dtype: a.dtype, shape });
  return graph.emit({
    op: 'FusedMatMul',
    domain: 'com.microsoft',
    inputs: [a, b],
    dtype: a.dtype,
    shape,
    attributes: { transA: int(Number(transposeA)), transB: int(Number(transposeB)), alpha: float(alpha) },
  });
}

function product(call: KernelCall): Value {
  return matMul(call.graph, call.input('a'), call.input('b'), {
    transposeA: call.flag('transposeA'),
    transposeB: call.flag('transposeB'),
  });
}

function activate(call: KernelCall, x: Value): Value {
  const { graph } = call;
  const activation = call.has('activation') ? call.text('activation') : 'linear';
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return unary(graph, 'Relu', x);
    case 'relu6':
      return graph.emit({
        op: 'Clip',
        inputs: [x, graph.scalar('float32', 0), graph.scalar('float32', 6)],
        dtype: x.dtype,
        shape: x.shape,
      });
    case 'elu':
      return unary(graph, 'Elu', x);
    case 'sigmoid':
      return unary(graph, 'Sigmoid', x);
    case 'prelu':
      return graph.emit({
        op: 'PRelu',
        inputs: [x, call.input('preluActivationWeights')],
        dtype: x.dtype,
        shape: x.shape,
      });
    case 'leakyrelu': {
      const attributes = { alpha: float(call.numberOr('leakyreluAlpha', 0.2)) };
      return graph.emit({ op: 'LeakyRelu', inputs: [x], dtype: x.dtype, shape: x.shape, attributes });
    }
    default:
      throw new Error(`a fused matrix product with the activation '${activation}' is not supported`);
  }
}

function einsumShape(equation: string, values: readonly Value[]): number[] {
  const [terms = '', result = ''] = equation.split('->');
  const sizes = new Map<string, number>();
  terms.split(',').forEach((term, index) => {
    [...term].forEach((letter, axis) => {
      sizes.set(letter, values[index]?.shape[axis] ?? 1);
    });
  });
  return [...result].map((letter) => sizes.get(letter) ?? 1);
}
