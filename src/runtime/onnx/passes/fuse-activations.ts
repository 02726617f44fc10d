/**
 * Layer normalization and GELU as single operations.
 *
 * Only where nothing else uses what lies in between: forward passes. A training step's backward pass reuses the
 * normalized activations and the cumulative distribution, and computing them twice would cost more than it saves.
 */
import { type Graph, type GraphNode, sameShape, type Value } from '../graph.js';
import { float, int } from '../graph-builder.js';
import { intAttribute, operand, operands, output, producedBy, scalarConstant, scaledBy } from './patterns.js';
import { type RewriteContext, rewrite } from './rewrite.js';

/** How far a constant may be from the one of the formula: float32 rounding. */
const CONSTANT_TOLERANCE = 1e-6;

/** gain * (x - mean) / sqrt(variance + epsilon) + bias over the last axis becomes LayerNormalization. */
export function fuseLayerNormalizations(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.op !== 'Add') return undefined;
    const [a, b] = operands(node);
    return normalization(a, b, node, context) ?? normalization(b, a, node, context);
  });
}

/** x (1 + erf(x / sqrt 2)) / 2 becomes ONNX Runtime's Gelu. */
export function fuseGelus(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.op !== 'Mul') return undefined;
    const [a, b] = operands(node);
    const x = geluOperand(a, b, context) ?? geluOperand(b, a, context);
    if (x === undefined) return undefined;
    return [
      context.graph.emit({
        op: 'Gelu',
        domain: 'com.microsoft',
        inputs: [x],
        dtype: 'float32',
        shape: x.shape,
      }),
    ];
  });
}

function normalization(
  scaled: Value,
  bias: Value,
  node: GraphNode,
  context: RewriteContext,
): Value[] | undefined {
  const { graph } = context;
  const product = once(scaled, 'Mul', context);
  if (product === undefined || bias.shape.length !== 1) return undefined;
  for (const [unit, gain] of bothWays(operands(product))) {
    const found = unitVariance(unit, context);
    const width = found?.x.shape.at(-1);
    if (found === undefined || !isVector(gain, width) || !isVector(bias, width)) continue;
    if (!sameShape(found.x.shape, output(node).shape)) continue;
    const attributes = { axis: int(-1), epsilon: float(found.epsilon) };
    const inputs = [found.x, gain, bias];
    return [
      graph.emit({ op: 'LayerNormalization', inputs, dtype: 'float32', shape: found.x.shape, attributes }),
    ];
  }
  return undefined;
}

/** Takes (x - mean) * (1 / sqrt(mean((x - mean)^2) + epsilon)) apart. */
function unitVariance(unit: Value, context: RewriteContext): { x: Value; epsilon: number } | undefined {
  const { graph, uses } = context;
  const node = once(unit, 'Mul', context);
  if (node === undefined) return undefined;
  for (const [centered, inverse] of bothWays(operands(node))) {
    const difference = producedBy(graph, centered, 'Sub');
    const reciprocal = once(inverse, 'Reciprocal', context);
    const root = once(reciprocal?.inputs[0], 'Sqrt', context);
    const sum = once(root?.inputs[0], 'Add', context);
    if (difference === undefined || sum === undefined) continue;
    const [x, mean] = operands(difference);
    const meanNode = once(mean, 'ReduceMean', context);
    if (meanNode === undefined || operand(meanNode) !== x || !isOverLastAxis(meanNode, context)) continue;
    // The product below and both factors of the square.
    if (uses(centered) !== 3) continue;
    for (const [variance, epsilon] of bothWays(operands(sum))) {
      const value = scalarConstant(graph, epsilon);
      const varianceNode = once(variance, 'ReduceMean', context);
      const square = once(varianceNode?.inputs[0], 'Mul', context);
      if (value === undefined || varianceNode === undefined || square === undefined) continue;
      const [left, right] = operands(square);
      if (left === centered && right === centered && isOverLastAxis(varianceNode, context))
        return { x, epsilon: value };
    }
  }
  return undefined;
}

function isOverLastAxis(node: GraphNode, { graph }: RewriteContext): boolean {
  const [x, axes] = node.inputs;
  const data = axes === undefined ? undefined : graph.constantData(axes);
  return (
    x !== undefined &&
    data?.length === 1 &&
    Number(data[0]) === x.shape.length - 1 &&
    intAttribute(node, 'keepdims', 1) === 1
  );
}

/** x, where `first` is x and `second` is (1 + erf(x / sqrt 2)) / 2, or `first` is x / 2 and `second` the rest. */
function geluOperand(first: Value, second: Value, context: RewriteContext): Value | undefined {
  const { graph } = context;
  const halved = once(second, 'Mul', context) === undefined ? undefined : scaledBy(graph, second);
  if (halved?.factor === 0.5) return erfPlusOneOf(halved.x, first, context) ? first : undefined;
  const half = once(first, 'Mul', context) === undefined ? undefined : scaledBy(graph, first);
  return half?.factor === 0.5 && erfPlusOneOf(second, half.x, context) ? half.x : undefined;
}

function erfPlusOneOf(value: Value, x: Value, context: RewriteContext): boolean {
  const { graph } = context;
  const sum = once(value, 'Add', context);
  if (sum === undefined) return false;
  return bothWays(operands(sum)).some(([erf, one]) => {
    const node = once(erf, 'Erf', context);
    const scaled = node === undefined ? undefined : scaledBy(graph, operand(node));
    return (
      scalarConstant(graph, one) === 1 &&
      scaled?.x === x &&
      Math.abs(scaled.factor - Math.SQRT1_2) < CONSTANT_TOLERANCE
    );
  });
}

/** The operation that makes a value, if it is of this kind and the value is used only once. */
function once(value: Value | undefined, op: string, context: RewriteContext): GraphNode | undefined {
  return value !== undefined && context.uses(value) === 1 ? producedBy(context.graph, value, op) : undefined;
}

function isVector(value: Value, length: number | undefined): boolean {
  return value.shape.length === 1 && value.shape[0] === length;
}

function bothWays([a, b]: readonly [Value, Value]): readonly (readonly [Value, Value])[] {
  return [
    [a, b],
    [b, a],
  ];
}
