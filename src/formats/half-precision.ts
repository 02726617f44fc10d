/**
 * Conversions between 32-bit floats and the two 16-bit formats that model files use.
 *
 * `float16` is IEEE 754 binary16 (5 exponent bits, 10 fraction bits, largest value 65504). `bfloat16` is the upper half
 * of a binary32 number (8 exponent bits, 7 fraction bits). Both are held as their bits in a `Uint16Array`. Numbers are
 * rounded to the nearest, ties to even, as IEEE 754-2019 section 4.3.1 defines.
 */

/** The largest finite float16 number. */
export const largestFloat16 = 65504;

/** Exact values of float16 bits. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const table = float16Table();
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) values[index] = table[bits[index] ?? 0] ?? 0;
  return values;
}

/** Nearest float16 bits; what is larger than `largestFloat16` after rounding becomes infinite. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let index = 0; index < words.length; index++) bits[index] = roundToFloat16(words[index] ?? 0);
  return bits;
}

/** Exact values of bfloat16 bits. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) words[index] = (bits[index] ?? 0) << 16;
  return new Float32Array(words.buffer);
}

/** Nearest bfloat16 bits. NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? 0;
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    // Half of the last kept bit, less one when that bit is even: ties go to even.
    bits[index] = notANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

let cachedTable: Float32Array | undefined;

function float16Table(): Float32Array {
  if (cachedTable !== undefined) return cachedTable;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) table[bits] = float16Value(bits);
  cachedTable = table;
  return table;
}

function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundToFloat16(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and more rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: exponent bias 127 -> 15, 13 fraction bits less, ties to even.
    const rebiased = magnitude - 0x38000000;
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  // Subnormal: multiples of 2^-24. Less than half of the smallest one is zero.
  if (magnitude < 0x33000000) return sign;
  const exponent = magnitude >>> 23;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const quotient = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const roundsUp = rest > half || (rest === half && (quotient & 1) === 1);
  return sign | (quotient + (roundsUp ? 1 : 0));
}
