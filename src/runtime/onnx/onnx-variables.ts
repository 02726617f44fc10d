import * as ort from 'onnxruntime-node';
import { checkHostTensor, checkSpec, copyHostTensor, zeros } from '../host-tensors.js';
import type { HostTensor, NamedHostTensors, TensorSpec, Variables } from '../runtime.js';

/** Two buffers of the same shape: one holds the value, the other receives the next one. */
interface Slot {
  current: Buffer;
  spare: Buffer | undefined;
}

/** Memory on the host and ONNX Runtime's view of it. */
interface Buffer {
  readonly host: HostTensor;
  readonly tensor: ort.Tensor;
}

/**
 * Variables in host memory that ONNX Runtime reads and writes without copies.
 *
 * A run reads each variable from one buffer and writes its update to another one; then the two change roles. The second
 * buffer is made when the first update comes, so that weights that are never trained take no more than their size.
 */
export class OnnxVariables implements Variables {
  readonly specs: Readonly<Record<string, TensorSpec>>;
  private readonly slots = new Map<string, Slot>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(values: NamedHostTensors) {
    for (const [name, value] of Object.entries(values)) {
      checkHostTensor(name, value);
      this.slots.set(name, { current: bufferOf(copyHostTensor(value)), spare: undefined });
    }
    this.specs = Object.fromEntries(
      Object.entries(values).map(([name, { dtype, shape }]) => [name, { dtype, shape: [...shape] }]),
    );
  }

  async read(name: string): Promise<HostTensor> {
    return this.exclusively(() => Promise.resolve(copyHostTensor(this.slot(name).current.host)));
  }

  write(name: string, value: HostTensor): void {
    const slot = this.slot(name);
    checkSpec(name, value, slot.current.host);
    // A run that was started before this call must still see the old value.
    slot.current = bufferOf(copyHostTensor(value));
  }

  dispose(): void {
    this.slots.clear();
  }

  /** The tensor that holds a variable's value. */
  current(name: string): ort.Tensor {
    return this.slot(name).current.tensor;
  }

  /** The tensor that receives a variable's next value. */
  next(name: string): ort.Tensor {
    const slot = this.slot(name);
    slot.spare ??= bufferOf(zeros(slot.current.host));
    return slot.spare.tensor;
  }

  /** Makes the values written to `next` the current ones. */
  commit(names: readonly string[]): void {
    for (const name of names) {
      const slot = this.slot(name);
      if (slot.spare === undefined) throw new Error(`variable '${name}' has no next value`);
      [slot.current, slot.spare] = [slot.spare, slot.current];
    }
  }

  /** Runs `body` after everything that was asked for before. */
  exclusively<T>(body: () => Promise<T>): Promise<T> {
    const result = this.last.then(body);
    this.last = result.catch(() => undefined);
    return result;
  }

  private slot(name: string): Slot {
    const slot = this.slots.get(name);
    if (slot === undefined)
      throw new Error(`there is no variable '${name}' (or the variables were disposed of)`);
    return slot;
  }
}

/** ONNX Runtime's view of a host tensor's memory. */
export function ortTensorOf(tensor: HostTensor): ort.Tensor {
  return tensor.dtype === 'float32'
    ? new ort.Tensor('float32', tensor.data, tensor.shape)
    : new ort.Tensor('int32', tensor.data, tensor.shape);
}

function bufferOf(host: HostTensor): Buffer {
  return { host, tensor: ortTensorOf(host) };
}
