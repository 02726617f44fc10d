/** What identifies a runtime in stage keys. Loads no tensor library: the engine calls it before every plan. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { RuntimeName } from './runtime.js';

/**
 * Counts up whenever tracing, passes, kernels or `randomMask` change the bytes of results, so that results of older
 * versions of roux are computed again.
 */
const REVISION = 5;

/**
 * Everything that can change the bytes of a result: the runtime, versions of its libraries, threads where they decide
 * in which order sums are taken, and the platform. Equal fingerprints on processors of different generations may
 * differ in the last bits, because the libraries choose instructions by processor.
 */
export function runtimeFingerprint(name: RuntimeName, threads: number): string {
  const platform = `${process.platform}-${process.arch}`;
  const core = `tfjs ${installedVersion('@tensorflow/tfjs') ?? 'missing'}`;
  const revision = `revision ${REVISION}`;
  switch (name) {
    case 'onnx': {
      const version = installedVersion('onnxruntime-node') ?? 'missing';
      return [`onnx ${version}`, 'cpu', `${threads} threads`, core, platform, revision].join('; ');
    }
    case 'tensorflow': {
      const installed = TENSORFLOW_PACKAGES.map((id) => [id, installedVersion(id)] as const).find(
        ([, found]) => found,
      );
      const library = installed === undefined ? 'missing' : `${installed[0]} ${installed[1]}`;
      const device = installed?.[0].endsWith('-gpu') === true ? graphicsProcessors() : 'cpu';
      const parallel = `${tensorflowThreads()} threads`;
      return [`tensorflow ${library}`, device, parallel, core, platform, revision].join('; ');
    }
    case 'wasm': {
      const version = installedVersion('@tensorflow/tfjs-backend-wasm') ?? 'missing';
      return [`wasm ${version}`, core, revision].join('; ');
    }
    case 'cpu':
      return ['cpu', core, revision].join('; ');
  }
}

/**
 * How many threads libtensorflow divides a sum among: TensorFlow.js cannot tell it, so that the number of a recipe does not
 * count, but its environment variable and the processors do.
 */
function tensorflowThreads(): number {
  const told = Number(process.env.TF_NUM_INTRAOP_THREADS);
  return Number.isInteger(told) && told > 0 ? told : availableParallelism();
}

/** The models of the graphics processors that the CUDA driver shows this process; `cpu` where there is none. */
function graphicsProcessors(): string {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible === '' || visible === '-1') return 'cpu';
  try {
    const models = readdirSync(DRIVER_FOLDER).map((name) => {
      const text = readFileSync(join(DRIVER_FOLDER, name, 'information'), 'utf8');
      return /^Model:\s*(.+)$/m.exec(text)?.[1] ?? 'gpu';
    });
    if (models.length > 0)
      return [...models, ...(visible === undefined ? [] : [`visible ${visible}`])].join(', ');
  } catch {
    // Linux without the driver, or another system, which the packages have no CUDA for.
  }
  return 'cpu';
}

/** Where NVIDIA's driver for Linux describes the processors, a folder for each. */
const DRIVER_FOLDER = '/proc/driver/nvidia/gpus';

/** The packages that bring libtensorflow, in the order in which they are tried. */
export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** The version of an installed package as its package.json says, or `undefined` where it is not installed. */
export function installedVersion(packageName: string): string | undefined {
  const known = versions.get(packageName);
  if (known !== undefined) return known;
  const manifest = findManifest(packageName);
  if (manifest === undefined) return undefined;
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : undefined;
  if (version !== undefined) versions.set(packageName, version);
  return version;
}

const versions = new Map<string, string>();

/** The path of an installed package's package.json. Looks at folders itself: `exports` may hide the file. */
export function findManifest(packageName: string): string | undefined {
  const paths = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  for (const path of paths) {
    const manifest = join(path, packageName, 'package.json');
    try {
      readFileSync(manifest);
      return manifest;
    } catch {
      // Not in this folder: look in the next one.
    }
  }
  return undefined;
}

/** The folder of an installed package, or `undefined`. */
export function packageFolder(packageName: string): string | undefined {
  const manifest = findManifest(packageName);
  return manifest === undefined ? undefined : dirname(manifest);
}
