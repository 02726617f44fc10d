/**
 * Safetensors files: named tensors of fixed type and shape, readable one by one.
 *
 * Layout (https://github.com/huggingface/safetensors, "Format"): 8 bytes with the header's length as a little-endian
 * unsigned integer, the header as JSON (name -> dtype, shape, data_offsets; texts under `__metadata__`), then the
 * tensors' bytes in row-major order, little-endian, without holes.
 *
 * Offsets can be odd, so every tensor is read into an `ArrayBuffer` of its own.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../artifacts/user-error.js';
import { bfloat16ToFloat32, float16ToFloat32 } from './half-precision.js';
import { isObject } from './json.js';

/** A tensor as a safetensors file holds it; 16-bit floats as their bits, `BOOL` as 0 and 1. */
export type StoredTensor =
  | { readonly dtype: 'F64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'F16' | 'BF16'; readonly shape: readonly number[]; readonly data: Uint16Array }
  | { readonly dtype: 'I64'; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: 'I32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'U8' | 'BOOL'; readonly shape: readonly number[]; readonly data: Uint8Array };

/** The element types that are read and written. */
export type StoredDtype = StoredTensor['dtype'];

/** Where a tensor is. `dtype` is as written in the file and may be one that cannot be read here. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the file's start: first, and the one after the last. */
  readonly begin: number;
  readonly end: number;
}

/** An open file: the header is read and checked, tensors are read when asked for. */
export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Reads one tensor. A name that is not there and an element type that is not supported are `UserError`s. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/** A larger header is taken for damage; the reference implementation has the same limit. */
const largestHeader = 100_000_000;

/** One `read` call of the operating system takes less than 2 GiB. */
const readChunk = 1 << 30;

const bytesPerElement: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

/**
 * Opens a file and checks its header: complete, sane in size, every tensor's bytes inside the file, as many as its
 * shape needs, without overlaps or holes. Throws a `UserError` otherwise.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const header = await readHeader(handle, path, size);
    return new OpenFile(path, handle, header.metadata, header.entries);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads a whole file. */
export async function readSafetensors(path: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of file.entries.keys()) tensors.set(name, await file.read(name));
    return tensors;
  } finally {
    await file.close();
  }
}

/**
 * Writes a file. Equal tensors give equal bytes: tensors are ordered by element size (largest first, so that each is
 * aligned to its own size) and then by name, and the data begins at a multiple of 8.
 *
 * `metadata` defaults to `{ format: 'pt' }`, without which Python's transformers refuses a model.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (data.length !== elementCount(shape)) {
      throw new Error(
        `tensor ${name} has ${data.length} values, its shape [${shape.join(', ')}] needs others`,
      );
    }
  }
  const { start, entries } = layOut(tensors, metadata);
  const handle = await open(path, 'w');
  try {
    await writeFully(handle, start);
    for (const { name } of entries) {
      const data = tensors[name]?.data ?? new Uint8Array();
      await writeFully(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  } finally {
    await handle.close();
  }
}

/**
 * Makes a file of tensors of zeros and says where their bytes are, for writers that have the values piece by piece.
 * Everything else is as `writeSafetensors` has it.
 */
