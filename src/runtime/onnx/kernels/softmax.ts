/** Softmax and its logarithm. */
import { int } from '../graph-builder.js';
import { type KernelCall, resolveAxis, type TraceKernel } from '../kernel.js';

/** All kernels of this family. */
export const SOFTMAX_KERNELS: readonly TraceKernel[] = [
  { name: 'Softmax', record: (call) => record(call, 'Softmax', 'dim') },
  { name: 'LogSoftmax', record: (call) => record(call, 'LogSoftmax', 'axis') },
];

function record(call: KernelCall, op: string, attribute: string) {
  const x = call.input('logits');
  const attributes = { axis: int(resolveAxis(call.numberOr(attribute, -1), x.shape.length)) };
  return call.graph.emit({ op, inputs: [x], dtype: x.dtype, shape: x.shape, attributes });
}
