import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  largestFloat16,
} from '../../src/formats/half-precision.js';

const allBits = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const isNaN16 = (bits: number) => (bits & 0x7fff) > 0x7c00;
const isNaNBrain = (bits: number) => (bits & 0x7fff) > 0x7f80;

test('every float16 number survives the way to float32 and back', () => {
  const back = float32ToFloat16(float16ToFloat32(allBits));
  expect([...allBits].filter((bits) => !isNaN16(bits) && back[bits] !== bits)).toEqual([]);
});

test('every bfloat16 number survives the way to float32 and back', () => {
  const back = float32ToBfloat16(bfloat16ToFloat32(allBits));
  expect([...allBits].filter((bits) => !isNaNBrain(bits) && back[bits] !== bits)).toEqual([]);
});

test('known numbers have their known bits', () => {
  const values = Float32Array.of(1, -2, 0.1, largestFloat16, 65519, 65520, 2 ** -24, 2 ** -25, 6e-8, -0);
  expect([...float32ToFloat16(values)]).toEqual([
    0x3c00, 0xc000, 0x2e66, 0x7bff, 0x7bff, 0x7c00, 0x0001, 0x0000, 0x0001, 0x8000,
  ]);
  expect([...float32ToBfloat16(Float32Array.of(1, -2, 0.1, 1 + 2 ** -8, 1 + 3 * 2 ** -8))]).toEqual([
    0x3f80, 0xc000, 0x3dcd, 0x3f80, 0x3f82,
  ]);
});

test('infinity stays infinite and NaN stays NaN', () => {
  const values = Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN);
  for (const back of [
    float16ToFloat32(float32ToFloat16(values)),
    bfloat16ToFloat32(float32ToBfloat16(values)),
  ]) {
    expect([...back]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
  }
});

test('a rounded float16 number is the nearest one', () => {
  const finite = [...allBits].filter((bits) => (bits & 0x7fff) < 0x7c00);
  const sorted = [...float16ToFloat32(Uint16Array.from(finite))].sort((a, b) => a - b);
  fc.assert(
    fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
      const rounded = float16ToFloat32(float32ToFloat16(Float32Array.of(value)))[0] ?? Number.NaN;
      let low = 0;
      let high = sorted.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((sorted[middle] ?? 0) < value) low = middle + 1;
        else high = middle;
      }
      const nearest = Math.min(
        Math.abs((sorted[low] ?? 0) - value),
        Math.abs((sorted[Math.max(0, low - 1)] ?? 0) - value),
      );
      expect(Math.abs(rounded - value)).toBe(nearest);
    }),
  );
});
