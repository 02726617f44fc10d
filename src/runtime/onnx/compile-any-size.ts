import type * as ort from 'onnxruntime-node';
import type { OnnxModel } from '../../formats/onnx/model.js';
import { writeOnnx } from '../../formats/onnx/write-onnx.js';
import type { HostTensor, TensorFunction } from '../runtime.js';
import { emitOnnx } from './emit-onnx.js';
import { type Graph, type Port, portsOf } from './graph.js';
import type { OnnxVariables } from './onnx-variables.js';
import { finishGraph, optimizeGraph } from './passes/index.js';
import { dumpGraph } from './print-graph.js';
import { createSession, feedsOf, type KeptPlan, type Program, type SessionChoice } from './session.js';
import { type AnySizeGraph, type AnySizeOptions, traceAtAnySize } from './trace-any-size.js';

/** Makes one session of a function for all sizes of its named dimensions; see `traceAtAnySize` for which functions can be. */
export async function compileAnySize(
  fn: TensorFunction,
  options: Omit<AnySizeOptions, 'variables'>,
  variables: OnnxVariables,
  choice: SessionChoice,
  kept: KeptPlan,
): Promise<Program> {
  const plan = kept(() => planAnySize(fn, options, variables));
  const session = await createSession(options.name, plan.model, choice);
  const feed = feedsOf(plan.inputs, variables);
  return {
    session,
    run: async (feeds) =>
      Object.fromEntries(
        Object.entries(await session.run(feed(feeds))).map(([name, tensor]) => [
          name.slice('out:'.length),
          hostTensorOf(tensor),
        ]),
      ),
  };
}

/** A function of any size as data: the bytes of an ONNX file, and what it reads. */
function planAnySize(
  fn: TensorFunction,
  options: Omit<AnySizeOptions, 'variables'>,
  variables: OnnxVariables,
): { readonly model: Uint8Array; readonly inputs: readonly Port[] } {
  const { graph: traced, outputShapes } = traceAtAnySize(
    fn,
    { ...options, variables: variables.specs },
    (trace) => optimizeGraph(withoutUpdates(trace)),
  );
  const graph = finishGraph(traced);
  dumpGraph(graph, 'optimized');
  const model = withNamedDimensions(emitOnnx(graph), options.inputs, outputShapes);
  return { model: writeOnnx(model), inputs: portsOf(graph.inputs) };
}

function withoutUpdates(traced: Graph): Graph {
  const update = traced.outputs.find(({ name }) => !name.startsWith('out:'));
  if (update === undefined) return traced;
  throw new Error(`'${traced.name}' has named dimensions and an ${update.name}: it can only give outputs`);
}

function withNamedDimensions(
  model: OnnxModel,
  inputs: AnySizeOptions['inputs'],
  outputShapes: AnySizeGraph['outputShapes'],
): OnnxModel {
  return {
    ...model,
    inputs: model.inputs.map((input) => ({
      ...input,
      shape: (input.name.startsWith('in:') ? inputs[input.name.slice('in:'.length)] : input)?.shape ?? [],
    })),
    outputs: model.outputs.map((output) => ({ ...output, shape: outputShapes.get(output.name) ?? [] })),
  };
}

function hostTensorOf({ data, dims }: ort.Tensor): HostTensor {
  const shape = [...dims];
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (data instanceof Int32Array) return { dtype: 'int32', shape, data };
  throw new Error('a session gave a tensor that is neither float32 nor int32');
}
