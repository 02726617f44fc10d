/**
 * Gradients of tables as the rows that a batch looked up.
 *
 * The gradient of a lookup is a matrix of the table's size in which only the rows of the batch's ids are not zero. It
 * becomes a matrix with as many rows as there were lookups: equal ids share the first ones, the rest are zero. Which
 * row belongs to which id, the host finds out before the run.
 */
import { type Graph, type GraphNode, type NamedValue, sizeOf, type Value } from '../graph.js';
import { GraphBuilder, int, string } from '../graph-builder.js';
import { cast, expand, uniform } from '../kernels/recording.js';
import { eliminateDeadCode, removeUnusedInputs } from './eliminate-dead-code.js';
import { output } from './patterns.js';
import type { SplitGraph, UpdateLoop } from './split-updates.js';

/** Loops work on vectors of 4: rows must not share one. */
const WIDTH_MULTIPLE = 4;

/** The prefix of the graph's input that holds, for every lookup, the number of its id among the distinct ones. */
export const ROW_INPUT = 'rows:';

/** Makes gradients of lookups compact where the graph only takes their norm, and marks the loops that read them. */
export function compactRows({ graph, loops }: SplitGraph): SplitGraph {
  const producers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)),
  );
  const scatters = new Map<string, Scatter>();
  const compacted = loops.map((loop): UpdateLoop => {
    for (const [array, name] of loop.arrays.entries()) {
      const value = graph.outputs.find((candidate) => candidate.name === name)?.value;
      const scatter = value === undefined ? undefined : findScatter(graph, producers, value);
      if (scatter === undefined) continue;
      scatters.set(name, scatter);
      return { ...loop, rows: { array, input: scatter.input, width: scatter.width } };
    }
    return loop;
  });
  return scatters.size === 0
    ? { graph, loops }
    : { graph: rewriteScatters(graph, scatters), loops: compacted };
}

/** A gradient that sums rows of `updates` by the ids of an input. */
interface Scatter {
  readonly node: GraphNode;
  readonly updates: Value;
  /** The name of the function's input that the ids come from, one an update. */
  readonly input: string;
  readonly width: number;
}

function findScatter(
  graph: Graph,
  producers: ReadonlyMap<Value, GraphNode>,
  value: Value,
): Scatter | undefined {
  const node = producers.get(value);
  const [zeros, indices, updates] = node?.inputs ?? [];
  if (node?.op !== 'ScatterElements' || zeros === undefined || updates === undefined) return undefined;
  const width = updates.shape[1] ?? 0;
  const [rows = 0] = updates.shape;
  if (width % WIDTH_MULTIPLE !== 0 || rows >= (value.shape[0] ?? 0) || value.shape.length !== 2)
    return undefined;
  const reduction = node.attributes.reduction;
  const start = producers.get(zeros);
  const [zero] = start?.op === 'Expand' ? start.inputs : [];
  if (reduction?.type !== 'string' || reduction.value !== 'add') return undefined;
  if (zero === undefined || graph.constants.get(zero)?.every((element) => Number(element) === 0) !== true)
    return undefined;
  const users = graph.nodes.filter((user) => user.inputs.includes(value));
  const others = graph.outputs.filter((named) => named.value === value);
  if (others.length !== 1 || !users.every(isNorm)) return undefined;
  const source = sourceOf(producers, indices);
  const input = graph.inputs.find((named) => named.value === source && named.name.startsWith('in:'));
  if (input === undefined || sizeOf(input.value.shape) !== rows || input.value.dtype !== 'int32')
    return undefined;
  return { node, updates, input: input.name, width };
}

/** A sum of squares of all elements: zeros change nothing. */
function isNorm(node: GraphNode): boolean {
  return node.op === 'ReduceSumSquare' && sizeOf(output(node).shape) === 1;
}

/** What a value was before it was cast, reshaped and repeated. */
function sourceOf(producers: ReadonlyMap<Value, GraphNode>, value: Value | undefined): Value | undefined {
  const node = value === undefined ? undefined : producers.get(value);
  const passes = node !== undefined && ['Cast', 'Reshape', 'Expand'].includes(node.op);
  return passes ? sourceOf(producers, node.inputs[0]) : value;
}

function rewriteScatters(graph: Graph, scatters: ReadonlyMap<string, Scatter>): Graph {
  const builder = new GraphBuilder(graph.name);
  for (const input of graph.inputs) builder.adoptInput(input);
  for (const [value, data] of graph.constants) builder.adoptConstant(value, data);
  const replacements = new Map<Value, Value>();
  const rowInputs = new Map<string, Value>();
  const byNode = new Map([...scatters.values()].map((scatter) => [scatter.node, scatter]));
  for (const node of graph.nodes) {
    const scatter = byNode.get(node);
    if (scatter === undefined) {
      const inputs = node.inputs.map((input) =>
        input === undefined ? undefined : (replacements.get(input) ?? input),
      );
      builder.append({ ...node, inputs });
      continue;
    }
    const { updates, input, width } = scatter;
    const [rows = 0] = updates.shape;
    const numbers =
      rowInputs.get(input) ?? builder.input(ROW_INPUT + input.slice('in:'.length), 'int32', [rows, 1]);
    rowInputs.set(input, numbers);
    const compact = builder.emit({
      op: 'ScatterElements',
      inputs: [
        uniform(builder, 'float32', [rows, width], 0),
        expand(builder, cast(builder, numbers, 'int64'), [rows, width]),
        updates,
      ],
      dtype: 'float32',
      shape: [rows, width],
      attributes: { axis: int(0), reduction: string('add') },
    });
    replacements.set(output(node), compact);
  }
  const outputs = graph.outputs.map(
    ({ name, value }): NamedValue => ({ name, value: replacements.get(value) ?? value }),
  );
  return removeUnusedInputs(eliminateDeadCode(builder.finish(outputs)));
}
