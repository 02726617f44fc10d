/** The names of the tensor runtimes: what a recipe's `runtime` and the option `--runtime` may be. */
import type { RuntimeName } from '../runtime/runtime.js';

/** Every runtime, the default first, in the order in which help, schema and reference list them. */
export const runtimeNames = [
  'onnx',
  'onnx-cuda',
  'onnx-webgpu',
  'tensorflow',
  'wasm',
  'cpu',
] as const satisfies readonly RuntimeName[];
