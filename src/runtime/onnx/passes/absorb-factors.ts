import { type Graph, type GraphNode, sameShape, sizeOf, type Value } from '../graph.js';
import { float } from '../graph-builder.js';
import { floatAttribute, intAttribute, operands, output, scaledBy } from './patterns.js';
import { type RewriteContext, rewrite } from './rewrite.js';

/**
 * Moves constant factors of large tensors to where they cost nothing: into matrix products, or behind sums.
 *
 * x (s c) becomes (x s) c; a product of a matrix with a scaled one takes the factor as its alpha; the sum of scaled numbers
 * is the scaled sum. What still needs the scaled tensor gets it; nothing is computed twice.
 */
export function absorbFactors(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    const value =
      node.op === 'Mul'
        ? moveOutwards(node, context)
        : node.op === 'Gemm' || node.op === 'MatMul' || node.op === 'FusedMatMul'
          ? intoProduct(node, context)
          : node.op === 'ReduceSum'
            ? behindSum(node, context)
            : undefined;
    return value === undefined ? undefined : [value];
  });
}

function moveOutwards(node: GraphNode, context: RewriteContext): Value | undefined {
  const { graph, uses } = context;
  const [a, b] = operands(node);
  const { dtype, shape } = output(node);
  if (dtype !== 'float32' || sizeOf(a.shape) === 1 || sizeOf(b.shape) === 1) return undefined;
  for (const [x, scaledValue] of [
    [a, b],
    [b, a],
  ] as const) {
    const scaled = uses(scaledValue) === 1 ? scaledBy(graph, scaledValue) : undefined;
    if (scaled === undefined || !sameShape(scaled.x.shape, shape) || !sameShape(x.shape, shape)) continue;
    const product = graph.emit({ op: 'Mul', inputs: [x, scaled.x], dtype, shape });
    return graph.emit({ op: 'Mul', inputs: [product, graph.scalar('float32', scaled.factor)], dtype, shape });
  }
  return undefined;
}

function intoProduct(node: GraphNode, { graph }: RewriteContext): Value | undefined {
  const [a, b] = operands(node);
  const left = scaledBy(graph, a);
  const right = scaledBy(graph, b);
  if (left === undefined && right === undefined) return undefined;
  if (
    ![left?.x ?? a, right?.x ?? b].every((value, index) => sameShape(value.shape, [a, b][index]?.shape ?? []))
  )
    return undefined;
  const alpha = floatAttribute(node, 'alpha', 1) * (left?.factor ?? 1) * (right?.factor ?? 1);
  const { dtype, shape } = output(node);
  const inputs = [left?.x ?? a, right?.x ?? b, ...node.inputs.slice(2)];
  const attributes =
    node.op === 'MatMul'
      ? ({
          transA: { type: 'int', value: 0 },
          transB: { type: 'int', value: 0 },
          alpha: float(alpha),
        } as const)
      : { ...node.attributes, alpha: float(alpha) };
  const isGemm = node.op === 'Gemm';
  return graph.emit({
    op: isGemm ? 'Gemm' : 'FusedMatMul',
    domain: isGemm ? undefined : 'com.microsoft',
    inputs,
    dtype,
    shape,
    attributes,
  });
}

function behindSum(node: GraphNode, { graph }: RewriteContext): Value | undefined {
  const scaled = scaledBy(graph, node.inputs[0]);
  const { dtype, shape } = output(node);
  if (scaled === undefined || sizeOf(shape) * 2 > sizeOf(scaled.x.shape)) return undefined;
  if (
    !sameShape(scaled.x.shape, node.inputs[0]?.shape ?? []) ||
    intAttribute(node, 'noop_with_empty_axes', 0) === 1
  )
    return undefined;
  const sum = graph.emit({
    op: 'ReduceSum',
    inputs: [scaled.x, node.inputs[1]],
    dtype,
    shape,
    attributes: node.attributes,
  });
  return graph.emit({ op: 'Mul', inputs: [sum, graph.scalar('float32', scaled.factor)], dtype, shape });
}