export async function reserveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Pick<StoredTensor, 'dtype' | 'shape'>>>,
  metadata: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, TensorEntry>> {
  const { start, entries } = layOut(tensors, metadata);
  const handle = await open(path, 'w');
  try {
    await writeFully(handle, start);
    await handle.truncate(entries.at(-1)?.end ?? start.length);
  } finally {
    await handle.close();
  }
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** The bytes before the data, and where each tensor's are, in their order. */
function layOut(
  tensors: Readonly<Record<string, Pick<StoredTensor, 'dtype' | 'shape'>>>,
  metadata: Readonly<Record<string, string>>,
): { readonly start: Buffer; readonly entries: readonly TensorEntry[] } {
  const ordered = Object.entries(tensors).sort(
    ([nameA, a], [nameB, b]) =>
      elementSize(b.dtype) - elementSize(a.dtype) || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  );
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) {
    header.__metadata__ = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  const entries: TensorEntry[] = [];
  let offset = 0;
  for (const [name, { dtype, shape }] of ordered) {
    const end = offset + elementCount(shape) * elementSize(dtype);
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    entries.push({ name, dtype, shape, begin: offset, end });
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const padding = (8 - (json.length % 8)) % 8;
  const start = Buffer.alloc(8 + json.length + padding, ' ');
  start.writeBigUInt64LE(BigInt(json.length + padding), 0);
  json.copy(start, 8);
  return {
    start,
    entries: entries.map((entry) => ({
      ...entry,
      begin: start.length + entry.begin,
      end: start.length + entry.end,
    })),
  };
}

/**
 * The tensor's values as 32-bit floats; F32 data is given back as it is, without a copy.
 *
 * @param where what to call the tensor in the error for element types that hold no floats.
 */
export function toFloat32(tensor: StoredTensor, where: string): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return tensor.data;
    case 'F64':
      return Float32Array.from(tensor.data);
    case 'F16':
      return float16ToFloat32(tensor.data);
    case 'BF16':
      return bfloat16ToFloat32(tensor.data);
    default:
      throw wrongDtype(where, tensor.dtype, 'F32, F16, BF16 or F64');
  }
}

/** The tensor's values as 32-bit integers. Values of I64 that do not fit are a `UserError`. */
export function toInt32(tensor: StoredTensor, where: string): Int32Array {
  switch (tensor.dtype) {
    case 'I32':
      return tensor.data;
    case 'U8':
    case 'BOOL':
      return Int32Array.from(tensor.data);
    case 'I64':
      return Int32Array.from(tensor.data, (value) => {
        if (BigInt.asIntN(32, value) !== value) {
          throw new UserError({
            code: 'safetensors/range',
            message: `${where} holds ${value}, too large for 32 bits`,
          });
        }
        return Number(value);
      });
    default:
      throw wrongDtype(where, tensor.dtype, 'I32, I64, U8 or BOOL');
  }
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

class OpenFile implements SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly #handle: FileHandle;

  constructor(
    path: string,
    handle: FileHandle,
    metadata: Readonly<Record<string, string>>,
    entries: ReadonlyMap<string, TensorEntry>,
  ) {
    this.path = path;
    this.metadata = metadata;
    this.entries = entries;
    this.#handle = handle;
  }

  async read(name: string): Promise<StoredTensor> {
    const entry = this.entries.get(name);
    if (entry === undefined) {
      throw new UserError({
        code: 'safetensors/missing',
        message: `${this.path} has no tensor '${name}'`,
        file: this.path,
      });
    }
    const bytes = await readFully(this.#handle, this.path, entry.begin, entry.end - entry.begin);
    return viewTensor(entry, bytes, this.path);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function viewTensor(entry: TensorEntry, bytes: ArrayBuffer, path: string): StoredTensor {
  const { dtype, shape } = entry;
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(bytes) };
    case 'F32':
      return { dtype, shape, data: new Float32Array(bytes) };
    case 'F16':
    case 'BF16':
      return { dtype, shape, data: new Uint16Array(bytes) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(bytes) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(bytes) };
    case 'U8':
    case 'BOOL':
      return { dtype, shape, data: new Uint8Array(bytes) };
    default:
      throw wrongDtype(
        `tensor '${entry.name}' of ${path}`,
        dtype,
        'F32, F16, BF16, F64, I64, I32, U8 or BOOL',
      );
  }
}

interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

async function readHeader(handle: FileHandle, path: string, fileSize: number): Promise<Header> {
  if (fileSize < 8) throw damaged(path, `it ends after ${fileSize} bytes, before its header`);
  const length = new DataView(await readFully(handle, path, 0, 8)).getBigUint64(0, true);
  if (length > BigInt(largestHeader)) {
    throw damaged(path, `its header claims to be ${length} bytes long; is it a safetensors file?`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > fileSize) {
    throw damaged(path, `its header needs ${dataStart} bytes, the file has ${fileSize}`);
  }
  const parsed = parseHeaderJson(await readFully(handle, path, 8, Number(length)), path);
  const entries: TensorEntry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') metadata = parseMetadata(value, path);
    else entries.push(parseEntry(name, value, dataStart, path));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(entries, dataStart, fileSize, path);
  return { metadata, entries: new Map(entries.map((entry) => [entry.name, entry])) };
}

function parseHeaderJson(bytes: ArrayBuffer, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw damaged(path, 'its header is not JSON; is it a safetensors file?');
  }
  if (!isObject(value)) throw damaged(path, 'its header is not a JSON object');
  return value;
}

function parseMetadata(value: unknown, path: string): Readonly<Record<string, string>> {
  if (!isObject(value)) throw damaged(path, '__metadata__ is not an object');
  const metadata: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw damaged(path, `__metadata__.${key} is not a text`);
    metadata[key] = text;
  }
  return metadata;
}

