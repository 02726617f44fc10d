import type { OnnxValueInfo } from '../../formats/onnx/model.js';
import { writeOnnx } from '../../formats/onnx/write-onnx.js';
import type { NamedHostTensors, TensorFunction, TensorSpec } from '../runtime.js';
import { emitOnnx } from './emit-onnx.js';
import { createValue, type Graph, type GraphNode, type NamedValue, type Value } from './graph.js';
import { int } from './graph-builder.js';
import { optimizeForExport } from './passes/index.js';
import { separateOutputs } from './passes/separate-outputs.js';
import { dumpGraph } from './print-graph.js';
import { isConstant, printSize, type SizeSymbol, solveSize } from './size-expression.js';
import { traceFunction } from './trace.js';
import { type BoundSymbol, unifyTraces } from './unify-traces.js';

/** An input of an exported model. A dimension is a size or the name of one that is known when the model runs. */
export interface ExportedInput {
  /** `int64` inputs, as Hugging Face's exports have, reach the function as int32. */
  readonly dtype: 'float32' | 'int32' | 'int64';
  readonly shape: readonly (number | string)[];
}

/** What is exported. */
export interface ExportOptions {
  /** The graph's name. */
  readonly name: string;
  /** In the order in which the model lists them; those that the function does not use stay inputs of the model. */
  readonly inputs: Readonly<Record<string, ExportedInput>>;
  /** The function's variables; they become initializers of the same names. */
  readonly weights: NamedHostTensors;
  /** Which of the function's outputs, in which order; all unless told. */
  readonly outputs?: readonly string[];
  /** Free text about the model, by key: authors, licence, labels. */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Three different sizes above 1 for each named dimension, at which the function is traced. Need to be given only
   * where the defaults (at most 13) are too large for the function, or not allowed.
   */
  readonly sizes?: Readonly<Record<string, readonly [number, number, number]>>;
}

/** Sizes for the first, second, ... named dimension; different primes, so that sizes are told apart. */
const DEFAULT_SIZES: readonly (readonly [number, number, number])[] = [
  [3, 5, 2],
  [7, 11, 13],
  [11, 2, 5],
  [13, 3, 7],
];

/**
 * A function as a standalone ONNX model of ONNX's own operations that stock ONNX Runtime runs at any size.
 *
 * The function is traced at three sizes of every named dimension; shapes and other numbers that differ between the
 * traces are computed inside the model. Functions that draw random masks cannot be exported. Throws when the traces
 * differ in what they compute.
 */
export function exportToOnnx(fn: TensorFunction, options: ExportOptions): Uint8Array {
  const { name, inputs, weights } = options;
  const names = [
    ...new Set(
      Object.values(inputs).flatMap(({ shape }) => shape.filter((size) => typeof size === 'string')),
    ),
  ];
  const symbols = names.map((symbol, index): SizeSymbol => {
    const sizes = options.sizes?.[symbol] ?? DEFAULT_SIZES[index];
    if (sizes === undefined) throw new Error(`'${name}': more than ${DEFAULT_SIZES.length} named dimensions`);
    return { name: symbol, sizes };
  });
  const traces = [0, 1, 2].map((trace) => traceAt(fn, options, symbols, trace));
  const [first] = traces;
  if (first === undefined) throw new Error('no trace');
  const graph = unifyTraces(traces, bindSymbols(first, inputs, symbols));
  const { graph: standalone, known } = withWeights(graph, weights);
  const typed = castIntegerInputs(standalone, inputs);
  const finished = separateOutputs(renameOutputs(typed, options));
  dumpGraph(finished, 'optimized');
  const outputShapes = new Map(
    first.outputs.map((output, index) => [
      output.name.slice('out:'.length),
      symbolicShape(
        traces.map((trace) => trace.outputs[index]?.value.shape ?? []),
        symbols,
      ),
    ]),
  );
  const model = emitOnnx(finished, known);
  return writeOnnx({
    ...model,
    inputs: Object.entries(inputs).map(
      ([input, { dtype, shape }]): OnnxValueInfo => ({ name: input, dtype, shape }),
    ),
    outputs: model.outputs.map((output) => ({
      ...output,
      shape: outputShapes.get(output.name) ?? output.shape,
    })),
    metadata: options.metadata ?? {},
  });
}

