/**
 * Memory that ONNX Runtime, WebAssembly and JavaScript read and write without copies.
 */

import { createMemory, type WasmMemory } from './web-assembly.js';

/** Everything starts at a multiple of this: a cache line. */
const ALIGNMENT = 64;

const PAGE = 65_536;

/** The most that 32-bit WebAssembly can address. */
const LARGEST = 65_536 * PAGE;

/**
 * The part at the top whose content lasts for one run: at least this, and twice what is allocated where there is so much.
 * Address space; pages are taken when they are written to.
 */
const TRANSIENT = 2 ** 30;

/** A WebAssembly memory that is handed out from the bottom up; nothing is given back before all of it is. */
export class Arena {
  readonly memory: WasmMemory;
  private readonly top: number;
  private used = ALIGNMENT;

  /** @param bytes so many can be allocated. */
  constructor(bytes: number) {
    if (!Arena.canHold(bytes)) throw new RangeError(`${bytes} bytes are more than WebAssembly can address`);
    this.top = ALIGNMENT + bytes;
    const size = Math.min(LARGEST, this.top + Math.max(TRANSIENT, 2 * bytes));
    this.memory = createMemory(Math.ceil(size / PAGE));
  }

  /** Whether one memory can be that large. */
  static canHold(bytes: number): boolean {
    return ALIGNMENT + bytes + TRANSIENT / 2 <= LARGEST;
  }

  /** The bytes that so many 32-bit elements take. */
  static bytesFor(elements: number): number {
    return Math.ceil((elements * 4) / ALIGNMENT) * ALIGNMENT;
  }

  /** The address of memory for so many 32-bit elements; there is room to work on them in groups of 16. */
  allocate(elements: number): number {
    const address = this.used;
    if (address + Arena.bytesFor(elements) > this.top)
      throw new RangeError(`no room for ${elements} elements`);
    this.used += Arena.bytesFor(elements);
    return address;
  }

  /**
   * Addresses of arrays in the part that all functions share, each for its own run, one behind the other; `undefined`
   * where they are too large together.
   */
  transient(elements: readonly number[]): readonly number[] | undefined {
    let next = this.top;
    const addresses = elements.map((count) => {
      const address = next;
      next += Arena.bytesFor(count);
      return address;
    });
    return next <= this.memory.buffer.byteLength ? addresses : undefined;
  }

  /** A view of float32 elements. */
  floats(address: number, elements: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer, address, elements);
  }

  /** A view of int32 elements. */
  integers(address: number, elements: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.memory.buffer, address, elements);
  }
}
