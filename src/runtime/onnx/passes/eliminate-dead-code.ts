import type { Graph, GraphNode, Value } from '../graph.js';

/** Removes operations and constants that no output needs. Inputs stay: see `removeUnusedInputs`. */
export function eliminateDeadCode(graph: Graph): Graph {
  const needed = new Set<Value>(graph.outputs.map(({ value }) => value));
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) if (input !== undefined) needed.add(input);
  }
  const constants = new Map([...graph.constants].filter(([value]) => needed.has(value)));
  return { ...graph, nodes: nodes.reverse(), constants };
}

/** Removes inputs that nothing needs. */
export function removeUnusedInputs(graph: Graph): Graph {
  const used = new Set<Value | undefined>([
    ...graph.nodes.flatMap((node) => node.inputs),
    ...graph.outputs.map(({ value }) => value),
  ]);
  return { ...graph, inputs: graph.inputs.filter(({ value }) => used.has(value)) };
}
