import { UserError } from '../artifacts/user-error.js';
import { fillInKernels } from './fill-in-kernels.js';
import { runtimeFingerprint, TENSORFLOW_PACKAGES } from './fingerprint.js';
import { checkFeeds, checkHostTensor, checkSpec, zeros } from './host-tensors.js';
import { INSTALL_COMMANDS } from './install-commands.js';
import { packageFolder } from './installed-packages.js';
import { checkUpdates, onBackend } from './on-backend.js';
import type { OnnxRuntimeName } from './onnx-provider.js';
import { eagerMaskSource, withMaskSource } from './random-mask.js';
import type {
  CompiledFunction,
  HostTensor,
  InitialValues,
  NamedTensors,
  Runtime,
  RuntimeName,
  RuntimeOptions,
  TensorSpec,
  Variables,
} from './runtime.js';
import * as tf from './tfjs.js';

/** The runtimes that call functions as they are. */
export type EagerRuntimeName = Exclude<RuntimeName, OnnxRuntimeName>;

/**
 * A runtime on one of TensorFlow.js's own backends.
 *
 * Throws a `UserError` where the backend's package is not installed or does not load.
 */
export async function openEagerRuntime(name: EagerRuntimeName, options: RuntimeOptions): Promise<Runtime> {
  tf.enableProdMode();
  const before = tf.engine().backendName;
  await LOAD[name]();
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js could not start its backend '${name}'`);
  if (name !== 'cpu') fillInKernels(name);
  if (before != null && tf.findBackend(before) != null) tf.setBackend(before);
  return {
    name,
    fingerprint: runtimeFingerprint(name, options.threads),
    createVariables: (values) => new EagerVariables(name, values),
    compile: async (fn, compileOptions): Promise<CompiledFunction> => {
      const { variables } = compileOptions;
      if (!(variables instanceof EagerVariables) || variables.backend !== name) {
        throw new Error(`'${compileOptions.name}': the variables belong to another runtime`);
      }
      return {
        run: async (feeds, { seed = 0 } = {}) => {
          checkFeeds(compileOptions.name, feeds, compileOptions.inputs);
          return onBackend(name, () => {
            const results: Record<string, HostTensor> = {};
            const updates: Record<string, tf.Tensor> = {};
            tf.tidy(() => {
              const inputs = Object.fromEntries(
                Object.entries(feeds).map(([key, feed]) => [key, tensorOf(feed)]),
              );
              const result = withMaskSource(eagerMaskSource(seed), () => fn(inputs, variables.tensors()));
              checkUpdates(compileOptions.name, result, variables.specs);
              for (const [key, output] of Object.entries(result.outputs)) results[key] = hostTensorOf(output);
              // A clone: an update may be an input, another variable, or the same tensor as another update.
              for (const [key, update] of Object.entries(result.updates ?? {}))
                updates[key] = tf.keep(update.clone());
            });
            variables.replace(updates);
            return results;
          });
        },
        dispose: () => {},
      };
    },
    dispose: async () => {},
  };
}

const LOAD: Readonly<Record<EagerRuntimeName, () => Promise<void>>> = {
  cpu: async () => {},
  wasm: async () => {
    const folder = packageFolder(WASM_PACKAGE);
    if (folder === undefined) throw missing('wasm', WASM_PACKAGE, []);
    const wasm: typeof import('@tensorflow/tfjs-backend-wasm') = await import(
      '@tensorflow/tfjs-backend-wasm'
    );
    wasm.setWasmPaths(`${folder}/dist/`);
  },
  tensorflow: async () => {
    const failures: Error[] = [];
    for (const name of TENSORFLOW_PACKAGES) {
      if (packageFolder(name) === undefined) continue;
      try {
        await import(name);
        return;
      } catch (error) {
        failures.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
    throw missing('tensorflow', TENSORFLOW_PACKAGES[0], failures);
  },
};

const WASM_PACKAGE = '@tensorflow/tfjs-backend-wasm';

function missing(name: 'wasm' | 'tensorflow', packageName: string, failures: readonly Error[]): UserError {
  const [failure] = failures;
  const [found] = (failure?.message ?? `the package ${packageName} is not installed`).split('\n');
  return new UserError(
    {
      code: 'runtime/missing',
      message: `The runtime '${name}' is not available on this machine.`,
      found: found ?? '',
      help: `Add it with: ${INSTALL_COMMANDS[name]} (or set 'runtime: onnx', which comes with roux)`,
    },
    failure === undefined ? {} : { cause: failure },
  );
}

class EagerVariables implements Variables {
  readonly specs: Readonly<Record<string, TensorSpec>>;
  private readonly values = new Map<string, tf.Tensor>();

  constructor(
    readonly backend: EagerRuntimeName,
    values: InitialValues,
  ) {
    this.specs = Object.fromEntries(
      Object.entries(values).map(([name, { dtype, shape }]) => [name, { dtype, shape: [...shape] }]),
    );
    for (const [name, value] of Object.entries(values))
      this.set(name, 'data' in value ? value : zeros(value));
  }

  async read(name: string): Promise<HostTensor> {
    const tensor = this.values.get(name);
    if (tensor === undefined) throw unknownVariable(name);
    return onBackend(this.backend, () => hostTensorOf(tensor));
  }

  write(name: string, value: HostTensor): void {
    const spec = this.specs[name];
    if (spec === undefined) throw unknownVariable(name);
    checkSpec(name, value, spec);
    this.set(name, value);
  }

  dispose(): void {
    for (const tensor of this.values.values()) tensor.dispose();
    this.values.clear();
  }

  tensors(): NamedTensors {
    return Object.fromEntries(this.values);
  }

  replace(updates: NamedTensors): void {
    for (const [name, tensor] of Object.entries(updates)) {
      this.values.get(name)?.dispose();
      this.values.set(name, tensor);
    }
  }

  private set(name: string, value: HostTensor): void {
    checkHostTensor(name, value);
    const tensor = onBackend(this.backend, () => tf.keep(tensorOf(value)));
    this.values.get(name)?.dispose();
    this.values.set(name, tensor);
  }
}

function unknownVariable(name: string): Error {
  return new Error(`there is no variable '${name}' (or the variables were disposed of)`);
}

/** A tensor with its own copy of the data: backends may keep the array they are given. */
function tensorOf(value: HostTensor): tf.Tensor {
  return tf.tensor(value.data.slice(), [...value.shape], value.dtype);
}

function hostTensorOf(tensor: tf.Tensor): HostTensor {
  const shape = [...tensor.shape];
  const data = tensor.dataSync();
  if (tensor.dtype === 'float32') return { dtype: 'float32', shape, data: Float32Array.from(data) };
  // Some kernels write 255 for true.
  const number = tensor.dtype === 'bool' ? (value: number) => Number(value !== 0) : (value: number) => value;
  return { dtype: 'int32', shape, data: Int32Array.from(data, number) };
}
