import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import {
  openSafetensors,
  readSafetensors,
  type StoredTensor,
  toFloat32,
  toInt32,
  writeSafetensors,
} from '../../src/formats/safetensors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const every: Readonly<Record<string, StoredTensor>> = {
  odd: { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  flags: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  half: { dtype: 'F16', shape: [1, 3], data: Uint16Array.of(0x3c00, 0x4000, 0xc000) },
  brain: { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) },
  weights: { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -2.5, 3, 0) },
  precise: { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) },
  ids: { dtype: 'I64', shape: [2], data: BigInt64Array.of(7n, -1n) },
  small: { dtype: 'I32', shape: [2], data: Int32Array.of(-5, 6) },
  nothing: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
  scalar: { dtype: 'F32', shape: [], data: Float32Array.of(9) },
};

/** A file with any header and any data. */
function writeRaw(name: string, header: unknown, data: Uint8Array | number = 0): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data) : data]));
  return path;
}

async function messageOf(path: string): Promise<string> {
  try {
    await readSafetensors(path);
  } catch (error) {
    if (error instanceof UserError) return `${error.details.message} ${error.details.found ?? ''}`;
    throw error;
  }
  return 'no error';
}

test('what is written can be read back, for every element type', async () => {
  const path = join(folder, 'every.safetensors');
  await writeSafetensors(path, every);
  const back = await readSafetensors(path);
  expect(Object.fromEntries(back)).toEqual(every);
});

test('tensors can be read one by one, each in memory of its own', async () => {
  const path = join(folder, 'lazy.safetensors');
  await writeSafetensors(path, every);
  const file = await openSafetensors(path);
  const tensor = await file.read('odd');
  expect(tensor).toEqual(every.odd);
  expect(tensor.data.byteOffset).toBe(0);
  expect(tensor.data.buffer.byteLength).toBe(3);
  expect(file.metadata).toEqual({ format: 'pt' });
  await expect(file.read('absent')).rejects.toThrow("no tensor 'absent'");
  await file.close();
});

test('the same tensors give the same bytes, in whatever order they are given', async () => {
  const one = join(folder, 'one.safetensors');
  const other = join(folder, 'other.safetensors');
  await writeSafetensors(one, every, { b: '2', a: '1' });
  await writeSafetensors(other, Object.fromEntries(Object.entries(every).reverse()), { a: '1', b: '2' });
  expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
});

test('every tensor is aligned to its element size', async () => {
  const path = join(folder, 'aligned.safetensors');
  await writeSafetensors(path, every);
  const file = await openSafetensors(path);
  const sizes: Record<string, number> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, U8: 1, BOOL: 1 };
  for (const { dtype, begin } of file.entries.values()) expect(begin % (sizes[dtype] ?? 0)).toBe(0);
  await file.close();
});

test("a file of Python's safetensors is read", async () => {
  const path = fileURLToPath(
    new URL('../fixtures/models/tiny-classifier/model.safetensors', import.meta.url),
  );
  const tensors = await readSafetensors(path);
  expect(tensors.get('classifier.weight')?.shape).toEqual([3, 16]);
});

test('any tensors survive being written and read', async () => {
  const path = join(folder, 'any.safetensors');
  const tensor = fc
    .float32Array({ maxLength: 12 })
    .map((data): StoredTensor => ({ dtype: 'F32', shape: [data.length], data }));
  const name = fc.string({ minLength: 1 }).filter((text) => text !== '__metadata__' && text !== '__proto__');
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, tensor), async (tensors) => {
      await writeSafetensors(path, tensors);
      expect(new Map(await readSafetensors(path))).toEqual(new Map(Object.entries(tensors)));
    }),
    { numRuns: 50 },
  );
});

describe('a damaged file is refused with a reason', () => {
  const entry = (begin: number, end: number) => ({
    dtype: 'U8',
    shape: [end - begin],
    data_offsets: [begin, end],
  });

  test.each([
    ['empty', () => writeFileSync(join(folder, 'empty'), ''), 'before its header'],
    ['cut', () => cut('cut', -1), 'it is cut off'],
    ['cut-header', () => cut('cut-header', 20), 'its header needs'],
    ['no-json', () => writeRaw('no-json', '{"a":'), 'not JSON'],
    ['list', () => writeRaw('list', []), 'not a JSON object'],
    ['overlap', () => writeRaw('overlap', { a: entry(0, 4), b: entry(2, 6) }, 6), 'overlaps'],
    ['hole', () => writeRaw('hole', { a: entry(0, 2), b: entry(4, 6) }, 6), 'a hole of 2 bytes'],
    ['beyond', () => writeRaw('beyond', { a: entry(0, 9) }, 6), 'it is cut off'],
    ['rest', () => writeRaw('rest', { a: entry(0, 2) }, 6), '4 bytes at its end'],
    [
      'backwards',
      () => writeRaw('backwards', { a: { ...entry(0, 2), data_offsets: [2, 0] } }, 2),
      'not a range',
    ],
    ['negative', () => writeRaw('negative', { a: { ...entry(0, 2), shape: [-2] } }, 2), 'malformed'],
    ['shape', () => writeRaw('shape', { a: { ...entry(0, 2), shape: [3] } }, 2), 'needs 3'],
    ['dtype', () => writeRaw('dtype', { a: { ...entry(0, 2), dtype: 'Q4' } }, 2), 'Q4'],
    [
      'unreadable',
      () => writeRaw('unreadable', { a: { dtype: 'F8_E5M2', shape: [2], data_offsets: [0, 2] } }, 2),
      'F8_E5M2',
    ],
    ['metadata', () => writeRaw('metadata', { __metadata__: { a: 1 } }), '__metadata__.a'],
  ])('%s', async (name, make, reason) => {
    make();
    expect(await messageOf(join(folder, name))).toContain(reason);
  });

  test('a header that claims to be huge', async () => {
    const path = join(folder, 'huge');
    writeFileSync(path, Buffer.alloc(16, 0xff));
    expect(await messageOf(path)).toContain('claims to be');
  });

  test('a file that does not exist', async () => {
    expect(await messageOf(join(folder, 'absent'))).toContain('does not exist');
  });

  function cut(name: string, size: number): void {
    const path = writeRaw(name, { a: entry(0, 8) }, 8);
    truncateSync(path, size < 0 ? readFileSync(path).length + size : size);
  }
});

test('conversions give numbers, and say which tensor holds none', () => {
  expect([...toFloat32(every.half as StoredTensor, 'half')]).toEqual([1, 2, -2]);
  expect([...toFloat32(every.brain as StoredTensor, 'brain')]).toEqual([1]);
  expect([...toInt32(every.ids as StoredTensor, 'ids')]).toEqual([7, -1]);
  expect(() => toFloat32(every.ids as StoredTensor, 'the tensor ids')).toThrow('the tensor ids');
  expect(() => toInt32(every.weights as StoredTensor, 'the tensor weights')).toThrow('the tensor weights');
  const large: StoredTensor = { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 40n) };
  expect(() => toInt32(large, 'large')).toThrow('too large');
});
