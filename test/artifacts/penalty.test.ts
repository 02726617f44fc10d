import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Penalty, readPenalty, writePenalty } from '../../src/artifacts/penalty.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-penalty-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const vector = (...values: number[]) =>
  ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) }) as const;

const penalty: Penalty = {
  strength: 400,
  fisher: 'exact',
  samples: 16,
  scale: 0.5,
  task: 'masked-language-modeling',
  tasks: 2,
  fisherInformation: { a: vector(0, 1), b: vector(2) },
  anchor: { a: vector(-1, 1), b: vector(5) },
};

test('a penalty comes back as it was written', async () => {
  await writePenalty(folder, penalty);
  expect(await readPenalty(folder)).toEqual(penalty);
});

test('tensors without their partners are refused', async () => {
  await writePenalty(folder, penalty);
  const a = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
  await writeSafetensors(join(folder, 'penalty.safetensors'), { 'anchor.a': a });
  await expect(readPenalty(folder)).rejects.toMatchObject({ details: { code: 'penalty/contradiction' } });
  await expect(writePenalty(folder, { ...penalty, anchor: { a: vector(1, 2) } })).rejects.toThrow('of b');
});
