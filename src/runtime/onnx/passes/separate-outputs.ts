import type { Graph, GraphNode, Value } from '../graph.js';
import { createValue } from '../graph.js';

/** Gives every output a value of its own that an operation makes: ONNX allows no output that is an input or a constant. */
export function separateOutputs(graph: Graph): Graph {
  const taken = new Set<Value>([...graph.inputs.map(({ value }) => value), ...graph.constants.keys()]);
  const copies: GraphNode[] = [];
  const outputs = graph.outputs.map(({ name, value }) => {
    if (!taken.has(value)) {
      taken.add(value);
      return { name, value };
    }
    const copy = createValue(value.dtype, value.shape);
    copies.push({ op: 'Identity', domain: '', inputs: [value], outputs: [copy], attributes: {} });
    return { name, value: copy };
  });
  return { ...graph, nodes: [...graph.nodes, ...copies], outputs };
}
