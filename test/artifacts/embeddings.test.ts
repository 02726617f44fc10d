import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readEmbeddings, writeEmbeddings } from '../../src/artifacts/embeddings.js';

const folder = mkdtempSync(join(tmpdir(), 'roux-embeddings-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('embeddings come back as they were written, rounded to float16', async () => {
  await writeEmbeddings(folder, 2, { train: Float32Array.of(0.5, -1, 0.1, 2), test: Float32Array.of(1, 3) });
  const { size, values } = await readEmbeddings(folder, 'train');
  expect(size).toBe(2);
  expect(Array.from(values)).toEqual([0.5, -1, expect.closeTo(0.1, 4), 2]);
  expect(Array.from((await readEmbeddings(folder, 'test')).values)).toEqual([1, 3]);
  await expect(readEmbeddings(folder, 'validation')).rejects.toThrow(/no split 'validation'/);
});
