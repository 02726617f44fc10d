/**
 * The forward half of layer normalization in training: (x - mean) / sqrt(variance + epsilon) and 1 / sqrt(variance + epsilon), which the
 * backward pass needs, as one LayerNormalization with a gain of ones. `fuseLayerNormalizations` takes what nothing
 * else needs.
 */
import type { Graph, GraphNode, Value } from '../graph.js';
import { float, int } from '../graph-builder.js';
import { intAttribute, operand, operands, producedBy, scalarConstant } from './patterns.js';
import { type RewriteContext, rewrite } from './rewrite.js';

/** Fuses them. */
export function fuseUnitVariances(graph: Graph): Graph {
  const units = new Map<Value, { readonly centered: Value; readonly unit: Value }>();
  return rewrite(graph, (node, context) => {
    if (node.op === 'Mul') {
      const [a, b] = operands(node);
      if (units.get(b)?.centered === a) return [units.get(b)?.unit ?? a];
      if (units.get(a)?.centered === b) return [units.get(a)?.unit ?? b];
    }
    if (node.op !== 'Reciprocal') return undefined;
    const found = centeredOf(node, context);
    if (found === undefined) return undefined;
    const { x, centered, epsilon } = found;
    const width = x.shape.at(-1) ?? 1;
    const gain = context.graph.constant('float32', [width], new Float32Array(width).fill(1));
    const perRow = { dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] } as const;
    const [unit, , inverse] = context.graph.emitMany(
      {
        op: 'LayerNormalization',
        inputs: [x, gain],
        attributes: { axis: int(-1), epsilon: float(epsilon) },
      },
      [{ dtype: 'float32', shape: x.shape }, perRow, perRow],
    );
    if (unit === undefined || inverse === undefined) return undefined;
    units.set(inverse, { centered, unit });
    return [inverse];
  });
}

/** Takes 1 / sqrt(mean((x - mean)^2) + epsilon) apart. */
function centeredOf(
  reciprocal: GraphNode,
  { graph }: RewriteContext,
): { readonly x: Value; readonly centered: Value; readonly epsilon: number } | undefined {
  const root = producedBy(graph, reciprocal.inputs[0], 'Sqrt');
  const sum = producedBy(graph, root?.inputs[0], 'Add');
  if (sum === undefined) return undefined;
  const [variance, added] = operands(sum);
  const epsilon = scalarConstant(graph, added);
  const varianceNode = producedBy(graph, variance, 'ReduceMean');
  const square = producedBy(graph, varianceNode?.inputs[0], 'Mul');
  if (epsilon === undefined || varianceNode === undefined || square === undefined) return undefined;
  const [centered, same] = operands(square);
  const difference = producedBy(graph, centered, 'Sub');
  if (centered !== same || difference === undefined) return undefined;
  const [x, mean] = operands(difference);
  const meanNode = producedBy(graph, mean, 'ReduceMean');
  const isMean = meanNode !== undefined && operand(meanNode) === x;
  return isMean && [varianceNode, meanNode].every((node) => isOverLastAxis(node, graph))
    ? { x, centered, epsilon }
    : undefined;
}

function isOverLastAxis(node: GraphNode, graph: RewriteContext['graph']): boolean {
  const [x, axes] = node.inputs;
  const data = axes === undefined ? undefined : graph.constantData(axes);
  return (
    x !== undefined &&
    data?.length === 1 &&
    Number(data[0]) === x.shape.length - 1 &&
    intAttribute(node, 'keepdims', 1) === 1
  );
}
