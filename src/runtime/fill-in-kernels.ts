import * as tf from './tfjs.js';

/**
 * Gives a backend the kernels that it lacks and TensorFlow.js's `cpu` backend has, and lets `cpu` compute where the
 * backend's own kernel is known to be wrong.
 *
 * The `wasm` backend has no `UnsortedSegmentSum` (the gradient of `gather`), for instance. A kernel that is filled in
 * copies its inputs to the host, computes there and copies the results back: right, not fast.
 */
export function fillInKernels(backendName: string): void {
  if (filled.has(backendName)) return;
  filled.add(backendName);
  const own = new Map(tf.getKernelsForBackend(backendName).map((kernel) => [kernel.kernelName, kernel]));
  const wrong = WRONG[backendName] ?? {};
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    const { kernelName } = kernel;
    const original = own.get(kernelName);
    const isWrong = wrong[kernelName];
    if (original !== undefined && isWrong === undefined) continue;
    if (original !== undefined) tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({
      kernelName,
      backendName,
      ...(original?.setupFunc === undefined ? {} : { setupFunc: original.setupFunc }),
      kernelFunc: (call) =>
        original === undefined || isWrong === undefined || isWrong(call.inputs, call.attrs ?? {})
          ? computeOnCpu(kernel, call.inputs, call.attrs ?? {})
          : original.kernelFunc(call),
    });
  }
}

const filled = new Set<string>();

/** Says for which calls a kernel is wrong. */
type WrongWhere = (inputs: tf.NamedTensorInfoMap, attributes: tf.NamedAttrMap) => boolean;

/** Shapes in which data was the right operand of a matrix product before. */
const rightOperandShapes = new WeakMap<object, string>();

/** Mistakes of tfjs-backend-wasm 4.22, each found by comparing with `cpu`. */
const WRONG_ON_WASM: Readonly<Record<string, WrongWhere>> = {
  // Numbers become the byte they begin with instead of 0 or 1.
  Cast: (_, { dtype }) => dtype === 'bool',
  // Ignores the batch when it picks rows.
  GatherV2: (_, { batchDims }) => batchDims !== undefined && batchDims !== 0,
  // Writes values other than 0 and 1, and floats, wrongly.
  OneHot: (_, { dtype, onValue, offValue }) => dtype !== 'int32' || onValue !== 1 || offValue !== 0,
  // Floats stay floats.
  FloorDiv: ({ a }) => a?.dtype !== 'int32',
  // Remembers the operator made for the right operand's data, also when that has another shape by now.
  BatchMatMul: ({ b }) => {
    if (b === undefined) return false;
    const shape = b.shape.join();
    const known = rightOperandShapes.get(b.dataId) ?? shape;
    rightOperandShapes.set(b.dataId, known);
    return known !== shape;
  },
};

/** Mistakes of backends, by name. */
const WRONG: Readonly<Record<string, Readonly<Record<string, WrongWhere>>>> = {
  wasm: WRONG_ON_WASM,
  // Mistakes of tfjs-node 4.22. FloorDiv: floats stay floats.
  tensorflow: { FloorDiv: ({ a }) => a?.dtype !== 'int32' },
};

function computeOnCpu(
  kernel: tf.KernelConfig,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo | tf.TensorInfo[] {
  const cpu = tf.findBackend('cpu');
  const target = tf.engine().backend;
  const copied: tf.TensorInfo[] = [];
  const toHost = (info: tf.TensorInfo): tf.TensorInfo => {
    const values = target.readSync(info.dataId);
    const copy = { dataId: cpu.write(values, info.shape, info.dtype), shape: info.shape, dtype: info.dtype };
    copied.push(copy);
    return copy;
  };
  const results = kernel.kernelFunc({ inputs: mapInputs(inputs, toHost), attrs, backend: cpu });
  const list = Array.isArray(results) ? results : [results];
  const moved = list.map((info) => {
    const values = cpu.readSync(info.dataId);
    return { dataId: target.write(values, info.shape, info.dtype), shape: info.shape, dtype: info.dtype };
  });
  for (const dataId of new Set([...copied, ...list].map((info) => info.dataId)))
    cpu.disposeData(dataId, true);
  const [first] = moved;
  return Array.isArray(results) || first === undefined ? moved : first;
}

function mapInputs(
  inputs: tf.NamedTensorInfoMap,
  map: (info: tf.TensorInfo) => tf.TensorInfo,
): tf.NamedTensorInfoMap {
  const entries = Object.entries(inputs).map(
    ([name, info]) => [name, info == null ? info : map(info)] as const,
  );
  if (!Array.isArray(inputs)) return Object.fromEntries(entries);
  return Object.assign([], Object.fromEntries(entries));
}
