import { isOnnxRuntime, onnxProvider } from './onnx-provider.js';
import type { Runtime, RuntimeName, RuntimeOptions } from './runtime.js';

/**
 * Opens a runtime by name; its libraries are loaded now, not before.
 *
 * Throws a `UserError` that says what to install where `wasm` or `tensorflow` is not available.
 */
export async function openRuntime(name: RuntimeName, options: RuntimeOptions): Promise<Runtime> {
  if (!Number.isInteger(options.threads) || options.threads < 1) {
    throw new Error(`a runtime needs at least 1 thread, not ${options.threads}`);
  }
  if (isOnnxRuntime(name)) {
    const provider = onnxProvider(name);
    if (provider.fallback !== undefined) options.onFallback?.(provider.fallback);
    const { openOnnxRuntime } = await import('./onnx/onnx-runtime.js');
    return openOnnxRuntime(name, provider, options);
  }
  const { openEagerRuntime } = await import('./eager.js');
  return openEagerRuntime(name, options);
}
