/**
 * Takes the elementwise end of a function, the new values of its variables, out of the graph.
 *
 * ONNX Runtime would run an optimizer's dozen operations as a dozen passes over all weights, and needs a second buffer for
 * every variable. As one loop (`src/runtime/wasm/elementwise.ts`) each weight, gradient and moment is read once and
 * written once, in its place.
 */
import {
  ELEMENTWISE_OPS,
  type ElementwiseProgram,
  isElementwiseOp,
  type Operand,
} from '../../wasm/elementwise.js';
import { type Graph, type GraphNode, type NamedValue, sameShape, sizeOf, type Value } from '../graph.js';
import { eliminateDeadCode, removeUnusedInputs } from './eliminate-dead-code.js';
import { output } from './patterns.js';

/** Variables that are updated together, element by element. */
export interface UpdateLoop {
  /** Elements of each array. */
  readonly elements: number;
  readonly program: ElementwiseProgram;
  /** The names of the values that the program's arrays and scalars stand for: inputs of the function or outputs of the graph. */
  readonly arrays: readonly string[];
  readonly scalars: readonly string[];
  /** The variables that the program's outputs are. */
  readonly variables: readonly string[];
  /** Where one of the arrays, a gradient, holds only some rows (`compact-rows.ts`). */
  readonly rows?: CompactRows;
}

/** A gradient of the rows that an input names; all other rows have none. */
export interface CompactRows {
  /** The array that holds the gradient: the rows of distinct ids in the order in which they occur first. */
  readonly array: number;
  /** The function's input that holds the ids: `in:NAME`. */
  readonly input: string;
  /** Elements of a row. */
  readonly width: number;
}

/** A function in two parts: the graph is run first. */
export interface SplitGraph {
  /** Has an output `loop:NUMBER` for every value that a loop needs and the graph computes. */
  readonly graph: Graph;
  readonly loops: readonly UpdateLoop[];
}

/** Splits a graph. Updates that are not elementwise stay in it. */
export function splitUpdates(graph: Graph): SplitGraph {
  const cone = updateCone(graph);
  const groups = connect(graph, cone);
  if (groups.length === 0) return { graph, loops: [] };
  const names = new Map<Value, string>(graph.inputs.map(({ name, value }) => [value, name]));
  const computed: NamedValue[] = [];
  const nameOf = (value: Value): string => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const name = `loop:${computed.length}`;
    computed.push({ name, value });
    names.set(value, name);
    return name;
  };
  const loops = groups.map((nodes) => createLoop(graph, nodes, nameOf));
  const updated = new Set(loops.flatMap(({ variables }) => variables.map((name) => `update:${name}`)));
  const outputs = [...graph.outputs.filter(({ name }) => !updated.has(name)), ...computed];
  return { graph: removeUnusedInputs(eliminateDeadCode({ ...graph, outputs })), loops };
}

/** The operations that only updates need and that work element by element, with the values that they make. */
function updateCone(graph: Graph): ReadonlyMap<Value, GraphNode> {
  const consumers = new Map<Value, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input === undefined) continue;
      const list = consumers.get(input);
      if (list === undefined) consumers.set(input, [node]);
      else list.push(node);
    }
  }
  const elsewhere = new Set(
    graph.outputs.filter(({ name }) => !name.startsWith('update:')).map(({ value }) => value),
  );
  const updates = new Set(
    graph.outputs.filter(({ name }) => name.startsWith('update:')).map(({ value }) => value),
  );
  // Masks are drawn for the graph.
  const masks = new Set<Value | undefined>(
    graph.inputs.filter(({ name }) => name.startsWith('mask:')).map(({ value }) => value),
  );
  const cone = new Map<Value, GraphNode>();
  for (const node of graph.nodes.toReversed()) {
    if (!isElementwise(node, graph) || node.inputs.some((input) => masks.has(input))) continue;
    const value = output(node);
    const users = consumers.get(value) ?? [];
    const isUsed = users.length > 0 || updates.has(value);
    const isInside = users.every(
      (user) => cone.has(output(user)) && sameShape(output(user).shape, value.shape),
    );
    if (isUsed && isInside && !elsewhere.has(value)) cone.set(value, node);
  }
  return cone;
}

function isElementwise(node: GraphNode, graph: Graph): boolean {
  if (node.domain !== '' || !isElementwiseOp(node.op) || node.outputs.length !== 1) return false;
  const { dtype, shape } = output(node);
  if (dtype !== 'float32' || sizeOf(shape) < 2 || node.inputs.length !== ELEMENTWISE_OPS[node.op])
    return false;
  return node.inputs.every(
    (input) =>
      input !== undefined &&
      input.dtype === 'float32' &&
      (sizeOf(input.shape) === 1 || (sameShape(input.shape, shape) && !graph.constants.has(input))),
  );
}

/**
 * Puts operations together that share an array or write one that others read: what one of them overwrites, another one
 * may still have to read.
 */
function connect(graph: Graph, cone: ReadonlyMap<Value, GraphNode>): GraphNode[][] {
  const parents = new Map<Value, Value>();
  const root = (value: Value): Value => {
    const parent = parents.get(value);
    if (parent === undefined || parent === value) return value;
    const top = root(parent);
    parents.set(value, top);
    return top;
  };
  for (const [value, node] of cone) {
    for (const input of node.inputs) {
      if (input !== undefined && sizeOf(input.shape) > 1) parents.set(root(input), root(value));
    }
  }
  const variables = new Map(graph.inputs.map(({ name, value }) => [name, value]));
  for (const { name, value } of graph.outputs) {
    const variable = variables.get(name.replace('update:', 'variable:'));
    if (cone.has(value) && variable !== undefined) parents.set(root(variable), root(value));
  }
  const groups = new Map<Value, GraphNode[]>();
  for (const node of graph.nodes) {
    if (!cone.has(output(node))) continue;
    const key = root(output(node));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  return [...groups.values()];
}

function createLoop(graph: Graph, nodes: readonly GraphNode[], nameOf: (value: Value) => string): UpdateLoop {
  const steps = new Map<Value, number>(nodes.map((node, index) => [output(node), index]));
  const arrays: Value[] = [];
  const scalars: Value[] = [];
  const indexIn = (list: Value[], value: Value): number => {
    const index = list.indexOf(value);
    return index === -1 ? list.push(value) - 1 : index;
  };
  const operandOf = (value: Value): Operand => {
    const step = steps.get(value);
    if (step !== undefined) return { kind: 'step', index: step };
    if (sizeOf(value.shape) > 1) return { kind: 'array', index: indexIn(arrays, value) };
    const constant = graph.constants.get(value)?.[0];
    if (constant !== undefined) return { kind: 'constant', value: Number(constant) };
    return { kind: 'scalar', index: indexIn(scalars, value) };
  };
  const program = nodes.map((node) => ({
    op: node.op as keyof typeof ELEMENTWISE_OPS,
    operands: node.inputs.map((input) => {
      if (input === undefined) throw new Error(`${node.op} lacks an operand`);
      return operandOf(input);
    }),
  }));
  const updates = graph.outputs.filter(({ name, value }) => name.startsWith('update:') && steps.has(value));
  return {
    elements: sizeOf(output(nodes[0] as GraphNode).shape),
    program: {
      arrays: arrays.length,
      scalars: scalars.length,
      steps: program,
      outputs: updates.map(({ value }) => operandOf(value)),
    },
    arrays: arrays.map(nameOf),
    scalars: scalars.map(nameOf),
    variables: updates.map(({ name }) => name.slice('update:'.length)),
  };
}
