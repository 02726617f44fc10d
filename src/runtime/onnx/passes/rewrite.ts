import type { Graph, GraphNode, Value } from '../graph.js';
import { GraphBuilder } from '../graph-builder.js';

/** A step that makes a graph better without changing what it computes. */
export type Pass = (graph: Graph) => Graph;

/** How often each value is used, by operations and as an output. */
export type UseCounts = ReadonlyMap<Value, number>;

/** What a rewriting function sees of the graph that is being made. */
export interface RewriteContext {
  readonly graph: GraphBuilder;
  /** The number of uses of a value of the old graph. */
  uses(value: Value): number;
}

/**
 * Rewrites a graph operation by operation, in order. `visit` gets every operation with its inputs already replaced; it
 * gives the values that stand for its outputs from now on, or `undefined` to keep the operation.
 */
export function rewrite(
  graph: Graph,
  visit: (node: GraphNode, context: RewriteContext) => readonly Value[] | undefined,
): Graph {
  const builder = new GraphBuilder(graph.name);
  for (const input of graph.inputs) builder.adoptInput(input);
  for (const [value, data] of graph.constants) builder.adoptConstant(value, data);
  const replacements = new Map<Value, Value>();
  const resolve = (value: Value): Value => replacements.get(value) ?? value;
  const counts = countUses(graph);
  const originals = new Map<Value, Value>();
  const context: RewriteContext = {
    graph: builder,
    uses: (value) => counts.get(originals.get(value) ?? value) ?? 0,
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => (input === undefined ? undefined : resolve(input)));
    const current = inputs.every((input, index) => input === node.inputs[index]) ? node : { ...node, inputs };
    const result = visit(current, context);
    if (result === undefined) {
      builder.append(current);
      continue;
    }
    node.outputs.forEach((output, index) => {
      const replacement = result[index];
      if (replacement === undefined) throw new Error(`${node.op} was rewritten to ${result.length} values`);
      replacements.set(output, replacement);
      if (!originals.has(replacement)) originals.set(replacement, output);
    });
  }
  return builder.finish(graph.outputs.map(({ name, value }) => ({ name, value: resolve(value) })));
}

/** Counts uses of values. */
export function countUses(graph: Graph): UseCounts {
  const counts = new Map<Value, number>();
  const count = (value: Value | undefined) => {
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  };
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const { value } of graph.outputs) count(value);
  return counts;
}
