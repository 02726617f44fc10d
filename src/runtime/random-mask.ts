import { type Tensor, tensor } from './tfjs.js';

/**
 * A float32 mask of zeros and ones in which every element is 1 with probability `keepProbability`, independently.
 *
 * Element `i` depends on three numbers only: the seed given to the run, the site (how many masks the function drew
 * before this one) and `i`. So masks are equal on all runtimes, with any number of threads, and in a run that
 * continues from a checkpoint. The probability is rounded to a multiple of 2^-16. A mask is a constant for
 * differentiation; dropout is `x * mask / keepProbability`.
 *
 * Can only be called inside a function that a runtime runs. Throws for probabilities outside [0, 1].
 */
export function randomMask(shape: readonly number[], keepProbability: number): Tensor {
  if (!(keepProbability >= 0 && keepProbability <= 1)) {
    throw new Error(`randomMask: the probability must be between 0 and 1, not ${keepProbability}`);
  }
  if (current === undefined)
    throw new Error('randomMask can only be called inside a function that a runtime runs');
  const site = current.site;
  current.site += 1;
  return current.source(shape, keepProbability, site);
}

/** Makes the mask of a site. */
export type MaskSource = (shape: readonly number[], keepProbability: number, site: number) => Tensor;

/** Calls `body` with masks from `source`, numbered from 0. */
export function withMaskSource<T>(source: MaskSource, body: () => T): T {
  const outer = current;
  current = { source, site: 0 };
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Masks that are computed at once, for runtimes that run eagerly. */
export function eagerMaskSource(seed: number): MaskSource {
  return (shape, keepProbability, site) => {
    const mask = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
    fillRandomMask(mask, keepProbability, seed, site);
    return tensor(mask, [...shape], 'float32');
  };
}

/**
 * Fills an array with the mask of a site.
 *
 * A counter-based generator: the bits of elements 2 j and 2 j + 1 are the halves of a 32-bit hash of j and a key that is
 * a hash of seed and site. The hash is a two-round xor-shift-multiply permutation with the constants that
 * C. Wellons's hash prospector found (bias 0.107), keyed before each round.
 */
export function fillRandomMask(
  mask: Float32Array | Uint8Array,
  keepProbability: number,
  seed: number,
  site: number,
): void {
  const threshold = maskThreshold(keepProbability);
  const [key1, key2] = maskKeys(seed, site);
  const length = mask.length;
  const pairs = length >>> 1;
  // Comparisons by the sign of a difference: a branch on random bits is mispredicted every few elements.
  for (let pair = 0, index = 0; pair < pairs; pair += 1, index += 2) {
    const bits = keyedHash(pair, key1, key2);
    mask[index] = ((bits & 0xffff) - threshold) >>> 31;
    mask[index + 1] = ((bits >>> 16) - threshold) >>> 31;
  }
  if (length % 2 === 1) mask[length - 1] = ((keyedHash(pairs, key1, key2) & 0xffff) - threshold) >>> 31;
}

/** An element is kept where its 16 random bits are below this. */
export function maskThreshold(keepProbability: number): number {
  return Math.round(keepProbability * 0x10000);
}

/** The two keys of a site's hash. */
export function maskKeys(seed: number, site: number): readonly [number, number] {
  const key1 = hash(hash(seed | 0) ^ Math.imul(site + 1, 0x9e3779b1));
  return [key1, hash(key1 ^ 0x85ebca6b)];
}

/** The hash's constants: h ^= h >>> shift before, between and after two multiplications. */
export const HASH = { shifts: [16, 15, 15], factors: [0x21f0aaad, 0x735a2d97] } as const;

let current: { readonly source: MaskSource; site: number } | undefined;

function hash(x: number): number {
  return keyedHash(x, 0, 0);
}

function keyedHash(x: number, key1: number, key2: number): number {
  let h = x ^ key1;
  h ^= h >>> HASH.shifts[0];
  h = Math.imul(h, HASH.factors[0]);
  h ^= h >>> HASH.shifts[1];
  h = Math.imul((h + key2) | 0, HASH.factors[1]);
  return h ^ (h >>> HASH.shifts[2]);
}
