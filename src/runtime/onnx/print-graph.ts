import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OnnxAttribute } from '../../formats/onnx/model.js';
import type { Operand } from '../wasm/elementwise.js';
import type { Graph, Value } from './graph.js';
import type { UpdateLoop } from './passes/split-updates.js';

/**
 * A graph as text, one operation a line: `%7: float32[2,3] = MatMul(%1, %2)`. Values are numbered in order of
 * appearance, so that equal graphs print equal text; scalar constants print as numbers.
 */
export function printGraph(graph: Graph): string {
  const names = new Map<Value, string>();
  let count = 0;
  const numbered = () => {
    count += 1;
    return `%${count}`;
  };
  const nameOf = (value: Value | undefined): string => {
    if (value === undefined) return '_';
    const known = names.get(value);
    if (known !== undefined) return known;
    const data = graph.constants.get(value);
    const name = data !== undefined && data.length <= 8 ? inline(value, [...data]) : numbered();
    names.set(value, name);
    return name;
  };
  const lines = [`graph ${graph.name}`];
  for (const { name, value } of graph.inputs) {
    names.set(value, `$${name}`);
    lines.push(`  input ${name}: ${typeOf(value)}`);
  }
  for (const node of graph.nodes) {
    const attributes = Object.entries(node.attributes).map(
      ([name, attribute]) => `${name}=${show(attribute)}`,
    );
    const values = [...node.inputs.map(nameOf), ...attributes].join(', ');
    const domain = node.domain === '' ? '' : `${node.domain}.`;
    const outputs = node.outputs.map((output) => `${nameOf(output)}: ${typeOf(output)}`).join(', ');
    lines.push(`  ${outputs} = ${domain}${node.op}(${values})`);
  }
  for (const { name, value } of graph.outputs) lines.push(`  output ${name} = ${nameOf(value)}`);
  return `${lines.join('\n')}\n`;
}

/** A loop as text: arrays are `$NAME[i]`, one operation a line. */
export function printLoop({ elements, program, arrays, scalars, variables, rows }: UpdateLoop): string {
  const nameOf = (operand: Operand): string => {
    switch (operand.kind) {
      case 'array':
        return `$${arrays[operand.index]}[i]`;
      case 'scalar':
        return `$${scalars[operand.index]}`;
      case 'step':
        return `%${operand.index + 1}`;
      case 'constant':
        return `${operand.value}`;
    }
  };
  const steps = program.steps.map(
    ({ op, operands }, index) => `  %${index + 1} = ${op}(${operands.map(nameOf).join(', ')})`,
  );
  const outputs = program.outputs.map(
    (operand, index) => `  $variable:${variables[index]}[i] = ${nameOf(operand)}`,
  );
  const sparse = rows === undefined ? '' : `, $${arrays[rows.array]} in rows of $${rows.input}`;
  return [`loop i < ${elements}${sparse}`, ...steps, ...outputs, ''].join('\n');
}

/**
 * Writes a graph where the environment variable `ROUX_DUMP_GRAPH` asks for it: `stderr`, or a folder, made where it is
 * missing, that gets `NAME.STEP.txt`. Does nothing when it is unset.
 */
export function dumpGraph(
  graph: Graph,
  step: 'traced' | 'optimized',
  loops: readonly UpdateLoop[] = [],
): void {
  const target = dumpTarget();
  if (target === undefined) return;
  const text = printGraph(graph) + loops.map(printLoop).join('');
  if (target === 'stderr') process.stderr.write(`# ${step}\n${text}`);
  else {
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, `${graph.name}.${step}.txt`), text);
  }
}

/** Whether graphs are written. */
export function dumpsGraphs(): boolean {
  return dumpTarget() !== undefined;
}

function dumpTarget(): string | undefined {
  return process.env.ROUX_DUMP_GRAPH || undefined;
}

function typeOf(value: Value): string {
  return `${value.dtype}[${value.shape.join(',')}]`;
}

function inline(value: Value, data: readonly (number | bigint)[]): string {
  return value.shape.length === 0 ? `${data[0]}` : `[${data.join(',')}]`;
}

function show(attribute: OnnxAttribute): string {
  if (attribute.type === 'tensor') return `tensor[${attribute.value.shape}]`;
  return Array.isArray(attribute.value) ? `[${attribute.value.join(',')}]` : `${attribute.value}`;
}
