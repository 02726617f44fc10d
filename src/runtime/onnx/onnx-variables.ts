import * as ort from 'onnxruntime-node';
import { checkHostTensor, checkSpec, copyHostTensor, zeros } from '../host-tensors.js';
import type { HostTensor, InitialValues, TensorSpec, Variables } from '../runtime.js';
import { Arena } from '../wasm/arena.js';
import {
  compileElementwise,
  type ElementwiseFunction,
  type ElementwiseProgram,
} from '../wasm/elementwise.js';
import { sizeOf } from './graph.js';

/** A variable's value, and a second buffer for functions that cannot write the next value in its place. */
interface Slot {
  readonly address: number | undefined;
  current: Buffer;
  spare: Buffer | undefined;
}

/** Memory on the host and ONNX Runtime's view of it. */
interface Buffer {
  readonly host: HostTensor;
  readonly tensor: ort.Tensor;
}

/**
 * Variables in host memory that ONNX Runtime reads and loops update in place.
 *
 * They lie in one WebAssembly memory, with room for gradients and masks behind them; variables that are too many for it lie in arrays of
 * their own, and functions write their next values to second buffers. So do updates that are no loops.
 */
export class OnnxVariables implements Variables {
  readonly specs: Readonly<Record<string, TensorSpec>>;
  /** Where the variables are; `undefined` where they are too large for one memory. */
  readonly arena: Arena | undefined;
  private readonly slots = new Map<string, Slot>();
  private readonly programs = new Map<string, ElementwiseFunction>();
  private readonly rows = new Map<string, Uint8Array>();
  /** Variables that began as zeros and that nothing has written to. */
  private readonly unwritten = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(values: InitialValues) {
    const bytes = Object.values(values).reduce((sum, { shape }) => sum + Arena.bytesFor(sizeOf(shape)), 0);
    this.arena = createArena(bytes);
    for (const [name, value] of Object.entries(values)) {
      if ('data' in value) checkHostTensor(name, value);
      else this.unwritten.add(name);
      const address = this.arena?.allocate(sizeOf(value.shape));
      this.slots.set(name, { address, current: bufferOf(this.place(value, address)), spare: undefined });
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
    const copy = copyHostTensor(value);
    // A run that was started before this call must still see the old value.
    void this.exclusively(() => {
      slot.current.host.data.set(copy.data);
      this.forgetRows([name]);
      return Promise.resolve();
    });
  }

  dispose(): void {
    this.slots.clear();
  }

  /** The tensor that holds a variable's value. */
  current(name: string): ort.Tensor {
    return this.slot(name).current.tensor;
  }

  /** Where a variable is in the arena. */
  address(name: string): number {
    const { address } = this.slot(name);
    if (address === undefined) throw new Error(`variable '${name}' is in no arena`);
    return address;
  }

  /** The tensor that receives a variable's next value. */
  next(name: string): ort.Tensor {
    const slot = this.slot(name);
    slot.spare ??= bufferOf(zeros(slot.current.host));
    return slot.spare.tensor;
  }

  /** Makes the values written to `next` the current ones. */
  commit(names: readonly string[]): void {
    this.forgetRows(names);
    for (const name of names) {
      const slot = this.slot(name);
      if (slot.spare === undefined) throw new Error(`variable '${name}' has no next value`);
      // In the arena a variable keeps its address.
      if (slot.address !== undefined) slot.current.host.data.set(slot.spare.host.data);
      else [slot.current, slot.spare] = [slot.spare, slot.current];
    }
  }

  /** A loop over the arena; equal programs are compiled once. */
  loop(program: ElementwiseProgram): ElementwiseFunction {
    if (this.arena === undefined) throw new Error('the variables are in no arena');
    const key = JSON.stringify(program);
    const known = this.programs.get(key);
    if (known !== undefined) return known;
    const compiled = compileElementwise(program, this.arena.memory);
    this.programs.set(key, compiled);
    return compiled;
  }

  /**
   * For each row of tables that are updated together, 1 where a variable of `state` is not zero. Kept from run to run;
   * whoever asks updates rows and marks them.
   */
  rowsWithState(tables: readonly string[], state: readonly string[], count: number): Uint8Array {
    const key = tables.join('\n');
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    const rows = new Uint8Array(count);
    for (const name of state) {
      // Not looking also leaves the memory of its zeros untaken.
      if (this.unwritten.delete(name)) continue;
      const words = wordsOf(this.slot(name).current.host.data);
      const width = words.length / count;
      for (let index = 0; index < words.length; index += 1) {
        if (words[index] === 0) continue;
        const row = Math.floor(index / width);
        rows[row] = 1;
        // On to the next row.
        index = (row + 1) * width - 1;
      }
    }
    this.rows.set(key, rows);
    return rows;
  }

  /** Says that variables were written without marking rows. */
  forgetRows(names: readonly string[]): void {
    for (const name of names) this.unwritten.delete(name);
    for (const key of this.rows.keys()) {
      if (key.split('\n').some((table) => names.includes(table))) this.rows.delete(key);
    }
  }

  /** Runs `body` after everything that was asked for before. */
  exclusively<T>(body: () => Promise<T>): Promise<T> {
    const result = this.last.then(body);
    this.last = result.catch(() => undefined);
    return result;
  }

  private place(value: HostTensor | TensorSpec, address: number | undefined): HostTensor {
    if (this.arena === undefined || address === undefined)
      return 'data' in value ? copyHostTensor(value) : zeros(value);
    const shape = [...value.shape];
    const length = sizeOf(shape);
    const placed: HostTensor =
      value.dtype === 'float32'
        ? { dtype: 'float32', shape, data: this.arena.floats(address, length) }
        : { dtype: 'int32', shape, data: this.arena.integers(address, length) };
    // Memory is zero when it is new: writing zeros would take it from the system before it is needed.
    if ('data' in value) placed.data.set(value.data);
    return placed;
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

/** Memory for variables; `undefined` where they are too large for one, or the process may not have so much address space. */
function createArena(bytes: number): Arena | undefined {
  if (!Arena.canHold(bytes)) return undefined;
  try {
    return new Arena(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The bits of elements: comparing integers is several times faster, and tells -0 from 0. */
function wordsOf({ buffer, byteOffset, length }: Float32Array | Int32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

function bufferOf(host: HostTensor): Buffer {
  return { host, tensor: ortTensorOf(host) };
}
