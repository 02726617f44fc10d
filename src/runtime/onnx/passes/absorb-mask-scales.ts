import type { Graph, GraphNode, Value } from '../graph.js';
import type { MaskSite } from '../trace.js';
import { operands, output } from './patterns.js';

/**
 * Draws masks of 0 and 1 / keep instead of multiplying masks of 0 and 1 by the constant that dropout scales with: one pass
 * over every mask less.
 */
export function absorbMaskScales(
  graph: Graph,
  sites: readonly MaskSite[],
): { readonly graph: Graph; readonly maskSites: readonly MaskSite[] } {
  const scaledBy = new Map<Value, { readonly node: GraphNode; readonly factor: number }>();
  const isPlain = new Set<Value>(graph.outputs.map(({ value }) => value));
  const masks = new Set(
    graph.inputs.filter(({ name }) => name.startsWith('mask:')).map(({ value }) => value),
  );
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input === undefined || !masks.has(input)) continue;
      const factor = constantFactor(graph, node, input);
      if (factor === undefined || scaledBy.has(input)) isPlain.add(input);
      else scaledBy.set(input, { node, factor });
    }
  }
  const removed = new Set<GraphNode>();
  const replacements = new Map<Value, Value>();
  const factors = new Map<string, number>();
  for (const { name, value } of graph.inputs) {
    const scaled = scaledBy.get(value);
    if (scaled === undefined || isPlain.has(value)) continue;
    removed.add(scaled.node);
    replacements.set(output(scaled.node), value);
    factors.set(name, scaled.factor);
  }
  const resolve = (value: Value): Value => replacements.get(value) ?? value;
  return {
    graph: {
      ...graph,
      nodes: graph.nodes
        .filter((node) => !removed.has(node))
        .map((node) => ({
          ...node,
          inputs: node.inputs.map((input) => (input === undefined ? undefined : resolve(input))),
        })),
      outputs: graph.outputs.map(({ name, value }) => ({ name, value: resolve(value) })),
    },
    maskSites: sites.map((site) => ({ ...site, value: site.value * (factors.get(site.name) ?? 1) })),
  };
}

/** The constant that a node multiplies a mask by, where that is all it does. */
function constantFactor(graph: Graph, node: GraphNode, mask: Value): number | undefined {
  if (node.op !== 'Mul') return undefined;
  const [a, b] = operands(node);
  const data = graph.constants.get(a === mask ? b : a);
  return data?.length === 1 && output(node).shape.length === mask.shape.length ? Number(data[0]) : undefined;
}
