import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareLines } from '../../src/engine/line-changes.js';

function compare(before: string, after: string) {
  const hashes = (text: string) => Uint32Array.from(text, (letter) => letter.charCodeAt(0));
  return compareLines(hashes(before), hashes(after));
}

const none = { added: 0, removed: 0, changed: 0, reordered: false, at: [] };

describe('lines, written as letters', () => {
  test.each([
    ['abc', 'abc', none],
    ['abc', 'abcd', { ...none, added: 1, at: [4] }],
    ['abc', 'ac', { ...none, removed: 1 }],
    ['abc', 'axc', { ...none, changed: 1, at: [2] }],
    ['abc', 'axyc', { ...none, changed: 1, added: 1, at: [2, 3] }],
    ['abc', 'cba', { ...none, reordered: true }],
    ['aab', 'aaab', { ...none, added: 1, at: [3] }],
    ['abac', 'bac', { ...none, removed: 1 }],
    ['bac', 'abac', { ...none, added: 1, at: [1] }],
    ['', 'ab', { ...none, added: 2, at: [1, 2] }],
    ['ab', '', { ...none, removed: 2 }],
    ['abcdef', 'xbcyef', { ...none, changed: 2, at: [1, 4] }],
  ])('%s -> %s', (before, after, expected) => {
    expect(compare(before, after)).toEqual(expected);
  });

  test('add up: what is there now is what was there, less removed, plus added', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 30 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { added, removed, changed } = compare(before, after);
        expect(before.length - removed + added).toBe(after.length);
        expect(Math.min(added, removed, changed)).toBeGreaterThanOrEqual(0);
        const backwards = compare(after, before);
        expect(backwards).toMatchObject({ added: removed, removed: added, changed });
      }),
    );
  });
});
