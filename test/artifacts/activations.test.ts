import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ActivationPrecision,
  createActivations,
  openActivations,
} from '../../src/artifacts/activations.js';
import { UserError } from '../../src/artifacts/user-error.js';
import { readSafetensors } from '../../src/formats/safetensors.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-activations-'));
});
afterAll(() => rm(folder, { recursive: true }));

const width = 3;

function offsetsOf(counts: readonly number[]): Int32Array {
  const offsets = [0];
  for (const count of counts) offsets.push((offsets.at(-1) ?? 0) + count);
  return Int32Array.from(offsets);
}

async function store(examples: readonly (readonly number[])[], precision: ActivationPrecision = 'float32') {
  const path = await mkdtemp(join(folder, 'one-'));
  const offsets = offsetsOf(examples.map((features) => features.length / width));
  const writer = await createActivations(path, { width, offsets, precision });
  // From the last to the first: each has its place.
  for (let example = examples.length - 1; example >= 0; example--) {
    writer.write(example, Float32Array.from(examples[example] ?? []));
  }
  writer.close();
  return path;
}

describe('activations', () => {
  it('come back example by example, whatever their lengths and the order of writing', async () => {
    const row = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: width,
      maxLength: width,
    });
    const example = fc.array(row, { minLength: 1, maxLength: 4 }).map((rows) => rows.flat());
    await fc.assert(
      fc.asyncProperty(fc.array(example, { minLength: 1, maxLength: 6 }), async (examples) => {
        const activations = await openActivations(await store(examples));
        for (const [index, features] of examples.entries()) {
          const target = new Float32Array(features.length + 2).fill(7);
          activations.read(index, target, 1);
          expect([...target]).toEqual([7, ...Float32Array.from(features), 7]);
        }
        activations.close();
      }),
      { numRuns: 30 },
    );
  });

  it('of half precision are the nearest of float16, in half the space', async () => {
    const path = await store([[1, 1 / 3, -2.0004]], 'float16');
    const stored = (await readSafetensors(join(path, 'activations.safetensors'))).get('features');
    expect([stored?.dtype, stored?.shape, stored?.data.byteLength]).toEqual(['F16', [1, width], 6]);
    const activations = await openActivations(path);
    const target = new Float32Array(width);
    activations.read(0, target, 0);
    expect([...target]).toEqual([1, 0.333251953125, -2]);
    activations.close();
  });

  it('that are too large for float16 are an error, not infinity', async () => {
    await expect(store([[1, 70_000, 0]], 'float16')).rejects.toThrow(UserError);
  });
});
