import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TENSORFLOW_PACKAGES } from '../../src/runtime/fingerprint.js';
import { packageFolder } from '../../src/runtime/installed-packages.js';

/**
 * `['tensorflow']` where libtensorflow is installed, else empty: to be added to the runtimes that a test runs on.
 *
 * Nobody has to have it; `test/reference/tensorflow.sh` builds it.
 */
export const tensorflowHere: readonly 'tensorflow'[] = TENSORFLOW_PACKAGES.some((name) => {
  const folder = packageFolder(name);
  return folder !== undefined && existsSync(join(folder, 'lib/napi-v8/tfjs_binding.node'));
})
  ? ['tensorflow']
  : [];
