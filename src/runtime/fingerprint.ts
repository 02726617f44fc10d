/** What identifies a runtime in stage keys. Loads no tensor library: the engine calls it before every plan. */
import { availableParallelism } from 'node:os';
import { type FoundManifest, installedVersion, lookForManifest, versionIn } from './installed-packages.js';
import { nvidiaProcessors, onnxProvider } from './onnx-provider.js';
import type { RuntimeName } from './runtime.js';

/**
 * Counts up whenever tracing, passes, kernels or `randomMask` change the bytes of results, so that results of older
 * versions of roux are computed again.
 */
const REVISION = 7;

/**
 * Everything that can change the bytes of a result: the runtime, versions of its libraries, threads where they decide
 * in which order sums are taken, and the platform. Equal fingerprints on processors of different generations may
 * differ in the last bits, because the libraries choose instructions by processor.
 *
 * Asks `versionOf` for the versions of packages.
 */
export function runtimeFingerprint(
  name: RuntimeName,
  threads: number,
  versionOf: (packageName: string) => string | undefined = installedVersion,
): string {
  const platform = `${process.platform}-${process.arch}`;
  const core = `tfjs ${versionOf('@tensorflow/tfjs') ?? 'missing'}`;
  const revision = `revision ${REVISION}`;
  switch (name) {
    case 'onnx':
    case 'onnx-cuda':
    case 'onnx-webgpu': {
      const version = versionOf('onnxruntime-node') ?? 'missing';
      const { device } = onnxProvider(name);
      return [`onnx ${version}`, device, `${threads} threads`, core, platform, revision].join('; ');
    }
    case 'tensorflow': {
      const installed = TENSORFLOW_PACKAGES.map((id) => [id, versionOf(id)] as const).find(
        ([, found]) => found,
      );
      const library = installed === undefined ? 'missing' : `${installed[0]} ${installed[1]}`;
      const device =
        installed?.[0].endsWith('-gpu') === true ? nvidiaProcessors().join(', ') || 'cpu' : 'cpu';
      const parallel = `${tensorflowThreads()} threads`;
      return [`tensorflow ${library}`, device, parallel, core, platform, revision].join('; ');
    }
    case 'wasm': {
      const version = versionOf('@tensorflow/tfjs-backend-wasm') ?? 'missing';
      return [`wasm ${version}`, core, revision].join('; ');
    }
    case 'cpu':
      return ['cpu', core, revision].join('; ');
  }
}

/** Runtimes of which a process finds out nothing but versions: no devices, drivers or environment variables. */
const KNOWN_BY_VERSIONS: readonly RuntimeName[] = ['onnx', 'wasm', 'cpu'];

/**
 * The files that decide a fingerprint besides the number of threads, the platform and roux itself; `undefined` where more than
 * files of packages decides it, or a package is missing or another by now.
 */
export function filesOfFingerprint(name: RuntimeName, threads: number): readonly FoundManifest[] | undefined {
  if (!KNOWN_BY_VERSIONS.includes(name)) return undefined;
  const asked = new Set<string>();
  runtimeFingerprint(name, threads, (packageName) => {
    asked.add(packageName);
    return installedVersion(packageName);
  });
  const files: FoundManifest[] = [];
  for (const packageName of asked) {
    const found = lookForManifest(packageName);
    // The version that a process went by is the one that it read first.
    if (found === undefined || versionIn(found) !== installedVersion(packageName)) return undefined;
    files.push(found);
  }
  return files;
}

/**
 * How many threads libtensorflow divides a sum among: TensorFlow.js cannot tell it, so that the number of a recipe does not
 * count, but its environment variable and the processors do.
 */
function tensorflowThreads(): number {
  const told = Number(process.env.TF_NUM_INTRAOP_THREADS);
  return Number.isInteger(told) && told > 0 ? told : availableParallelism();
}

/** The packages that bring libtensorflow, in the order in which they are tried. */
export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
