import { TENSORFLOW_PACKAGES } from './fingerprint.js';
import { INSTALL_COMMANDS } from './install-commands.js';
import { findManifest, installedVersion } from './installed-packages.js';
import { isOnnxRuntime, onnxProvider } from './onnx-provider.js';
import type { RuntimeName } from './runtime.js';

/** What this machine has of one runtime. */
export interface RuntimeAvailability {
  readonly name: RuntimeName;
  readonly available: boolean;
  /** The packages that make it up, with versions: `onnxruntime-node 1.30.0`. */
  readonly version: string;
  /** One line: what it computes on when it is available, what is missing when it is not. */
  readonly detail: string;
  /** The command that adds it; only where it is missing and one command can add it. */
  readonly install?: string;
}

/**
 * Looks which runtimes this machine has, by loading each one's libraries and computing one small product with it.
 *
 * Takes up to some seconds and loads native libraries into the process: for `roux doctor`, not for runs.
 */
export async function availableRuntimes(): Promise<readonly RuntimeAvailability[]> {
  const result: RuntimeAvailability[] = [];
  for (const name of ['onnx', 'onnx-cuda', 'onnx-webgpu', 'tensorflow', 'wasm', 'cpu'] as const)
    result.push(await probe(name));
  return result;
}

async function probe(name: RuntimeName): Promise<RuntimeAvailability> {
  const packageName = packageOf(name);
  const installed = installedVersion(packageName);
  const version = installed === undefined ? '' : `${packageName} ${installed}`;
  const install = name === 'wasm' || name === 'tensorflow' ? { install: INSTALL_COMMANDS[name] } : {};
  if (installed === undefined) {
    return {
      name,
      available: false,
      version,
      detail: `the package ${packageName} is not installed`,
      ...install,
    };
  }
  const missing = isOnnxRuntime(name) ? onnxProvider(name).fallback : undefined;
  if (missing !== undefined) return { name, available: false, version, detail: missing };
  try {
    return { name, available: true, version, detail: await multiply(name) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const [message = 'does not load'] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    return { name, available: false, version, detail: message, ...install };
  }
}

/** Opens a runtime and multiplies 3 by 4 with it. */
async function multiply(name: RuntimeName): Promise<string> {
  const [{ openRuntime }, tf] = await Promise.all([import('./open-runtime.js'), import('./tfjs.js')]);
  const runtime = await openRuntime(name, { threads: 1 });
  const variables = runtime.createVariables({});
  const compiled = await runtime.compile(
    ({ x }) => ({ outputs: x === undefined ? {} : { product: tf.mul(x, 4) } }),
    { name: 'probe', inputs: { x: { shape: [1], dtype: 'float32' } }, variables },
  );
  const { product } = await compiled.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(3) } });
  compiled.dispose();
  variables.dispose();
  await runtime.dispose();
  if (product?.data[0] !== 12) throw new Error(`computes 3 * 4 = ${product?.data[0]}`);
  return DESCRIPTIONS[name];
}

const DESCRIPTIONS: Readonly<Record<RuntimeName, string>> = {
  onnx: 'compiled graphs in ONNX Runtime, on the CPU',
  'onnx-cuda': 'compiled graphs in ONNX Runtime, on a CUDA device',
  'onnx-webgpu': 'compiled graphs in ONNX Runtime, through WebGPU',
  tensorflow: 'eager on libtensorflow; on a CUDA device where one is found',
  wasm: 'eager in WebAssembly; for references',
  cpu: 'eager in JavaScript; for references',
};

function packageOf(name: RuntimeName): string {
  switch (name) {
    case 'onnx':
    case 'onnx-cuda':
    case 'onnx-webgpu':
      return 'onnxruntime-node';
    case 'tensorflow':
      return TENSORFLOW_PACKAGES.find((id) => findManifest(id) !== undefined) ?? TENSORFLOW_PACKAGES[0];
    case 'wasm':
      return '@tensorflow/tfjs-backend-wasm';
    case 'cpu':
      return '@tensorflow/tfjs';
  }
}
