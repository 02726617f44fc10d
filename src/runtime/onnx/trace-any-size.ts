import type { InputSpec, TensorFunction, TensorSpec } from '../runtime.js';
import type { Graph } from './graph.js';
import { isConstant, printSize, type SizeSymbol, solveSize } from './size-expression.js';
import { traceFunction } from './trace.js';
import { type BoundSymbol, unifyTraces } from './unify-traces.js';

/** What is traced at several sizes. */
export interface AnySizeOptions {
  /** The graph's name. */
  readonly name: string;
  /** Inputs, some of whose dimensions have names instead of sizes. */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly variables: Readonly<Record<string, TensorSpec>>;
  /**
   * Three different sizes above 1 for each named dimension, at which the function is traced. Need to be given only
   * where the defaults (at most 13) are too large for the function, or not allowed.
   */
  readonly sizes?: Readonly<Record<string, readonly [number, number, number]>> | undefined;
}

/** One graph for all sizes. */
export interface AnySizeGraph {
  /** Named as `traceFunction` does; shapes are those of the first trace. */
  readonly graph: Graph;
  /** The shapes of the outputs in terms of the named dimensions, by the graph's names of them. */
  readonly outputShapes: ReadonlyMap<string, readonly (number | string)[]>;
}

/** Sizes for the first, second, ... named dimension; different primes, so that sizes are told apart. */
const DEFAULT_SIZES: readonly (readonly [number, number, number])[] = [
  [3, 5, 2],
  [7, 11, 13],
  [11, 2, 5],
  [13, 3, 7],
];

/**
 * Traces a function at three sizes of every named dimension and makes one graph of the three; shapes and other numbers that differ
 * between them are computed inside the graph. `optimize` is applied to each trace.
 *
 * Throws when the traces differ in what they compute, and for functions that draw random masks.
 */
export function traceAtAnySize(
  fn: TensorFunction,
  options: AnySizeOptions,
  optimize: (traced: Graph) => Graph,
): AnySizeGraph {
  const symbols = symbolsOf(options);
  const traces = [0, 1, 2].map((trace) => optimize(traceAt(fn, options, symbols, trace)));
  const [first] = traces;
  if (first === undefined) throw new Error('no trace');
  const outputShapes = first.outputs.map(({ name }, index) => {
    const shapes = traces.map((trace) => trace.outputs[index]?.value.shape ?? []);
    return [name, symbolicShape(shapes, symbols)] as const;
  });
  return {
    graph: unifyTraces(traces, bindSymbols(first, options.inputs, symbols)),
    outputShapes: new Map(outputShapes),
  };
}

function symbolsOf({ name, inputs, sizes }: AnySizeOptions): readonly SizeSymbol[] {
  const dimensions = Object.values(inputs).flatMap(({ shape }) => shape);
  const names = [...new Set(dimensions.filter((size) => typeof size === 'string'))];
  return names.map((symbol, index) => {
    const traced = sizes?.[symbol] ?? DEFAULT_SIZES[index];
    if (traced === undefined)
      throw new Error(`'${name}': more than ${DEFAULT_SIZES.length} named dimensions`);
    return { name: symbol, sizes: traced };
  });
}

function traceAt(
  fn: TensorFunction,
  { name, inputs, variables }: AnySizeOptions,
  symbols: readonly SizeSymbol[],
  trace: number,
): Graph {
  const sizes = new Map(symbols.map((symbol) => [symbol.name, symbol.sizes[trace] ?? 1]));
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([input, { dtype, shape }]): [string, TensorSpec] => [
      input,
      { dtype, shape: shape.map((size) => (typeof size === 'number' ? size : (sizes.get(size) ?? 1))) },
    ]),
  );
  const { graph, maskSites } = traceFunction(fn, { name, inputs: specs, variables });
  if (maskSites.length > 0) {
    throw new Error(`'${name}' draws random masks: only functions without dropout can be of any size`);
  }
  return graph;
}

function bindSymbols(
  graph: Graph,
  inputs: AnySizeOptions['inputs'],
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
