/**
 * Writes a WebAssembly module of one function over an imported memory, with the 128-bit SIMD instructions that every
 * Node of the supported versions has (https://webassembly.github.io/spec/core/binary/, SIMD included since 2.0).
 */

/** Types of parameters and locals. */
export type WasmType = 'i32' | 'f32' | 'v128';

const TYPE_CODES: Readonly<Record<WasmType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** Instructions without immediate operands. */
const PLAIN = {
  'i32.add': [0x6a],
  'i32.lt_u': [0x49],
  'f32x4.splat': [0xfd, 0x13],
  'i32x4.splat': [0xfd, 0x11],
  'f32x4.abs': [0xfd, 0xe0, 0x01],
  'f32x4.neg': [0xfd, 0xe1, 0x01],
  'f32x4.sqrt': [0xfd, 0xe3, 0x01],
  'f32x4.add': [0xfd, 0xe4, 0x01],
  'f32x4.sub': [0xfd, 0xe5, 0x01],
  'f32x4.mul': [0xfd, 0xe6, 0x01],
  'f32x4.div': [0xfd, 0xe7, 0x01],
  'f32x4.min': [0xfd, 0xe8, 0x01],
  'f32x4.max': [0xfd, 0xe9, 0x01],
  'f32x4.lt': [0xfd, 0x43],
  'f32x4.gt': [0xfd, 0x44],
  'v128.and': [0xfd, 0x4e],
  'v128.or': [0xfd, 0x50],
  'v128.xor': [0xfd, 0x51],
  'v128.bitselect': [0xfd, 0x52],
  'i32x4.lt_s': [0xfd, 0x39],
  'i32x4.add': [0xfd, 0xae, 0x01],
  'i32x4.mul': [0xfd, 0xb5, 0x01],
  'i32x4.shr_u': [0xfd, 0xad, 0x01],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** The name of an instruction without immediate operands. */
export type WasmInstruction = keyof typeof PLAIN;

/** The parameters, locals and body of one function; the instructions are those of a stack machine. */
export class FunctionWriter {
  private readonly code: number[] = [];
  private readonly types: WasmType[];
  private readonly parameterCount: number;

  constructor(parameters: readonly WasmType[]) {
    this.types = [...parameters];
    this.parameterCount = parameters.length;
  }

  /** A new local; parameters are the first ones, numbered from 0. */
  local(type: WasmType): number {
    this.types.push(type);
    return this.types.length - 1;
  }

  get(local: number): this {
    return this.raw(0x20, ...unsigned(local));
  }

  set(local: number): this {
    return this.raw(0x21, ...unsigned(local));
  }

  i32(value: number): this {
    return this.raw(0x41, ...signed(value));
  }

  f32(value: number): this {
    return this.raw(0x43, ...new Uint8Array(Float32Array.of(value).buffer));
  }

  /** Four 32-bit integers, the lowest lane first. */
  i32x4(...lanes: readonly [number, number, number, number]): this {
    return this.raw(0xfd, 0x0c, ...new Uint8Array(Int32Array.from(lanes).buffer));
  }

  op(...names: readonly WasmInstruction[]): this {
    for (const name of names) this.raw(...PLAIN[name]);
    return this;
  }

  /** Takes an address, gives the 16 bytes at `address + offset`. */
  load(offset = 0): this {
    return this.raw(0xfd, 0x00, 0x04, ...unsigned(offset));
  }

  /** Takes an address and 16 bytes, writes them at `address + offset`. */
  store(offset = 0): this {
    return this.raw(0xfd, 0x0b, 0x04, ...unsigned(offset));
  }

  /** Takes two vectors, gives the bytes picked from their 32. */
  shuffle(bytes: readonly number[]): this {
    return this.raw(0xfd, 0x0d, ...bytes);
  }

  /** Runs `body` again and again for as long as it leaves a true condition on the stack. */
  doWhile(body: () => void): this {
    this.raw(0x03, 0x40);
    body();
    return this.raw(0x0d, 0x00, 0x0b);
  }

  /** The module; it imports `env.memory` and exports the function as `run`. */
  finish(): Uint8Array<ArrayBuffer> {
    const parameters = this.types.slice(0, this.parameterCount).map((type) => TYPE_CODES[type]);
    const locals = this.types.slice(this.parameterCount).map((type) => [1, TYPE_CODES[type]]);
    const body = [...vector(locals), ...this.code, 0x0b];
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, vector([[0x60, ...unsigned(parameters.length), ...parameters, 0]])),
      ...section(2, vector([[...text('env'), ...text('memory'), 0x02, 0x00, 0x01]])),
      ...section(3, vector([[0]])),
      ...section(7, vector([[...text('run'), 0x00, 0x00]])),
      ...section(10, vector([[...unsigned(body.length), ...body]])),
    ]);
  }

  private raw(...bytes: readonly number[]): this {
    for (const byte of bytes) this.code.push(byte);
    return this;
  }
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128 of a number that is not negative. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte + 128 : byte);
  } while (rest > 0);
  return bytes;
}

/** LEB128 of a signed 32-bit number. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}
