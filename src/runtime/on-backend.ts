/** Helpers of the runtimes around TensorFlow.js's one active backend. */

import type { FunctionResult, TensorSpec } from './runtime.js';
import * as tf from './tfjs.js';

/** Calls `body` while TensorFlow.js uses the given backend, which must be ready. */
export function onBackend<T>(name: string, body: () => T): T {
  const engine = tf.engine();
  const before = engine.backendName;
  if (before === name) return body();
  tf.setBackend(name);
  try {
    return body();
  } finally {
    if (before != null && tf.findBackend(before) != null) tf.setBackend(before);
  }
}

/** Throws when an update names no variable or has another shape or type than its variable. */
export function checkUpdates(
  functionName: string,
  result: FunctionResult,
  variables: Readonly<Record<string, TensorSpec>>,
): void {
  for (const [name, tensor] of Object.entries(result.updates ?? {})) {
    const spec = variables[name];
    if (spec === undefined) throw new Error(`'${functionName}' updates '${name}', which is no variable`);
    if (spec.dtype !== tensor.dtype || `${spec.shape}` !== `${tensor.shape}`) {
      throw new Error(
        `'${functionName}' updates '${name}' (${spec.dtype} [${spec.shape}]) with ${tensor.dtype} [${tensor.shape}]`,
      );
    }
  }
}
