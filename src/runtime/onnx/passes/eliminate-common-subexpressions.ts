import type { OnnxTensorData } from '../../../formats/onnx/model.js';
import type { Graph, GraphNode, Value } from '../graph.js';
import { rewrite } from './rewrite.js';

/** Constants up to this many elements are compared by content. */
const COMPARED_ELEMENTS = 1024;

/** Computes equal operations on equal operands once. */
export function eliminateCommonSubexpressions(graph: Graph): Graph {
  const seen = new Map<string, readonly Value[]>();
  return rewrite(mergeConstants(graph), (node) => {
    const key = keyOf(node);
    const known = seen.get(key);
    if (known === undefined) seen.set(key, node.outputs);
    return known;
  });
}

function keyOf({ op, domain, inputs, outputs, attributes }: GraphNode): string {
  return JSON.stringify([op, domain, inputs.map((input) => input?.id ?? 0), outputs.length, attributes]);
}

function mergeConstants(graph: Graph): Graph {
  const byContent = new Map<string, Value>();
  const replacement = new Map<Value, Value>();
  const constants = new Map<Value, OnnxTensorData>();
  for (const [value, data] of graph.constants) {
    const key = `${value.dtype}[${value.shape}]${data.length <= COMPARED_ELEMENTS ? bytesOf(data) : value.id}`;
    const known = byContent.get(key);
    if (known === undefined) {
      byContent.set(key, value);
      constants.set(value, data);
    } else replacement.set(value, known);
  }
  if (replacement.size === 0) return graph;
  const resolve = (value: Value) => replacement.get(value) ?? value;
  return {
    ...graph,
    constants,
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((input) => (input === undefined ? undefined : resolve(input))),
    })),
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: resolve(value) })),
  };
}

function bytesOf(data: OnnxTensorData): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
}
