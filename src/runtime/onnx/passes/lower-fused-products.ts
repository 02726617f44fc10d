import type { Graph } from '../graph.js';
import { matMul } from '../kernels/matrices.js';
import { transpose } from '../kernels/shapes.js';
import { floatAttribute, intAttribute, operands, output } from './patterns.js';
import { rewrite } from './rewrite.js';

/** Writes FusedMatMul, which only ONNX Runtime knows, with ONNX's own operations. */
export function lowerFusedProducts(graph: Graph): Graph {
  return rewrite(graph, (node, { graph: builder }) => {
    if (node.op !== 'FusedMatMul') return undefined;
    const [a, b] = operands(node).map((value, index) => {
      if (intAttribute(node, index === 0 ? 'transA' : 'transB', 0) === 0) return value;
      const order = value.shape.map((_, axis) => axis);
      return transpose(builder, value, [...order.slice(0, -2), ...order.slice(-2).reverse()]);
    });
    if (a === undefined || b === undefined) return undefined;
    const product = matMul(builder, a, b);
    const alpha = floatAttribute(node, 'alpha', 1);
    if (alpha === 1) return [product];
    const { dtype, shape } = output(node);
    return [builder.emit({ op: 'Mul', inputs: [product, builder.scalar('float32', alpha)], dtype, shape })];
  });
}
