import * as ort from 'onnxruntime-node';
import type { OnnxProvider } from '../onnx-provider.js';
import type { HostTensor, NamedHostTensors } from '../runtime.js';
import type { Port } from './graph.js';
import { type OnnxVariables, ortTensorOf } from './onnx-variables.js';

/** A compiled function without the checks that all have in common. */
export interface Program {
  /** Undefined where there is nothing for ONNX Runtime to do. */
  readonly session: ort.InferenceSession | undefined;
  run(feeds: NamedHostTensors, seed: number): Promise<Record<string, HostTensor>>;
}

/** What `make` gives, plain data and typed arrays; where it was kept, without calling it. */
export type KeptPlan = <T>(make: () => T) => T;

/** How sessions are created. */
export interface SessionChoice {
  readonly threads: number;
  readonly provider: OnnxProvider['provider'];
}

/** Only errors: ONNX Runtime warns about initializers that its own constant folding made superfluous. */
const LOG_ERRORS_ONLY = 3;

/** A session for a model, the bytes of an ONNX file; `name` is that of its profile. */
export function createSession(
  name: string,
  model: Uint8Array,
  { threads, provider }: SessionChoice,
): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    ...memory(),
    graphOptimizationLevel: 'all',
    logSeverityLevel: LOG_ERRORS_ONLY,
    ...profiling(name),
  });
}

/** What a graph's session is fed with: the inputs and variables that it uses. */
export function feedsOf(
  inputs: readonly Port[],
  variables: OnnxVariables,
): (feeds: NamedHostTensors) => Record<string, ort.Tensor> {
  const used = new Set(inputs.map(({ name }) => name));
  const usedVariables = Object.keys(variables.specs).filter((variable) => used.has(`variable:${variable}`));
  return (feeds) => {
    const ortFeeds: Record<string, ort.Tensor> = {};
    for (const [input, feed] of Object.entries(feeds)) {
      if (used.has(`in:${input}`)) ortFeeds[`in:${input}`] = ortTensorOf(feed);
    }
    for (const variable of usedVariables) ortFeeds[`variable:${variable}`] = variables.current(variable);
    return ortFeeds;
  };
}

/**
 * Where the process's malloc keeps what is freed (`TENSOR_PROCESS_ENVIRONMENT`), ONNX Runtime's own arenas are switched
 * off: every session would hold the memory of its largest run for good. Measured with training steps of four shapes:
 * 0.9 GB instead of 3.4 GB, and a third less processor time, because no pages are returned and paged in again.
 */
function memory(): ort.InferenceSession.SessionOptions {
  const keepsFreedMemory = process.platform === 'linux' && process.env.MALLOC_MMAP_MAX_ === '0';
  return keepsFreedMemory ? { enableCpuMemArena: false, enableMemPattern: false } : {};
}

/** `ROUX_PROFILE=FOLDER` makes ONNX Runtime write a profile per compiled function when it is disposed of. */
function profiling(name: string): ort.InferenceSession.SessionOptions {
  const folder = process.env.ROUX_PROFILE;
  return folder === undefined || folder === ''
    ? {}
    : { enableProfiling: true, profileFilePrefix: `${folder}/${name}` };
}
