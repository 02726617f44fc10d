import { checkUpdates, onBackend } from '../on-backend.js';
import { withMaskSource } from '../random-mask.js';
import type { NamedTensors, TensorFunction, TensorSpec } from '../runtime.js';
import * as tf from '../tfjs.js';
import type { ElementType, Graph, NamedValue, Value } from './graph.js';
import { cast } from './kernels/recording.js';
import { TRACE_BACKEND, traceBackend } from './trace-backend.js';

/** A place in a function where a random mask is drawn; its graph input is called `mask:SITE`. */
export interface MaskSite {
  readonly name: string;
  /** How many masks the function drew before. */
  readonly index: number;
  readonly shape: readonly number[];
  readonly keepProbability: number;
  /** What elements are that are kept; the others are 0. */
  readonly value: number;
}

/** A function as a graph. */
export interface TracedFunction {
  /**
   * Inputs are called `in:NAME`, `variable:NAME` and `mask:SITE`; outputs `out:NAME` and `update:NAME`.
   * Inputs that nothing uses are there, too.
   */
  readonly graph: Graph;
  readonly maskSites: readonly MaskSite[];
}

/**
 * Calls a function once with tensors that record what is done with them.
 *
 * Throws when the function uses an operation without a kernel, or looks into a tensor.
 */
export function traceFunction(
  fn: TensorFunction,
  options: {
    readonly name: string;
    readonly inputs: Readonly<Record<string, TensorSpec>>;
    readonly variables: Readonly<Record<string, TensorSpec>>;
  },
): TracedFunction {
  tf.enableProdMode();
  const backend = traceBackend();
  const maskSites: MaskSite[] = [];
  const graph = onBackend(TRACE_BACKEND, () =>
    backend.record(options.name, (builder) => {
      let outputs: readonly NamedValue[] = [];
      const placeholders = (prefix: string, specs: Readonly<Record<string, TensorSpec>>): NamedTensors =>
        Object.fromEntries(
          Object.entries(specs).map(([name, { dtype, shape }]) => [
            name,
            backend.tensorOf(builder.input(`${prefix}:${name}`, dtype, shape)),
          ]),
        );
      tf.tidy(() => {
        const inputs = placeholders('in', options.inputs);
        const variables = placeholders('variable', options.variables);
        const result = withMaskSource(
          (shape, keepProbability, site) => {
            const name = `mask:${site}`;
            maskSites.push({ name, index: site, shape, keepProbability, value: 1 });
            return backend.tensorOf(builder.input(name, 'float32', shape));
          },
          () => explainMissingKernel(options.name, () => fn(inputs, variables)),
        );
        checkUpdates(options.name, result, options.variables);
        outputs = [
          ...named('out', result.outputs, (tensor) => asHostType(backend.graphValueOf(tensor))),
          ...named('update', result.updates ?? {}, (tensor) => backend.graphValueOf(tensor)),
        ];
      });
      return builder.finish(outputs);

      function asHostType(value: Value): Value {
        const target: ElementType = value.dtype === 'float32' ? 'float32' : 'int32';
        return cast(builder, value, target);
      }
    }),
  );
  return { graph, maskSites };
}

function named(prefix: string, tensors: NamedTensors, lookUp: (tensor: tf.Tensor) => Value): NamedValue[] {
  return Object.entries(tensors).map(([name, tensor]) => ({
    name: `${prefix}:${name}`,
    value: lookUp(tensor),
  }));
}

function explainMissingKernel<T>(functionName: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const kernel = /kernel '(\w+)'.*backend/i.exec(message)?.[1];
    if (kernel === undefined) throw error;
    throw new Error(
      `the onnx runtime cannot trace '${functionName}': it uses the TensorFlow.js kernel '${kernel}', which has no ` +
        'counterpart in src/runtime/onnx/kernels yet',
      { cause: error },
    );
  }
}
