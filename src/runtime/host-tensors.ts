/** Checks and copies of tensors in host memory. */
import type { HostTensor, InputSpec, NamedHostTensors, TensorSpec } from './runtime.js';

/** Throws unless a host tensor has as many elements as its shape says. */
export function checkHostTensor(name: string, tensor: HostTensor): void {
  const size = tensor.shape.reduce((product, dimension) => product * dimension, 1);
  if (tensor.data.length !== size) {
    throw new Error(`'${name}' has shape [${tensor.shape}] but ${tensor.data.length} elements`);
  }
}

/** Throws unless a host tensor has the given type and shape. */
export function checkSpec(name: string, tensor: HostTensor, spec: TensorSpec): void {
  checkHostTensor(name, tensor);
  if (tensor.dtype !== spec.dtype || `${tensor.shape}` !== `${spec.shape}`) {
    throw new Error(`'${name}' is ${tensor.dtype} [${tensor.shape}], expected ${spec.dtype} [${spec.shape}]`);
  }
}

/** Throws unless exactly the expected tensors are given, each with its type and shape; the first to have a named dimension decides its size. */
export function checkFeeds(
  functionName: string,
  feeds: NamedHostTensors,
  specs: Readonly<Record<string, InputSpec>>,
): void {
  const sizes = new Map<string, number>();
  for (const name of Object.keys(feeds)) {
    if (specs[name] === undefined) throw new Error(`'${functionName}' has no input '${name}'`);
  }
  for (const [name, spec] of Object.entries(specs)) {
    const feed = feeds[name];
    if (feed === undefined) throw new Error(`'${functionName}' was run without its input '${name}'`);
    const shape = spec.shape.map((size, axis) => {
      if (typeof size === 'number') return size;
      const known = sizes.get(size) ?? feed.shape[axis] ?? 1;
      sizes.set(size, known);
      return known;
    });
    checkSpec(name, feed, { dtype: spec.dtype, shape });
  }
}

/** A host tensor of zeros. */
export function zeros(spec: TensorSpec): HostTensor {
  const size = spec.shape.reduce((product, dimension) => product * dimension, 1);
  return spec.dtype === 'float32'
    ? { dtype: 'float32', shape: [...spec.shape], data: new Float32Array(size) }
    : { dtype: 'int32', shape: [...spec.shape], data: new Int32Array(size) };
}

/** A copy with its own memory. */
export function copyHostTensor(tensor: HostTensor): HostTensor {
  const shape = [...tensor.shape];
  return tensor.dtype === 'float32'
    ? { dtype: 'float32', shape, data: tensor.data.slice() }
    : { dtype: 'int32', shape, data: tensor.data.slice() };
}
