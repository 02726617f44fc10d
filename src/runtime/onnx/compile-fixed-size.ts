import type * as ort from 'onnxruntime-node';
import { writeOnnx } from '../../formats/onnx/write-onnx.js';
import { zeros } from '../host-tensors.js';
import type { HostTensor, TensorFunction, TensorSpec } from '../runtime.js';
import type { Arena } from '../wasm/arena.js';
import { createMasks, type Masks } from './create-masks.js';
import { emitOnnx } from './emit-onnx.js';
import { type Graph, type Port, portsOf, sizeOf } from './graph.js';
import { forRunsInPlace, runInPlace } from './in-place-run.js';
import { type OnnxVariables, ortTensorOf } from './onnx-variables.js';
import { absorbMaskScales } from './passes/absorb-mask-scales.js';
import { compactRows } from './passes/compact-rows.js';
import { finishGraph, optimizeGraph } from './passes/index.js';
import { type SplitGraph, splitUpdates, type UpdateLoop } from './passes/split-updates.js';
import { dumpGraph } from './print-graph.js';
import { type BoundLoops, bindLoops, loopOperands, NO_LOOPS } from './run-loops.js';
import { createSession, feedsOf, type KeptPlan, type Program, type SessionChoice } from './session.js';
import { type MaskSite, traceFunction } from './trace.js';

/** A function for inputs of fixed shapes, as data: what is left of it when it was traced. */
interface FixedSizePlan {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The bytes of an ONNX file; none where the graph computes nothing, because everything is done in loops. */
  readonly model: Uint8Array | undefined;
  readonly loops: readonly UpdateLoop[];
  /** The masks that the graph reads. */
  readonly maskSites: readonly MaskSite[];
}

/** Makes a function for inputs of fixed shapes; its updates become loops over the variables where there is memory. */
export async function compileFixedSize(
  fn: TensorFunction,
  options: { readonly name: string; readonly inputs: Readonly<Record<string, TensorSpec>> },
  variables: OnnxVariables,
  choice: SessionChoice,
  kept: KeptPlan,
): Promise<Program> {
  const plan = kept(() => planFixedSize(fn, options, variables));
  const session =
    plan.model === undefined ? undefined : await createSession(options.name, plan.model, choice);
  const feed = feedsOf(plan.inputs, variables);
  const outputs = specsOf(plan.outputs, 'out:');
  const updates = Object.keys(specsOf(plan.outputs, 'update:'));
  const { bound, masks } = bind(plan, variables);
  return {
    session,
    run: async (feeds, seed) => {
      const ortFeeds = { ...feed(feeds), ...masks.draw(seed), ...bound.prepare(feeds) };
      const results: Record<string, HostTensor> = {};
      const fetches: Record<string, ort.Tensor> = { ...bound.fetches };
      for (const [output, spec] of Object.entries(outputs)) {
        const result = zeros(spec);
        results[output] = result;
        fetches[`out:${output}`] = ortTensorOf(result);
      }
      for (const variable of updates) fetches[`update:${variable}`] = variables.next(variable);
      if (session !== undefined) await runInPlace(session, ortFeeds, fetches);
      bound.run(feeds);
      variables.commit(updates);
      return results;
    },
  };
}

/** Traces a function and optimizes it. Depends on the specs of the variables and the size of their memory, not on their values. */
function planFixedSize(
  fn: TensorFunction,
  options: { readonly name: string; readonly inputs: Readonly<Record<string, TensorSpec>> },
  variables: OnnxVariables,
): FixedSizePlan {
  const traced = traceFunction(fn, { ...options, variables: variables.specs });
  dumpGraph(traced.graph, 'traced');
  const { graph: scaled, maskSites } = absorbMaskScales(optimizeGraph(traced.graph), traced.maskSites);
  const { graph: split, loops } = splitWhereRoom(scaled, variables.arena);
  const graph = finishGraph(split);
  dumpGraph(graph, 'optimized', loops);
  const { inputs, outputs } = graph;
  const usedInputs = new Set(inputs.map((input) => input.name));
  return {
    model: outputs.length === 0 ? undefined : writeOnnx(forRunsInPlace(emitOnnx(graph))),
    inputs: portsOf(inputs),
    outputs: portsOf(outputs),
    loops,
    maskSites: maskSites.filter((site) => usedInputs.has(site.name)),
  };
}

/** Takes the updates out of a graph, if there is memory for what they read. */
function splitWhereRoom(graph: Graph, arena: Arena | undefined): SplitGraph {
  if (arena === undefined) return { graph, loops: [] };
  const split = compactRows(splitUpdates(graph));
  const sizes = loopOperands(split.loops, split.graph.outputs).map(({ elements }) => elements);
  return arena.transient(sizes) === undefined ? { graph, loops: [] } : split;
}

/** Gives loops and masks memory, that of one function's run: masks have arrays of their own where there is no room. */
function bind(
  { loops, maskSites: sites, outputs }: FixedSizePlan,
  variables: OnnxVariables,
): { readonly bound: BoundLoops; readonly masks: Masks } {
  const { arena } = variables;
  if (arena === undefined) {
    return { bound: NO_LOOPS, masks: createMasks(sites, undefined, undefined) };
  }
  const operands = loopOperands(loops, outputs).map(({ elements }) => elements);
  const drawn = sites.map(({ shape }) => sizeOf(shape));
  const together = arena.transient([...operands, ...drawn]);
  return {
    bound: bindLoops(loops, arena.transient(operands) ?? [], outputs, variables, arena),
    masks: createMasks(sites, arena, together?.slice(operands.length)),
  };
}

function specsOf(values: readonly Port[], prefix: string): Record<string, TensorSpec> {
  return Object.fromEntries(
    values
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, value }) => [
        name.slice(prefix.length),
        { dtype: value.dtype === 'float32' ? 'float32' : 'int32', shape: value.shape },
      ]),
  );
}
