import { broadcastShape, type Graph, type GraphNode, sameShape, sizeOf, type Value } from '../graph.js';
import { expand } from '../kernels/recording.js';
import { BINARY_OPS, operand, operands, output, producedBy, UNARY_OPS } from './patterns.js';
import { type RewriteContext, rewrite } from './rewrite.js';

/**
 * Moves Expand towards the outputs, past elementwise operations, and drops it where the next operand broadcasts anyway.
 *
 * Gradients of sums and means multiply by tensors of ones in the input's shape; this makes them cost nothing.
 */
export function sinkExpansions(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.domain !== '') return undefined;
    if (node.op === 'Expand') return sinkExpand(node, context);
    if (UNARY_OPS.has(node.op)) return sinkUnary(node, context);
    if (BINARY_OPS.has(node.op)) return sinkBinary(node, context);
    return undefined;
  });
}

function sinkExpand(node: GraphNode, { graph }: RewriteContext): Value[] | undefined {
  const x = operand(node);
  if (sameShape(x.shape, output(node).shape)) return [x];
  const inner = producedBy(graph, x, 'Expand');
  return inner === undefined ? undefined : [expand(graph, operand(inner), output(node).shape)];
}

function sinkUnary(node: GraphNode, { graph }: RewriteContext): Value[] | undefined {
  const expansion = producedBy(graph, operand(node), 'Expand');
  if (expansion === undefined) return undefined;
  const source = operand(expansion);
  const { dtype, shape } = output(node);
  const small = graph.emit({
    op: node.op,
    inputs: [source],
    dtype,
    shape: source.shape,
    attributes: node.attributes,
  });
  return [expand(graph, small, shape)];
}

function sinkBinary(node: GraphNode, { graph }: RewriteContext): Value[] | undefined {
  const { dtype, shape } = output(node);
  const [a, b] = operands(node).map((value) => {
    const expansion = producedBy(graph, value, 'Expand');
    return expansion === undefined ? value : operand(expansion);
  });
  if (a === undefined || b === undefined || (a === node.inputs[0] && b === node.inputs[1])) return undefined;
  const small = broadcastShape(a.shape, b.shape);
  // Where ranks differ, the expansion would also have to add axes; only worth it when the result gets smaller.
  if (!sameShape(small, shape) && sizeOf(small) === sizeOf(shape)) return undefined;
  return [expand(graph, graph.emit({ op: node.op, inputs: [a, b], dtype, shape: small }), shape)];
}
