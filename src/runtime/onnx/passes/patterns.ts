/** What the passes ask of operations and values. */
import { type GraphNode, sizeOf, type Value } from '../graph.js';
import type { GraphBuilder } from '../graph-builder.js';

/** Elementwise operations of two operands that broadcast. */
export const BINARY_OPS: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min']);

/** Elementwise operations of one operand. */
export const UNARY_OPS: ReadonlySet<string> = new Set([
  'Abs',
  'Cast',
  'Erf',
  'Exp',
  'Log',
  'Neg',
  'Not',
  'Reciprocal',
  'Relu',
  'Sigmoid',
  'Sign',
  'Sqrt',
  'Tanh',
]);

/** The number that all elements of a constant are equal to, where it has only one element. */
export function scalarConstant(graph: GraphBuilder, value: Value): number | undefined {
  const data = graph.constantData(value);
  return data !== undefined && data.length === 1 ? Number(data[0]) : undefined;
}

/** The operation that makes a value, if it is one of the given kind. */
export function producedBy(graph: GraphBuilder, value: Value | undefined, op: string): GraphNode | undefined {
  const node = value === undefined ? undefined : graph.producer(value);
  return node?.op === op ? node : undefined;
}

/** The operands of an operation that has two. */
export function operands(node: GraphNode): readonly [Value, Value] {
  const [a, b] = node.inputs;
  if (a === undefined || b === undefined) throw new Error(`${node.op} needs two operands`);
  return [a, b];
}

/** The first operand of an operation. */
export function operand(node: GraphNode): Value {
  const [a] = node.inputs;
  if (a === undefined) throw new Error(`${node.op} needs an operand`);
  return a;
}

/** The first output of an operation. */
export function output(node: GraphNode): Value {
  const [value] = node.outputs;
  if (value === undefined) throw new Error(`${node.op} has no output`);
  return value;
}

/** A product or sum with a constant of one element that does not change the other operand's shape. */
export function scaledBy(
  graph: GraphBuilder,
  value: Value | undefined,
): { x: Value; factor: number } | undefined {
  const node = producedBy(graph, value, 'Mul');
  if (node === undefined || output(node).dtype !== 'float32') return undefined;
  const [a, b] = operands(node);
  const left = scalarConstant(graph, a);
  if (
    left !== undefined &&
    sizeOf(b.shape) === sizeOf(output(node).shape) &&
    b.shape.length >= a.shape.length
  ) {
    return { x: b, factor: left };
  }
  const right = scalarConstant(graph, b);
  if (
    right !== undefined &&
    sizeOf(a.shape) === sizeOf(output(node).shape) &&
    a.shape.length >= b.shape.length
  ) {
    return { x: a, factor: right };
  }
  return undefined;
}

/** An integer attribute, or a default. */
export function intAttribute(node: GraphNode, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : fallback;
}

/** A float attribute, or a default. */
export function floatAttribute(node: GraphNode, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'float' ? attribute.value : fallback;
}

/** An attribute that is a list of integers. */
export function intsAttribute(node: GraphNode, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}
