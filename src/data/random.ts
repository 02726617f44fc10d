/**
 * The seeded random generator that everything random in roux draws from.
 *
 * Algorithm: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), 128 bits of
 * state, period 2^128 - 1. The state is the first 16 bytes of the SHA-256 of a key: a text that names the seed and the
 * path of forks that led to this stream. Streams with different keys are therefore independent for every
 * practical purpose, and equal keys give equal streams on every machine.
 */
import { createHash } from 'node:crypto';

/** Where a generator stands; plain JSON, so that checkpoints can store it. */
export interface RandomState {
  /** The seed and the names of the forks that led here: `13/shuffle/epoch-2`. */
  readonly key: string;
  /** The four 32-bit words of xoshiro128**, each an unsigned integer. */
  readonly words: readonly [number, number, number, number];
}

/** A stream of random numbers. The same seed, the same forks and the same calls give the same numbers. */
export interface Random {
  /** A number in [0, 1) with 53 random bits. */
  next(): number;
  /** A whole number in [0, below), without bias. Throws a RangeError unless `below` is in 1..2^53 - 1. */
  integer(below: number): number;
  /** Shuffles the array in place (Fisher-Yates) and returns it. */
  shuffle<Items extends ShuffleableArray>(items: Items): Items;
  /** A number from the normal distribution with mean 0 and variance 1 (Box-Muller). */
  normal(): number;
  /**
   * Another stream, independent of this one and of every fork with another name.
   *
   * It depends on this stream's key only, not on how many numbers were drawn, so the order of forks does not matter.
   */
  fork(name: string): Random;
  /** Where the stream stands now; `createRandomFrom` goes on from there. */
  state(): RandomState;
}

/** What `shuffle` takes: arrays and typed arrays of numbers. */
type ShuffleableArray = unknown[] | Int32Array | Uint32Array | Float32Array | Float64Array;

/**
 * Starts a stream.
 *
 * @param seed any finite number that is an integer; throws a RangeError otherwise.
 */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed is a whole number, not ${seed}`);
  return startStream(String(seed));
}

/** Goes on where `state()` was taken. Throws a RangeError for what is no state. */
export function createRandomFrom(state: RandomState): Random {
  const { key, words } = state;
  const whole =
    words.length === 4 && words.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffffffff);
  if (typeof key !== 'string' || !whole || words.every((word) => word === 0)) {
    throw new RangeError('this is not the state of a random generator');
  }
  return new Xoshiro128(key, words);
}

function startStream(key: string): Random {
  const digest = createHash('sha256').update(`roux random 1/${key}`).digest();
  return new Xoshiro128(key, [
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    // The all-zero state is the generator's one fixed point.
    (digest.readUInt32LE(12) | 1) >>> 0,
  ]);
}

class Xoshiro128 implements Random {
  readonly #key: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(key: string, words: readonly [number, number, number, number]) {
    this.#key = key;
    [this.#a, this.#b, this.#c, this.#d] = words;
  }

  next(): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  integer(below: number): number {
    if (!Number.isSafeInteger(below) || below < 1) {
      throw new RangeError(`integer(below) needs a whole number from 1 to 2^53 - 1, not ${below}`);
    }
    if (below > 0x100000000) return this.#wideInteger(below);
    // Values at and above the largest multiple of `below` would favour small results: draw again.
    const limit = 0x100000000 - (0x100000000 % below);
    for (;;) {
      const value = this.#word();
      if (value < limit) return value % below;
    }
  }

  shuffle<Items extends ShuffleableArray>(items: Items): Items {
    const array: { [index: number]: unknown; readonly length: number } = items;
    for (let last = array.length - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      const value = array[last];
      array[last] = array[chosen];
      array[chosen] = value;
    }
    return items;
  }

  normal(): number {
    // 1 - next() is in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  fork(name: string): Random {
    // Escaped, so that a slash inside a name never makes two paths one key.
    return startStream(`${this.#key}/${name.replaceAll('%', '%25').replaceAll('/', '%2F')}`);
  }

  state(): RandomState {
    return { key: this.#key, words: [this.#a, this.#b, this.#c, this.#d] };
  }

  #wideInteger(below: number): number {
    const limit = 2 ** 53 - (2 ** 53 % below);
    for (;;) {
      const value = (this.#word() >>> 11) * 0x100000000 + this.#word();
      if (value < limit) return value % below;
    }
  }

  #word(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c = (this.#c ^ this.#a) >>> 0;
    this.#d = (this.#d ^ this.#b) >>> 0;
    this.#b = (this.#b ^ this.#c) >>> 0;
    this.#a = (this.#a ^ this.#d) >>> 0;
    this.#c = (this.#c ^ shifted) >>> 0;
    this.#d = rotateLeft(this.#d, 11) >>> 0;
    return result;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
