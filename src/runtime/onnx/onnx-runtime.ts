import { runtimeFingerprint } from '../fingerprint.js';
import { checkFeeds } from '../host-tensors.js';
import { type KeptFunctions, openKeptFunctions } from '../kept-functions.js';
import type { OnnxProvider, OnnxRuntimeName } from '../onnx-provider.js';
import type {
  CompiledFunction,
  CompileOptions,
  InputSpec,
  Runtime,
  RuntimeOptions,
  TensorFunction,
  TensorSpec,
} from '../runtime.js';
import { compileAnySize } from './compile-any-size.js';
import { compileFixedSize } from './compile-fixed-size.js';
import { OnnxVariables } from './onnx-variables.js';
import { dumpsGraphs } from './print-graph.js';
import type { KeptPlan, SessionChoice } from './session.js';

/** The runtime that traces functions and runs them in ONNX Runtime. */
export function openOnnxRuntime(
  name: OnnxRuntimeName,
  { provider }: OnnxProvider,
  { threads, keptFunctions }: RuntimeOptions,
): Runtime {
  const options: SessionChoice = { threads, provider };
  const fingerprint = runtimeFingerprint(name, threads);
  const kept = keptFunctions === undefined ? undefined : openKeptFunctions(keptFunctions);
  const open = new Set<CompiledFunction>();
  return {
    name,
    fingerprint,
    createVariables: (values) => new OnnxVariables(values),
    compile: async (fn, compileOptions) => {
      const keptPlan = keptPlanOf(kept, fingerprint, compileOptions);
      const compiled = await compile(fn, compileOptions, options, keptPlan, () => open.delete(compiled));
      open.add(compiled);
      return compiled;
    },
    dispose: async () => {
      for (const compiled of open) compiled.dispose();
    },
  };
}

async function compile(
  fn: TensorFunction,
  { name, inputs, sizes, variables }: CompileOptions,
  choice: SessionChoice,
  keptPlan: KeptPlan,
  onDispose: () => void,
): Promise<CompiledFunction> {
  if (!(variables instanceof OnnxVariables))
    throw new Error(`'${name}': the variables belong to another runtime`);
  const { session, run } = haveFixedShapes(inputs)
    ? await compileFixedSize(fn, { name, inputs }, variables, choice, keptPlan)
    : await compileAnySize(fn, { name, inputs, sizes }, variables, choice, keptPlan);
  let disposed = false;
  return {
    run: (feeds, { seed = 0 } = {}) =>
      variables.exclusively(async () => {
        if (disposed) throw new Error(`'${name}' was run after it was disposed of`);
        checkFeeds(name, feeds, inputs);
        return run(feeds, seed);
      }),
    dispose: () => {
      if (disposed) return;
      disposed = true;
      onDispose();
      void session?.release();
    },
  };
}

/** Keeps the plan of a function whose identity is known; not where its graphs are to be seen, which need a trace. */
function keptPlanOf(
  kept: KeptFunctions | undefined,
  fingerprint: string,
  { name, inputs, sizes, variables, identity }: CompileOptions,
): KeptPlan {
  if (kept === undefined || identity === undefined || dumpsGraphs() || !(variables instanceof OnnxVariables))
    return (make) => make();
  const key = {
    name,
    identity,
    // In order, which is that of the graph's inputs.
    inputs: Object.entries(inputs),
    sizes,
    variables: Object.entries(variables.specs),
    // Decides which updates become loops.
    memory: variables.arena?.memory.buffer.byteLength ?? 0,
    fingerprint,
  };
  return (make) => kept.get(key, make);
}

function haveFixedShapes(
  inputs: Readonly<Record<string, InputSpec>>,
): inputs is Readonly<Record<string, TensorSpec>> {
  return Object.values(inputs).every(({ shape }) => shape.every((size) => typeof size === 'number'));
}
