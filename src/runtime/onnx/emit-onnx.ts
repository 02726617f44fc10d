import type { OnnxModel, OnnxTensor } from '../../formats/onnx/model.js';
import type { Graph, Value } from './graph.js';

/** The version of ONNX's own operator set that the tracer's operations are taken from. */
export const ONNX_OPSET = 18;

/**
 * The ONNX model of a graph. Graph outputs must be made by operations, each under one name only; `known` names other
 * values, such as weights.
 */
export function emitOnnx(graph: Graph, known: ReadonlyMap<Value, string> = new Map()): OnnxModel {
  const names = new Map<Value, string>(known);
  for (const { name, value } of graph.inputs) names.set(value, name);
  for (const { name, value } of graph.outputs) {
    if (names.has(value))
      throw new Error(`graph '${graph.name}': output '${name}' shares a value with '${names.get(value)}'`);
    names.set(value, name);
  }
  let unnamed = 0;
  const nameOf = (value: Value | undefined): string => {
    if (value === undefined) return '';
    const given = names.get(value);
    if (given !== undefined) return given;
    // Not the value's id, which counts all values of the process: equal graphs must give equal files.
    unnamed += 1;
    const name = `v${unnamed}`;
    names.set(value, name);
    return name;
  };
  const initializers: Record<string, OnnxTensor> = {};
  for (const [value, data] of graph.constants) {
    initializers[nameOf(value)] = { dtype: value.dtype, shape: value.shape, data };
  }
  const nodes = graph.nodes.map((node, index) => ({
    name: `${node.op}_${index}`,
    op: node.op,
    domain: node.domain,
    inputs: node.inputs.map(nameOf),
    outputs: node.outputs.map(nameOf),
    attributes: node.attributes,
  }));
  return {
    graphName: graph.name,
    producerName: 'roux',
    opsets: graph.nodes.some((node) => node.domain === 'com.microsoft')
      ? { '': ONNX_OPSET, 'com.microsoft': 1 }
      : { '': ONNX_OPSET },
    inputs: graph.inputs.map(({ name, value }) => ({ name, dtype: value.dtype, shape: value.shape })),
    outputs: graph.outputs.map(({ name, value }) => ({ name, dtype: value.dtype, shape: value.shape })),
    initializers,
    nodes,
  };
}
