import type { OnnxTensorData } from '../../../formats/onnx/model.js';
import { createData, type ElementType, type Graph, type GraphNode, sizeOf, type Value } from '../graph.js';
import { BINARY_OPS, operand, output, UNARY_OPS } from './patterns.js';
import { rewrite } from './rewrite.js';

/** Results up to this many elements are computed beforehand; larger ones would only make the model larger. */
const FOLDED_ELEMENTS = 1024;

/** Computes elementwise operations on constants beforehand, in the precision in which the graph would. */
export function foldConstants(graph: Graph): Graph {
  return rewrite(graph, (node, { graph: builder }) => {
    const isElementwise = UNARY_OPS.has(node.op) || BINARY_OPS.has(node.op);
    if (!isElementwise && node.op !== 'Reshape') return undefined;
    const result = output(node);
    if (sizeOf(result.shape) > FOLDED_ELEMENTS) return undefined;
    const operandsData: { value: Value; data: OnnxTensorData }[] = [];
    for (const value of node.inputs) {
      const data = value === undefined ? undefined : builder.constantData(value);
      if (value === undefined || data === undefined) return undefined;
      operandsData.push({ value, data });
    }
    const [first, second] = operandsData;
    if (first === undefined) return undefined;
    if (node.op === 'Reshape') return [builder.constant(result.dtype, result.shape, first.data)];
    const data = evaluate(node, first, second);
    return data === undefined ? undefined : [builder.constant(result.dtype, result.shape, data)];
  });
}

interface Operand {
  readonly value: Value;
  readonly data: OnnxTensorData;
}

function evaluate(node: GraphNode, first: Operand, second: Operand | undefined): OnnxTensorData | undefined {
  const { dtype, shape } = output(node);
  const from = operand(node).dtype;
  if (dtype === 'int64' || from === 'int64' || (dtype === 'bool' && node.op !== 'Cast')) return undefined;
  const result = createData(dtype, sizeOf(shape));
  const apply = second === undefined ? unaryFunction(node.op, dtype) : binaryFunction(node.op, from);
  if (apply === undefined) return undefined;
  for (let index = 0; index < result.length; index += 1) {
    const a = Number(first.data[broadcastIndex(index, shape, first.value.shape)]);
    const b =
      second === undefined ? 0 : Number(second.data[broadcastIndex(index, shape, second.value.shape)]);
    result[index] = apply(a, b);
  }
  return result;
}

/** The position in an operand that an element of the broadcast result is made from. */
function broadcastIndex(index: number, shape: readonly number[], operandShape: readonly number[]): number {
  let rest = index;
  let position = 0;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const dimension = shape[axis] ?? 1;
    const own = operandShape[axis - shape.length + operandShape.length] ?? 1;
    if (own !== 1) position += (rest % dimension) * stride;
    stride *= own;
    rest = Math.floor(rest / dimension);
  }
  return position;
}

function unaryFunction(op: string, target: ElementType): ((a: number) => number) | undefined {
  switch (op) {
    case 'Abs':
      return Math.abs;
    case 'Cast':
      return target === 'bool' ? (a) => Number(a !== 0) : target === 'float32' ? Math.fround : Math.trunc;
    case 'Exp':
      return Math.exp;
    case 'Log':
      return Math.log;
    case 'Neg':
      return (a) => -a;
    case 'Reciprocal':
      return (a) => 1 / a;
    case 'Sqrt':
      return Math.sqrt;
    default:
      return undefined;
  }
}

function binaryFunction(op: string, dtype: ElementType): ((a: number, b: number) => number) | undefined {
  if (dtype !== 'float32' && dtype !== 'int32') return undefined;
  switch (op) {
    case 'Add':
      return (a, b) => a + b;
    case 'Sub':
      return (a, b) => a - b;
    case 'Mul':
      return dtype === 'int32' ? Math.imul : (a, b) => a * b;
    case 'Div':
      return dtype === 'float32' ? (a, b) => a / b : undefined;
    case 'Pow':
      return dtype === 'float32' ? (a, b) => a ** b : undefined;
    case 'Max':
      return Math.max;
    case 'Min':
      return Math.min;
    default:
      return undefined;
  }
}