function traceAt(
  fn: TensorFunction,
  options: ExportOptions,
  symbols: readonly SizeSymbol[],
  trace: number,
): Graph {
  const sizes = new Map(symbols.map((symbol) => [symbol.name, symbol.sizes[trace] ?? 1]));
  const inputs = Object.fromEntries(
    Object.entries(options.inputs).map(([input, { dtype, shape }]): [string, TensorSpec] => [
      input,
      {
        dtype: dtype === 'float32' ? 'float32' : 'int32',
        shape: shape.map((size) => (typeof size === 'number' ? size : (sizes.get(size) ?? 1))),
      },
    ]),
  );
  const traced = traceFunction(fn, { name: options.name, inputs, variables: options.weights });
  if (traced.maskSites.length > 0) {
    throw new Error(`'${options.name}' draws random masks: only functions without dropout can be exported`);
  }
  const wanted = options.outputs?.map((output) => `out:${output}`);
  const outputs =
    wanted === undefined ? traced.graph.outputs : wanted.map((output) => findOutput(traced.graph, output));
  return optimizeForExport({
    ...traced.graph,
    outputs: outputs.filter((output) => output.name.startsWith('out:')),
  });
}

function findOutput(graph: Graph, name: string): NamedValue {
  const output = graph.outputs.find((candidate) => candidate.name === name);
  if (output === undefined) throw new Error(`'${graph.name}' has no output '${name.slice('out:'.length)}'`);
  return output;
}

function bindSymbols(
  graph: Graph,
  inputs: ExportOptions['inputs'],
  symbols: readonly SizeSymbol[],
): readonly BoundSymbol[] {
  return symbols.map((symbol) => {
    for (const [name, { shape }] of Object.entries(inputs)) {
      const axis = shape.indexOf(symbol.name);
      const input = graph.inputs.find((candidate) => candidate.name === `in:${name}`);
      if (axis !== -1 && input !== undefined) return { ...symbol, input: input.value, axis };
    }
    throw new Error(`no input has the dimension '${symbol.name}'`);
  });
}

/** Turns the inputs that stand for weights into constants with the weights' names; unused ones disappear. */
function withWeights(
  graph: Graph,
  weights: NamedHostTensors,
): { graph: Graph; known: ReadonlyMap<Value, string> } {
  const used = new Set<Value | undefined>([
    ...graph.nodes.flatMap((node) => node.inputs),
    ...graph.outputs.map(({ value }) => value),
  ]);
  const constants = new Map(graph.constants);
  const known = new Map<Value, string>();
  const inputs: NamedValue[] = [];
  for (const input of graph.inputs) {
    const weight = input.name.startsWith('variable:') ? input.name.slice('variable:'.length) : undefined;
    if (weight === undefined) inputs.push(input);
    else if (used.has(input.value)) {
      const tensor = weights[weight];
      if (tensor === undefined) throw new Error(`no weight '${weight}'`);
      constants.set(input.value, tensor.data);
      known.set(input.value, weight);
    }
  }
  return { graph: { ...graph, inputs, constants }, known };
}

/** Gives the inputs their own names and types; int64 ones are cast to what the function takes. */
function castIntegerInputs(graph: Graph, inputs: ExportOptions['inputs']): Graph {
  const casts: GraphNode[] = [];
  const renamed = graph.inputs.map(({ name, value }): NamedValue => {
    const input = name.slice('in:'.length);
    if (inputs[input]?.dtype !== 'int64') return { name: input, value };
    const wide = createValue('int64', value.shape);
    casts.push({ op: 'Cast', domain: '', inputs: [wide], outputs: [value], attributes: { to: int(6) } });
    return { name: input, value: wide };
  });
  return { ...graph, inputs: renamed, nodes: [...casts, ...graph.nodes] };
}

function renameOutputs(graph: Graph, { inputs, weights }: ExportOptions): Graph {
  const outputs = graph.outputs.map(({ name, value }) => ({ name: name.slice('out:'.length), value }));
  for (const { name } of outputs) {
    if (inputs[name] !== undefined || weights[name] !== undefined) {
      throw new Error(`'${graph.name}': the output '${name}' has the name of an input or a weight`);
    }
  }
  return { ...graph, outputs };
}

function symbolicShape(
  shapes: readonly (readonly number[])[],
  symbols: readonly SizeSymbol[],
): (number | string)[] {
  return (shapes[0] ?? []).map((size, axis) => {
    const sizes = shapes.map((shape) => shape[axis] ?? 1);
    if (sizes.every((other) => other === size)) return size;
    const expression = solveSize(sizes, symbols);
    if (expression === undefined || isConstant(expression))
      throw new Error(`sizes ${sizes} of an output follow no rule`);
    return printSize(expression, symbols);
  });
}
