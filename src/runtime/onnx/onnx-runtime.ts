import { runtimeFingerprint } from '../fingerprint.js';
import { checkFeeds } from '../host-tensors.js';
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
import type { SessionChoice } from './session.js';

/** The runtime that traces functions and runs them in ONNX Runtime. */
export function openOnnxRuntime(
  name: OnnxRuntimeName,
  { provider }: OnnxProvider,
  { threads }: RuntimeOptions,
): Runtime {
  const options: SessionChoice = { threads, provider };
  const open = new Set<CompiledFunction>();
  return {
    name,
    fingerprint: runtimeFingerprint(name, threads),
    createVariables: (values) => new OnnxVariables(values),
    compile: async (fn, compileOptions) => {
      const compiled = await compile(fn, compileOptions, options, () => open.delete(compiled));
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
  onDispose: () => void,
): Promise<CompiledFunction> {
  if (!(variables instanceof OnnxVariables))
    throw new Error(`'${name}': the variables belong to another runtime`);
  const { session, run } = haveFixedShapes(inputs)
    ? await compileFixedSize(fn, { name, inputs }, variables, choice)
    : await compileAnySize(fn, { name, inputs, sizes }, variables, choice);
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

function haveFixedShapes(
  inputs: Readonly<Record<string, InputSpec>>,
): inputs is Readonly<Record<string, TensorSpec>> {
  return Object.values(inputs).every(({ shape }) => shape.every((size) => typeof size === 'number'));
}
