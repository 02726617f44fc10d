/**
 * Runs that write their results where the caller wants them, and nowhere else.
 *
 * ONNX Runtime's Node package writes outputs into the memory that it is given, and then copies every one of them into a new
 * array as well: the gradients of all weights, at every step. It makes these copies after the run, in the order of the model's
 * outputs, and gives up with an error at one that is no tensor. So models get an empty sequence as their first output, before
 * anything that could be copied; see docs/adr/0100.
 */
import * as ort from 'onnxruntime-node';
import type { OnnxModel } from '../../formats/onnx/model.js';

/** The output that ends the copying, and the one that tells whether the model was run by then. */
const SEQUENCE = 'roux:nothing';
const DONE = 'roux:done';

/** A model whose outputs `runInPlace` writes. */
export function forRunsInPlace(model: OnnxModel): OnnxModel {
  return {
    ...model,
    sequenceOutputs: [{ name: SEQUENCE, dtype: 'float32' }],
    outputs: [...model.outputs, { name: DONE, dtype: 'int32', shape: [] }],
    initializers: { ...model.initializers, [DONE]: { dtype: 'int32', shape: [], data: Int32Array.of(1) } },
    nodes: [
      ...model.nodes,
      { name: SEQUENCE, op: 'SequenceEmpty', domain: '', inputs: [], outputs: [SEQUENCE], attributes: {} },
    ],
  };
}

/**
 * Runs the session of such a model.
 *
 * @param fetches receives the outputs; others are not computed.
 */
export async function runInPlace(
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, ort.Tensor>>,
  fetches: Readonly<Record<string, ort.Tensor>>,
): Promise<void> {
  const done = Int32Array.of(0);
  try {
    await session.run(feeds, { [SEQUENCE]: null, ...fetches, [DONE]: new ort.Tensor('int32', done, []) });
  } catch (error) {
    if (done[0] !== 1) throw error;
  }
}
