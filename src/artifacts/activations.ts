/**
 * The `activations` artifact: what a part of a model that does not change gives for every example.
 *
 * `activations.safetensors` holds `features` F32 or F16 [rows, width], the rows of the examples one after the other, and
 * `offsets` I32 [examples + 1] (example i has the rows offsets[i] .. offsets[i + 1] - 1).
 *
 * Both ways are streamed: examples are written in any order, each at its place, and read one by one from the disk, so
 * that the file may be larger than memory. Both are synchronous, because they are called for every example of every batch
 * and what they touch is in the operating system's page cache as long as that has room.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { float16ToFloat32, float32ToFloat16, largestFloat16 } from '../formats/half-precision.js';
import { openSafetensors, reserveSafetensors, toInt32 } from '../formats/safetensors.js';
import { UserError } from './user-error.js';

/** How a feature is kept: in 4 bytes as it was computed, or in 2, rounded to 11 significant bits. */
export type ActivationPrecision = 'float32' | 'float16';

/** What is known before the first example is written. */
export interface ActivationsShape {
  /** Features of a row. */
  readonly width: number;
  /** Example i has the rows offsets[i] .. offsets[i + 1] - 1: [examples + 1]. */
  readonly offsets: Int32Array;
  readonly precision: ActivationPrecision;
}

/** Writes examples at their places. */
export interface ActivationsWriter {
  /** Throws a UserError for a feature that float16 cannot hold. */
  write(example: number, features: Float32Array): void;
  close(): void;
}

/** Activations that were opened. */
export interface Activations extends ActivationsShape {
  /** Copies the rows of an example into `target`, beginning at element `start`. */
  read(example: number, target: Float32Array, start: number): void;
  close(): void;
}

const fileName = 'activations.safetensors';

/** Starts activations in an empty folder. */
export async function createActivations(
  folder: string,
  { width, offsets, precision }: ActivationsShape,
): Promise<ActivationsWriter> {
  const path = join(folder, fileName);
  const rows = offsets.at(-1) ?? 0;
  const entries = await reserveSafetensors(
    path,
    {
      features: { dtype: precision === 'float16' ? 'F16' : 'F32', shape: [rows, width] },
      offsets: { dtype: 'I32', shape: [offsets.length] },
    },
    {},
  );
  const descriptor = openSync(path, 'r+');
  const begin = entries.get('features')?.begin ?? 0;
  writeFully(descriptor, bytesOf(offsets), entries.get('offsets')?.begin ?? 0);
  return {
    write(example, features) {
      const { row, count } = rowsOf(offsets, example);
      if (features.length !== count * width) {
        throw new Error(`example ${example} has ${count} rows of ${width}, not ${features.length} features`);
      }
      const stored = precision === 'float16' ? halves(features) : features;
      writeFully(descriptor, bytesOf(stored), begin + row * width * stored.BYTES_PER_ELEMENT);
    },
    close: () => closeSync(descriptor),
  };
}

/** Opens activations. A file that is no such file is a `UserError`. */
export async function openActivations(folder: string): Promise<Activations> {
  const path = join(folder, fileName);
  const file = await openSafetensors(path);
  try {
    const entry = file.entries.get('features');
    const [rows = 0, width = 0] = entry?.shape ?? [];
    const offsets = toInt32(await file.read('offsets'), `tensor 'offsets' of ${path}`);
    const precision = entry?.dtype === 'F16' ? 'float16' : 'float32';
    if (entry === undefined || entry.shape.length !== 2 || offsets.at(-1) !== rows) {
      throw new UserError({ code: 'activations/contradiction', message: `${path} holds no activations` });
    }
    return new OpenActivations(path, entry.begin, { width, offsets, precision });
  } finally {
    await file.close();
  }
}

class OpenActivations implements Activations {
  readonly width: number;
  readonly offsets: Int32Array;
  readonly precision: ActivationPrecision;
  readonly #path: string;
  readonly #begin: number;
  readonly #descriptor: number;

  constructor(path: string, begin: number, { width, offsets, precision }: ActivationsShape) {
    this.width = width;
    this.offsets = offsets;
    this.precision = precision;
    this.#path = path;
    this.#begin = begin;
    this.#descriptor = openSync(path, 'r');
  }

  read(example: number, target: Float32Array, start: number): void {
    const { row, count } = rowsOf(this.offsets, example);
    const length = count * this.width;
    if (this.precision === 'float32') {
      this.#readFully(bytesOf(target.subarray(start, start + length)), row * this.width * 4);
      return;
    }
    const halfFloats = new Uint16Array(length);
    this.#readFully(bytesOf(halfFloats), row * this.width * 2);
    target.set(float16ToFloat32(halfFloats), start);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #readFully(bytes: Uint8Array, position: number): void {
    let done = 0;
    while (done < bytes.length) {
      const at = this.#begin + position + done;
      const read = readSync(this.#descriptor, bytes, done, bytes.length - done, at);
      if (read === 0) throw new Error(`${this.#path} became shorter while it was read`);
      done += read;
    }
  }
}

function rowsOf(offsets: Int32Array, example: number): { readonly row: number; readonly count: number } {
  const row = offsets[example];
  const end = offsets[example + 1];
  if (row === undefined || end === undefined) throw new RangeError(`there is no example ${example}`);
  return { row, count: end - row };
}

/** A feature that is too large for float16 would come back as infinity, and with it every loss. */
function halves(features: Float32Array): Uint16Array {
  const largest = features.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest <= largestFloat16) return float32ToFloat16(features);
  throw new UserError({
    code: 'activations/float16',
    message: 'An activation of the frozen layers is too large for float16.',
    found: largest.toPrecision(4),
    expected: `at most ${largestFloat16}`,
    help: 'Keep them as float32.',
  });
}

function bytesOf(data: Float32Array | Uint16Array | Int32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function writeFully(descriptor: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}
