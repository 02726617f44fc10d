import { type Graph, type GraphNode, sameShape, sizeOf, type Value } from '../graph.js';
import { ints } from '../graph-builder.js';
import {
  intsAttribute,
  operand,
  operands,
  output,
  producedBy,
  scalarConstant,
  scaledBy,
} from './patterns.js';
import { type RewriteContext, rewrite } from './rewrite.js';

/** Rewrites arithmetic and moves that do nothing, or the same as something cheaper. */
export function simplify(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    const rule = RULES[node.op];
    const value = node.domain === '' ? rule?.(node, context) : undefined;
    return value === undefined ? undefined : [value];
  });
}

type Rule = (node: GraphNode, context: RewriteContext) => Value | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  Identity: (node) => operand(node),

  // x of the same shape; reshapes of reshapes
  Reshape: (node, { graph }) => {
    const x = operand(node);
    const result = output(node);
    if (sameShape(x.shape, result.shape)) return x;
    const inner = producedBy(graph, x, 'Reshape');
    if (inner === undefined) return undefined;
    const source = operand(inner);
    if (sameShape(source.shape, result.shape)) return source;
    return graph.emit({ ...node, domain: undefined, inputs: [source, node.inputs[1]], ...typeOf(result) });
  },

  // transposes of transposes
  Transpose: (node, { graph }) => {
    const inner = producedBy(graph, operand(node), 'Transpose');
    const outerOrder = intsAttribute(node, 'perm');
    const innerOrder = inner === undefined ? undefined : intsAttribute(inner, 'perm');
    if (inner === undefined || outerOrder === undefined || innerOrder === undefined) return undefined;
    const order = outerOrder.map((axis) => innerOrder[axis] ?? 0);
    const source = operand(inner);
    if (order.every((from, to) => from === to)) return source;
    return graph.emit({
      op: 'Transpose',
      inputs: [source],
      ...typeOf(output(node)),
      attributes: { perm: ints(order) },
    });
  },

  Cast: (node) => (operand(node).dtype === output(node).dtype ? operand(node) : undefined),

  // -(-x)
  Neg: (node, { graph }) => {
    const inner = producedBy(graph, operand(node), 'Neg');
    return inner === undefined ? undefined : operand(inner);
  },

  // x + 0; x + (-y)
  Add: (node, context) => {
    const [a, b] = operands(node);
    const result = output(node);
    if (isNumber(context, a, 0) && sameShape(b.shape, result.shape)) return b;
    if (isNumber(context, b, 0) && sameShape(a.shape, result.shape)) return a;
    const right = producedBy(context.graph, b, 'Neg');
    if (right !== undefined) return binary(context, 'Sub', a, operand(right), result);
    const left = producedBy(context.graph, a, 'Neg');
    return left === undefined ? undefined : binary(context, 'Sub', b, operand(left), result);
  },

  // x - 0; x - (-y)
  Sub: (node, context) => {
    const [a, b] = operands(node);
    if (isNumber(context, b, 0) && sameShape(a.shape, output(node).shape)) return a;
    const right = producedBy(context.graph, b, 'Neg');
    return right === undefined ? undefined : binary(context, 'Add', a, operand(right), output(node));
  },

  // x / c = x * (1 / c)
  Div: (node, context) => {
    const [a, b] = operands(node);
    const divisor = scalarConstant(context.graph, b);
    if (divisor === undefined || a.dtype !== 'float32') return undefined;
    if (divisor === 1 && sameShape(a.shape, output(node).shape)) return a;
    const inverse = 1 / divisor;
    if (!Number.isFinite(inverse) || Math.fround(inverse) === 0) return undefined;
    return binary(context, 'Mul', a, context.graph.scalar('float32', inverse), output(node));
  },

  // x * 1; (x * c) * d = x * (c d); (-x) * c = x * -c
  Mul: (node, context) => {
    const { graph } = context;
    const result = output(node);
    const [a, b] = operands(node);
    if (isNumber(context, a, 1) && sameShape(b.shape, result.shape)) return b;
    if (isNumber(context, b, 1) && sameShape(a.shape, result.shape)) return a;
    if (result.dtype !== 'float32') return undefined;
    const factor = scalarConstant(graph, a) ?? scalarConstant(graph, b);
    if (factor === undefined) return undefined;
    const x = scalarConstant(graph, a) === undefined ? a : b;
    if (!sameShape(x.shape, result.shape)) return undefined;
    if (factor === -1) return graph.emit({ op: 'Neg', inputs: [x], ...typeOf(result) });
    const scaled = scaledBy(graph, x);
    if (scaled !== undefined && sameShape(scaled.x.shape, result.shape)) {
      const combined = Math.fround(scaled.factor) * Math.fround(factor);
      if (Number.isFinite(Math.fround(combined)) && Math.fround(combined) !== 0) {
        return binary(context, 'Mul', scaled.x, graph.scalar('float32', combined), result);
      }
    }
    const negated = producedBy(graph, x, 'Neg');
    if (negated === undefined) return undefined;
    return binary(context, 'Mul', operand(negated), graph.scalar('float32', -factor), result);
  },

  // the sum of squares in one pass
  ReduceSum: (node, { graph }) => {
    const product = producedBy(graph, operand(node), 'Mul');
    if (product === undefined || output(node).dtype !== 'float32') return undefined;
    const [a, b] = operands(product);
    if (a !== b) return undefined;
    return graph.emit({
      ...node,
      op: 'ReduceSumSquare',
      domain: undefined,
      inputs: [a, node.inputs[1]],
      ...typeOf(output(node)),
    });
  },
};

function binary({ graph }: RewriteContext, op: string, a: Value, b: Value, result: Value): Value {
  return graph.emit({ op, inputs: [a, b], ...typeOf(result) });
}

function isNumber({ graph }: RewriteContext, value: Value, number: number): boolean {
  return sizeOf(value.shape) === 1 && scalarConstant(graph, value) === number;
}

function typeOf({ dtype, shape }: Value): Pick<Value, 'dtype' | 'shape'> {
  return { dtype, shape };
}