function parseEntry(name: string, value: unknown, dataStart: number, path: string): TensorEntry {
  const fields = new Map(isObject(value) ? Object.entries(value) : []);
  const dtype: unknown = fields.get('dtype');
  const shape: unknown = fields.get('shape');
  const offsets: unknown = fields.get('data_offsets');
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets)) {
    throw damaged(path, `the header's entry for tensor '${name}' is malformed`);
  }
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || end < begin) {
    throw damaged(path, `the offsets of tensor '${name}' are not a range`);
  }
  const size = bytesPerElement[dtype];
  if (size === undefined) throw wrongDtype(`tensor '${name}' of ${path}`, dtype, 'a known element type');
  const needed = size * elementCount(shape);
  if (end - begin !== needed) {
    throw damaged(
      path,
      `tensor '${name}' has ${end - begin} bytes, but ${dtype} [${shape.join(', ')}] needs ${needed}`,
    );
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function checkLayout(
  entries: readonly TensorEntry[],
  dataStart: number,
  fileSize: number,
  path: string,
): void {
  let position = dataStart;
  for (const { name, begin, end } of entries) {
    if (begin < position) throw damaged(path, `tensor '${name}' overlaps the one before it`);
    if (begin > position)
      throw damaged(path, `there is a hole of ${begin - position} bytes before '${name}'`);
    if (end > fileSize) {
      throw damaged(
        path,
        `it is cut off: tensor '${name}' ends at byte ${end}, the file at byte ${fileSize}`,
      );
    }
    position = end;
  }
  if (position !== fileSize) {
    throw damaged(path, `${fileSize - position} bytes at its end belong to no tensor`);
  }
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function elementSize(dtype: StoredDtype): number {
  return bytesPerElement[dtype] ?? 0;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      throw new UserError({ code: 'file/missing', message: `the file ${path} does not exist`, file: path });
    }
    throw error;
  }
}

async function readFully(
  handle: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<ArrayBuffer> {
  const buffer = new ArrayBuffer(length);
  let done = 0;
  while (done < length) {
    const view = new Uint8Array(buffer, done, Math.min(readChunk, length - done));
    const { bytesRead } = await handle.read(view, 0, view.length, position + done);
    if (bytesRead === 0) throw damaged(path, 'it became shorter while it was read');
    done += bytesRead;
  }
  return buffer;
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(readChunk, bytes.length - done));
    done += bytesWritten;
  }
}

function damaged(path: string, reason: string): UserError {
  return new UserError({
    code: 'safetensors/damaged',
    message: `${path} cannot be read: ${reason}`,
    file: path,
    help: 'The file is damaged or was not copied completely; get it again from where it came from.',
  });
}

function wrongDtype(where: string, found: string, expected: string): UserError {
  return new UserError({
    code: 'safetensors/dtype',
    message: `${where} has an element type that does not fit`,
    found,
    expected,
  });
}
