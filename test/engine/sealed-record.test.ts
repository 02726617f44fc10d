import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginRecord, endRecord, sealRecord, unsealRecord } from '../../src/engine/sealed-record.js';
import { blockBytes, endHash, hashBlocks, initialState } from '../../src/engine/sha256-state.js';

const members = fc.dictionary(
  fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !['__proto__', 'sha256'].includes(name)),
  fc.jsonValue({ maxDepth: 2 }),
  { minKeys: 1, noNullPrototype: true },
);

test('hashing that goes on from any block gives the SHA-256 of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(4), (bytes, blocks) => {
      const before = Math.min(blocks * blockBytes, bytes.length - (bytes.length % blockBytes));
      const state = hashBlocks(initialState, bytes.subarray(0, before));
      const whole = createHash('sha256').update(bytes).digest('hex');
      expect(endHash(state, before, bytes.subarray(before))).toBe(whole);
    }),
  );
});

test('a record that was put together of its beginning and its end is sealed like any other', () => {
  fc.assert(
    fc.property(members, (beginning) => {
      const end = { run: 'é', durationMs: 12 };
      const sealed = endRecord(beginRecord(beginning), end);
      const whole = JSON.parse(JSON.stringify({ ...beginning, ...end }));
      expect(unsealRecord(sealed)).toEqual(whole);
      expect(unsealRecord(sealRecord(whole))).toEqual(whole);
      expect(unsealRecord(sealed.replace('12', '13'))).toBeUndefined();
    }),
  );
});
