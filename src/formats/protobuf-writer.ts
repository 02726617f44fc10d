const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Writes protobuf's wire format (https://protobuf.dev/programming-guides/encoding/): varints, fixed 32-bit and
 * 64-bit floats and length-delimited fields. Nested messages are written by their own writer and appended by reference, so that large
 * payloads are copied once, in `finish`.
 */
export class ProtobufWriter {
  private readonly chunks: Uint8Array[] = [];
  private scratch = new Uint8Array(256);
  private used = 0;
  private flushed = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.flushed + this.used;
  }

  /** An int32, int64, enum or bool field; negative numbers take ten bytes, as protobuf defines. */
  integer(field: number, value: number): void {
    if (!Number.isSafeInteger(value))
      throw new Error(`protobuf integer field ${field}: ${value} is no safe integer`);
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  /** A 32-bit float field. */
  float(field: number, value: number): void {
    this.varint(field * 8 + FIXED32);
    this.raw32(value);
  }

  /** A 64-bit float field. */
  double(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.reserve(8);
    new DataView(this.scratch.buffer, this.scratch.byteOffset).setFloat64(this.used, value, true);
    this.used += 8;
  }

  /** A UTF-8 string field. */
  string(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value));
  }

  /** A bytes field; the array is not copied before `finish`. */
  bytes(field: number, value: Uint8Array): void {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(value.byteLength);
    this.append(value);
  }

  /** A nested message. */
  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const nested = new ProtobufWriter();
    write(nested);
    nested.flush();
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(nested.length);
    for (const chunk of nested.chunks) this.append(chunk);
  }

  /** A packed repeated integer field; an empty list writes nothing. */
  integers(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.packed(field, (writer) => {
      for (const value of values) writer.varint(value);
    });
  }

  /** A packed repeated 32-bit float field; an empty list writes nothing. */
  floats(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.packed(field, (writer) => {
      for (const value of values) writer.raw32(value);
    });
  }

  /** All bytes, in one new array. */
  finish(): Uint8Array {
    this.flush();
    const result = new Uint8Array(this.length);
    let offset = 0;
    for (const chunk of this.chunks) {
      result.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return result;
  }

  private packed(field: number, write: (writer: ProtobufWriter) => void): void {
    this.message(field, write);
  }

  private varint(value: number): void {
    this.reserve(10);
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 127n) {
        this.scratch[this.used++] = Number(rest & 127n) | 128;
        rest >>= 7n;
      }
      this.scratch[this.used++] = Number(rest);
      return;
    }
    let rest = value;
    while (rest > 127) {
      this.scratch[this.used++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.scratch[this.used++] = rest;
  }

  private raw32(value: number): void {
    this.reserve(4);
    new DataView(this.scratch.buffer, this.scratch.byteOffset).setFloat32(this.used, value, true);
    this.used += 4;
  }

  private append(chunk: Uint8Array): void {
    if (chunk.byteLength <= 64) {
      this.reserve(chunk.byteLength);
      this.scratch.set(chunk, this.used);
      this.used += chunk.byteLength;
      return;
    }
    this.flush();
    this.chunks.push(chunk);
    this.flushed += chunk.byteLength;
  }

  private reserve(size: number): void {
    if (this.used + size <= this.scratch.byteLength) return;
    this.flush();
  }

  private flush(): void {
    if (this.used === 0) return;
    this.chunks.push(this.scratch.subarray(0, this.used));
    this.flushed += this.used;
    this.scratch = new Uint8Array(256);
    this.used = 0;
  }
}
