import type { OnnxValueInfo } from '../../formats/onnx/model.js';
import { writeOnnx } from '../../formats/onnx/write-onnx.js';
import type { InputSpec, NamedHostTensors, TensorFunction } from '../runtime.js';
import { emitOnnx } from './emit-onnx.js';
import { createValue, type Graph, type GraphNode, type NamedValue, type Value } from './graph.js';
import { int } from './graph-builder.js';
import { optimizeForExport } from './passes/index.js';
import { separateOutputs } from './passes/separate-outputs.js';
import { dumpGraph } from './print-graph.js';
import { type AnySizeOptions, traceAtAnySize } from './trace-any-size.js';

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
  /** At which sizes the function is traced, as in `AnySizeOptions`. */
  readonly sizes?: AnySizeOptions['sizes'];
}

/**
 * A function as a standalone ONNX model of ONNX's own operations that stock ONNX Runtime runs at any size.
 *
 * The function is traced at three sizes of every named dimension; shapes and other numbers that differ between the
 * traces are computed inside the model. Functions that draw random masks cannot be exported. Throws when the traces
 * differ in what they compute.
 */
export function exportToOnnx(fn: TensorFunction, options: ExportOptions): Uint8Array {
  const { inputs, weights } = options;
  const { graph, outputShapes } = traceAtAnySize(fn, tracedOptions(options), (traced) =>
    optimizeForExport({ ...traced, outputs: chooseOutputs(traced, options.outputs) }),
  );
  const { graph: standalone, known } = withWeights(graph, weights);
  const typed = castIntegerInputs(standalone, inputs);
  const finished = separateOutputs(renameOutputs(typed, options));
  dumpGraph(finished, 'optimized');
  const model = emitOnnx(finished, known);
  return writeOnnx({
    ...model,
    inputs: Object.entries(inputs).map(
      ([input, { dtype, shape }]): OnnxValueInfo => ({ name: input, dtype, shape }),
    ),
    outputs: model.outputs.map((output) => ({
      ...output,
      shape: outputShapes.get(`out:${output.name}`) ?? output.shape,
    })),
    metadata: options.metadata ?? {},
  });
}

/** int64 inputs reach the function as int32. */
function tracedOptions({ name, inputs, weights, sizes }: ExportOptions): AnySizeOptions {
  const specs = Object.entries(inputs).map(([input, { dtype, shape }]): [string, InputSpec] => [
    input,
    { dtype: dtype === 'float32' ? 'float32' : 'int32', shape },
  ]);
  return { name, inputs: Object.fromEntries(specs), variables: weights, sizes };
}

function chooseOutputs(graph: Graph, names: readonly string[] | undefined): readonly NamedValue[] {
  if (names === undefined) return graph.outputs.filter(({ name }) => name.startsWith('out:'));
  return names.map((name) => {
    const output = graph.outputs.find((candidate) => candidate.name === `out:${name}`);
    if (output === undefined) throw new Error(`'${graph.name}' has no output '${name}'`);
    return output;
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
