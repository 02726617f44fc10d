import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillRandomMask } from '../../../src/runtime/random-mask.js';
import { Arena } from '../../../src/runtime/wasm/arena.js';
import { compileMasks } from '../../../src/runtime/wasm/random-mask.js';

describe('compileMasks', () => {
  it('draws the masks of fillRandomMask, whatever the length, times a value', () => {
    const arena = new Arena(4096);
    const address = arena.allocate(100);
    const fill = compileMasks(arena.memory);
    const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const probability = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1));
    fc.assert(
      fc.property(fc.nat(100), probability, seed, fc.nat(50), (length, keepProbability, drawn, site) => {
        const expected = new Float32Array(length);
        fillRandomMask(expected, keepProbability, drawn, site);
        fill(address, length, { keepProbability, seed: drawn, site, value: 1.5 });
        expect(arena.floats(address, length)).toEqual(expected.map((bit) => 1.5 * bit));
      }),
    );
  });
});
