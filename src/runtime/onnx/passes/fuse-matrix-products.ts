import { type Graph, type GraphNode, sameShape, type Value } from '../graph.js';
import { float, int } from '../graph-builder.js';
import { matMul } from '../kernels/matrices.js';
import { reshape } from '../kernels/recording.js';
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  operand,
  operands,
  output,
  producedBy,
  scaledBy,
} from './patterns.js';
import { type RewriteContext, rewrite } from './rewrite.js';

/** A matrix product with everything that `FusedMatMul` takes in. */
interface Product {
  readonly a: Value;
  readonly b: Value;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
}

/** Takes transposes and constant factors of operands and results into the matrix product. */
export function fuseMatrixProducts(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    const product = productOf(node);
    if (product !== undefined) {
      const fused = absorbOperands(product, context);
      return fused === product ? undefined : [emitProduct(fused, context)];
    }
    if (node.op !== 'Mul') return undefined;
    const [a, b] = operands(node);
    const scaled = [a, b]
      .map((value) => onlyUsedProduct(value, context))
      .find((found) => found !== undefined);
    if (scaled === undefined) return undefined;
    const other = scaled.value === a ? b : a;
    const data = context.graph.constantData(other);
    if (data?.length !== 1 || !sameShape(scaled.value.shape, output(node).shape)) return undefined;
    return [emitProduct({ ...scaled.product, alpha: scaled.product.alpha * Number(data[0]) }, context)];
  });
}

/** Adds biases inside the matrix product: two-dimensional products with a vector or a matrix added become Gemm. */
export function fuseBiases(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.op !== 'Add' || output(node).dtype !== 'float32') return undefined;
    const [a, b] = operands(node);
    return addInside(a, b, node, context) ?? addInside(b, a, node, context);
  });
}

function addInside(x: Value, addend: Value, node: GraphNode, context: RewriteContext): Value[] | undefined {
  const { graph } = context;
  const result = output(node);
  if (!sameShape(x.shape, result.shape)) return undefined;
  // A reshape between product and bias that keeps the last axis moves behind the addition.
  const reshaping = context.uses(x) === 1 ? producedBy(graph, x, 'Reshape') : undefined;
  const inner = reshaping === undefined ? x : operand(reshaping);
  const found = onlyUsedProduct(inner, context);
  if (found === undefined || inner.shape.length !== 2) return undefined;
  const { a, b, transposeA, transposeB, alpha } = found.product;
  if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
  const [rows = 0, columns = 0] = inner.shape;
  const isVector = addend.shape.length === 1 && addend.shape[0] === columns && x.shape.at(-1) === columns;
  if (!isVector && !(reshaping === undefined && sameShape(addend.shape, result.shape))) return undefined;
  const sum = graph.emit({
    op: 'Gemm',
    inputs: [a, b, addend],
    dtype: 'float32',
    shape: [rows, columns],
    attributes: {
      alpha: float(alpha),
      beta: float(1),
      transA: int(Number(transposeA)),
      transB: int(Number(transposeB)),
    },
  });
  return [reshape(graph, sum, result.shape)];
}

function absorbOperands(product: Product, { graph }: RewriteContext): Product {
  let current = product;
  for (const side of ['a', 'b'] as const) {
    const scaled = scaledBy(graph, current[side]);
    if (scaled !== undefined && scaled.x.shape.length === current[side].shape.length) {
      current = { ...current, [side]: scaled.x, alpha: current.alpha * scaled.factor };
    }
    const transposition = producedBy(graph, current[side], 'Transpose');
    const order = transposition === undefined ? undefined : intsAttribute(transposition, 'perm');
    if (transposition !== undefined && order !== undefined && swapsLastAxes(order)) {
      const flag = side === 'a' ? 'transposeA' : 'transposeB';
      current = { ...current, [side]: operand(transposition), [flag]: !current[flag] };
    }
  }
  return current;
}

function swapsLastAxes(order: readonly number[]): boolean {
  const rank = order.length;
  return order.every((from, to) => from === (to === rank - 1 ? rank - 2 : to === rank - 2 ? rank - 1 : to));
}

function emitProduct({ a, b, transposeA, transposeB, alpha }: Product, { graph }: RewriteContext): Value {
  return matMul(graph, a, b, { transposeA, transposeB, alpha });
}

function onlyUsedProduct(
  value: Value,
  { graph, uses }: RewriteContext,
): { value: Value; product: Product } | undefined {
  const node = graph.producer(value);
  const product = node === undefined ? undefined : productOf(node);
  return product !== undefined && uses(value) === 1 ? { value, product } : undefined;
}

function productOf(node: GraphNode): Product | undefined {
  if (node.op !== 'MatMul' && node.op !== 'FusedMatMul') return undefined;
  const [a, b] = operands(node);
  if (a.dtype !== 'float32') return undefined;
  return {
    a,
    b,
    transposeA: intAttribute(node, 'transA', 0) === 1,
    transposeB: intAttribute(node, 'transB', 0) === 1,
    alpha: floatAttribute(node, 'alpha', 1),
  };
}
