/** What the onnx runtime computes on. Loads no tensor library: keys are made of it before every plan. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from './installed-packages.js';
import type { RuntimeName } from './runtime.js';

/** The runtimes that are ONNX Runtime, by what they are asked to compute on. */
const ONNX_PROVIDERS = { onnx: 'cpu', 'onnx-cuda': 'cuda', 'onnx-webgpu': 'webgpu' } as const;

/** The name of a runtime that is ONNX Runtime. */
export type OnnxRuntimeName = keyof typeof ONNX_PROVIDERS;

/** What is computed on, and why where it is not what was asked for. */
export interface OnnxProvider {
  readonly provider: 'cpu' | 'cuda' | 'webgpu';
  /** The device, as it stands in keys: `cpu`, or the provider and the models of graphics processors. */
  readonly device: string;
  /** Why another provider was asked for in vain; absent where none was. */
  readonly fallback?: string;
}

/** True for the runtimes that are ONNX Runtime. */
export function isOnnxRuntime(name: RuntimeName): name is OnnxRuntimeName {
  return Object.hasOwn(ONNX_PROVIDERS, name);
}

/**
 * The provider that a runtime uses on this machine: the one that it is named after, or the processor where that is not
 * there.
 *
 * Decided from what lies on the disk, so that the key of a result names what really computes it. A provider that looks
 * available and then does not start is an error, not another fallback.
 */
export function onnxProvider(name: OnnxRuntimeName): OnnxProvider {
  const provider = ONNX_PROVIDERS[name];
  const missing =
    provider === 'cuda' ? missingForCuda() : provider === 'webgpu' ? missingForWebGpu() : undefined;
  if (missing !== undefined) {
    return {
      provider: 'cpu',
      device: 'cpu',
      fallback: `${name} computes on the processor: ${missing}`,
    };
  }
  const device =
    provider === 'cpu' ? 'cpu' : `${provider} ${nvidiaProcessors().join(', ') || process.platform}`;
  return { provider, device };
}

/** The models of the graphics processors that NVIDIA's driver for Linux shows this process. */
export function nvidiaProcessors(): readonly string[] {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible === '' || visible === '-1') return [];
  try {
    const models = readdirSync(DRIVER_FOLDER).map((name) => {
      const text = readFileSync(join(DRIVER_FOLDER, name, 'information'), 'utf8');
      return /^Model:\s*(.+)$/m.exec(text)?.[1] ?? 'gpu';
    });
    return models.length === 0 || visible === undefined ? models : [...models, `visible ${visible}`];
  } catch {
    // Linux without the driver, or another system.
    return [];
  }
}

/** Where NVIDIA's driver for Linux describes the processors, a folder for each. */
const DRIVER_FOLDER = '/proc/driver/nvidia/gpus';

/** ONNX Runtime's CUDA libraries are not part of the npm package; its install script fetches them. */
function missingForCuda(): string | undefined {
  if (nvidiaProcessors().length === 0)
    return 'there is no NVIDIA graphics processor, or its driver is not loaded';
  const folder = packageFolder('onnxruntime-node');
  const library = 'libonnxruntime_providers_cuda.so';
  const found =
    folder !== undefined &&
    existsSync(join(folder, 'bin', 'napi-v6', process.platform, process.arch, library));
  return found
    ? undefined
    : `onnxruntime-node has no ${library} (its install script fetches it: npm rebuild onnxruntime-node)`;
}

/** On Linux WebGPU runs on Vulkan and a render node; macOS and Windows have their own. */
function missingForWebGpu(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const hasVulkan = VULKAN_FOLDERS.some((folder) => existsSync(join(folder, 'libvulkan.so.1')));
  if (!hasVulkan) return 'WebGPU needs libvulkan.so.1, which is not installed';
  try {
    const nodes = readdirSync('/dev/dri').filter((name) => name.startsWith('renderD'));
    if (nodes.length > 0) return undefined;
  } catch {
    // No graphics devices at all.
  }
  return 'there is no graphics device (/dev/dri/renderD*)';
}

const VULKAN_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
