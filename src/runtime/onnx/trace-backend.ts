import * as tf from '../tfjs.js';
import { dataFrom, type Graph, type Value } from './graph.js';
import { GraphBuilder } from './graph-builder.js';
import { elementType, KernelCall, tensorType } from './kernel.js';
import { TRACE_KERNELS } from './kernels/index.js';
import { uniform } from './kernels/recording.js';

/** The name under which the backend is registered with TensorFlow.js. */
export const TRACE_BACKEND = 'roux-trace';

/** Arrays with more elements than this are looked at: a constant of equal numbers becomes an expanded scalar. */
const UNIFORM_FROM = 2;

/** What stands behind a tensor: a value of the graph that is being recorded, or data known beforehand. */
type Entry =
  | { readonly kind: 'value'; readonly graph: GraphBuilder; readonly value: Value }
  | {
      readonly kind: 'data';
      readonly values: ArrayLike<number>;
      readonly shape: number[];
      readonly dtype: tf.DataType;
    };

/**
 * A TensorFlow.js backend that records operations in a graph instead of computing them.
 *
 * Data that comes from outside (literals, tensors of other backends) becomes a constant of the graph that uses it.
 */
export class TraceBackend extends tf.KernelBackend {
  private readonly entries = new tf.DataStorage<Entry>(this, tf.engine());
  private graph: GraphBuilder | undefined;
  private readonly constants = new Map<object, Value>();

  /** Records what `body` does, in a new graph. */
  record(name: string, body: (graph: GraphBuilder) => Graph): Graph {
    if (this.graph !== undefined)
      throw new Error(`'${name}' is traced while '${this.graph.name}' is being traced`);
    const graph = new GraphBuilder(name);
    this.graph = graph;
    try {
      return body(graph);
    } finally {
      this.graph = undefined;
      this.constants.clear();
    }
  }

  /** A tensor for a value of the graph that is being recorded. */
  tensorOf(value: Value): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.infoOf(value), this);
  }

  /** The value behind a tensor. */
  graphValueOf(tensor: { readonly dataId: object }): Value {
    const entry = this.entries.get(tensor.dataId);
    const graph = this.recording();
    if (entry.kind === 'value') {
      if (entry.graph !== graph) {
        throw new Error(
          `'${graph.name}' uses a tensor that was made while '${entry.graph.name}' was being traced`,
        );
      }
      return entry.value;
    }
    const known = this.constants.get(tensor.dataId);
    if (known !== undefined) return known;
    const dtype = elementType(entry.dtype);
    const first = entry.values[0] ?? 0;
    const isUniform = entry.values.length >= UNIFORM_FROM && everyElementIs(entry.values, first);
    const value = isUniform
      ? uniform(graph, dtype, entry.shape, first)
      : entry.shape.length === 0
        ? graph.scalar(dtype, first)
        : graph.constant(dtype, entry.shape, dataFrom(dtype, Array.from(entry.values)));
    this.constants.set(tensor.dataId, value);
    return value;
  }

  /** The description of a new tensor for a value. */
  infoOf(value: Value): tf.TensorInfo {
    const dataId = {};
    this.entries.set(dataId, { kind: 'value', graph: this.recording(), value });
    return { dataId, shape: [...value.shape], dtype: tensorType(value.dtype) };
  }

  /** The graph that is being recorded. */
  recording(): GraphBuilder {
    if (this.graph === undefined)
      throw new Error('the onnx runtime computes nothing outside a compiled function');
    return this.graph;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const dataId = {};
    this.move(dataId, values, shape, dtype);
    return dataId;
  }

  override move(dataId: object, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    this.entries.set(dataId, { kind: 'data', values: numbersOf(values), shape, dtype });
  }

  override readSync(dataId: object): tf.BackendValues {
    const entry = this.entries.get(dataId);
    if (entry.kind === 'data')
      return dataFrom(elementType(entry.dtype), Array.from(entry.values)) as tf.BackendValues;
    throw new Error(
      `'${entry.graph.name}' reads the data of a tensor [${entry.value.shape}] while it is being traced; ` +
        'a compiled function can only compute with tensors, not look into them (dataSync, arraySync, data, print)',
    );
  }

  override read(dataId: object): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override disposeData(dataId: object): boolean {
    if (this.entries.has(dataId)) this.entries.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.entries.numDataIds();
  }

  override refCount(): number {
    return 1;
  }

  override incRef(): void {}

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}
}

/** The backend, registered with TensorFlow.js together with its kernels at the first call. */
export function traceBackend(): TraceBackend {
  if (registered === undefined) {
    const backend = new TraceBackend();
    tf.registerBackend(TRACE_BACKEND, () => backend, 0);
    for (const kernel of TRACE_KERNELS) {
      tf.registerKernel({
        kernelName: kernel.name,
        backendName: TRACE_BACKEND,
        kernelFunc: ({ inputs, attrs }) => {
          const values = Object.fromEntries(
            Object.entries(inputs).flatMap(([name, info]) =>
              info == null ? [] : [[name, operandOf(backend, info)]],
            ),
          );
          const result = kernel.record(new KernelCall(kernel.name, backend.recording(), values, attrs ?? {}));
          return 'id' in result ? backend.infoOf(result) : result.map((value) => backend.infoOf(value));
        },
      });
    }
    registered = backend;
  }
  return registered;
}

let registered: TraceBackend | undefined;

function operandOf(backend: TraceBackend, info: tf.TensorInfo | readonly tf.TensorInfo[]): Value {
  if ('dataId' in info) return backend.graphValueOf(info);
  throw new Error('a kernel was called with a nested list of inputs');
}

function numbersOf(values: tf.BackendValues): ArrayLike<number> {
  if (values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array)
    return values;
  throw new Error('the onnx runtime has no tensors of strings');
}

function everyElementIs(values: ArrayLike<number>, expected: number): boolean {
  for (let index = 0; index < values.length; index += 1)
    if (!Object.is(values[index], expected)) return false;
  return true;
}
