/**
 * SHA-256 (FIPS 180-4) that can go on from a state: of a text whose beginning stays the same only the end is hashed. For
 * short texts where loading `node:crypto` takes longer than hashing; everything else is hashed there.
 */

/** The hash after some whole blocks: eight words of 32 bits. */
export type HashState = readonly number[];

/** Bytes are hashed in blocks of this many. */
export const blockBytes = 64;

/** The state before anything was hashed: the first 32 bits of the fractional parts of the square roots of the first 8 primes. */
export const initialState: HashState = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/** The state after more whole blocks. */
export function hashBlocks(state: HashState, bytes: Uint8Array): HashState {
  const words = Int32Array.from(state);
  const schedule = new Int32Array(64);
  for (let start = 0; start + blockBytes <= bytes.length; start += blockBytes) {
    hashBlock(words, bytes, start, schedule);
  }
  return [...words];
}

/** The hexadecimal hash of something that ends with `end`, `state` being that of the `before` bytes before it. */
export function endHash(state: HashState, before: number, end: Uint8Array): string {
  const zeros = (2 * blockBytes - 9 - (end.length % blockBytes)) % blockBytes;
  const padded = new Uint8Array(end.length + 9 + zeros);
  padded.set(end);
  padded[end.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, 8n * BigInt(before + end.length));
  return hashBlocks(state, padded)
    .map((word) => (word >>> 0).toString(16).padStart(8, '0'))
    .join('');
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const constants = Int32Array.from([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

function hashBlock(state: Int32Array, bytes: Uint8Array, start: number, schedule: Int32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, blockBytes);
  for (let t = 0; t < 16; t++) schedule[t] = view.getInt32(4 * t);
  for (let t = 16; t < 64; t++) {
    const x = at(schedule, t - 15);
    const y = at(schedule, t - 2);
    const sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    schedule[t] = sigma1 + at(schedule, t - 7) + sigma0 + at(schedule, t - 16);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + sum1 + choice + at(constants, t) + at(schedule, t)) | 0;
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + sum0 + majority) | 0;
  }
  const added = [a, b, c, d, e, f, g, h];
  for (let index = 0; index < added.length; index++) state[index] = at(state, index) + at(added, index);
}

function at(words: ArrayLike<number>, index: number): number {
  return words[index] ?? 0;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
