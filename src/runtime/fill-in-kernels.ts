import * as tf from '@tensorflow/tfjs';

/**
 * Gives a backend the kernels that it lacks and TensorFlow.js's `cpu` backend has.
 *
 * The `wasm` backend has no `UnsortedSegmentSum` (the gradient of `gather`), for instance. A kernel that is filled in
 * copies its inputs to the host, computes there and copies the results back: right, not fast.
 */
export async function fillInKernels(backendName: string): Promise<void> {
  const own = new Set(tf.getKernelsForBackend(backendName).map((kernel) => kernel.kernelName));
  const cpu = tf.findBackend('cpu');
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    if (own.has(kernel.kernelName)) continue;
    tf.registerKernel({
      kernelName: kernel.kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const target = tf.engine().backend;
        const copied: tf.TensorInfo[] = [];
        const toHost = (info: tf.TensorInfo): tf.TensorInfo => {
          const values = target.readSync(info.dataId);
          const copy = {
            dataId: cpu.write(values, info.shape, info.dtype),
            shape: info.shape,
            dtype: info.dtype,
          };
          copied.push(copy);
          return copy;
        };
        const results = kernel.kernelFunc({
          inputs: mapInputs(inputs, toHost),
          attrs: attrs ?? {},
          backend: cpu,
        });
        const back = (info: tf.TensorInfo): tf.TensorInfo => {
          const values = cpu.readSync(info.dataId);
          return {
            dataId: target.write(values, info.shape, info.dtype),
            shape: info.shape,
            dtype: info.dtype,
          };
        };
        const list = Array.isArray(results) ? results : [results];
        const moved = list.map(back);
        for (const info of new Set([...copied, ...list].map(({ dataId }) => dataId)))
          cpu.disposeData(info, true);
        const [first] = moved;
        return Array.isArray(results) || first === undefined ? moved : first;
      },
    });
  }
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
