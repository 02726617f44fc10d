import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/data/random.js';
import { maskedCount, maskSequence } from '../../src/training/masking.js';

const vocabulary = { size: 1000, mask: 4, special: new Set([0, 1, 2, 3, 4]) };
const sequence = Int32Array.from([2, ...Array.from({ length: 40 }, (_, index) => 10 + index), 3]);

describe('masking', () => {
  it('chooses the share of tokens that is asked for, never special ones', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { positions, labels } = maskSequence(sequence, 0.15, vocabulary, createRandom(seed));
      expect(positions.length).toBe(6);
      expect(positions).not.toContain(0);
      expect(positions).not.toContain(41);
      expect(labels).toEqual(positions.map((position) => sequence[position]));
    }
  });

  it('replaces 80 % by the mask token, 10 % by random tokens and keeps 10 %', () => {
    const fates = { mask: 0, other: 0, same: 0 };
    for (let seed = 0; seed < 2000; seed++) {
      const masked = maskSequence(sequence, 0.15, vocabulary, createRandom(seed));
      masked.positions.forEach((position, index) => {
        const id = masked.inputIds[position];
        fates[id === vocabulary.mask ? 'mask' : id === masked.labels[index] ? 'same' : 'other']++;
      });
    }
    // Three standard deviations of 12,000 draws are 0.011.
    expect(Math.abs(fates.mask / 12000 - 0.8)).toBeLessThan(0.011);
    expect(Math.abs(fates.same / 12000 - 0.1)).toBeLessThan(0.011);
    expect(Math.abs(fates.other / 12000 - 0.1)).toBeLessThan(0.011);
  });

  it('leaves all other tokens as they are', () => {
    const { inputIds, positions } = maskSequence(sequence, 0.15, vocabulary, createRandom(1));
    sequence.forEach((id, position) => {
      if (!positions.includes(position)) expect(inputIds[position]).toBe(id);
    });
  });

  it('masks at least one token where there is any, and none where there is none', () => {
    expect(maskedCount(2, 0.15)).toBe(1);
    expect(maskedCount(0, 0.15)).toBe(0);
    const { positions } = maskSequence(Int32Array.from([2, 3]), 0.15, vocabulary, createRandom(1));
    expect(positions).toEqual([]);
  });
});
