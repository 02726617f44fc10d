import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/engine/canonical-json.js';
import { digestOfFiles } from '../../src/engine/digests.js';
import {
  describePointer,
  memberPointer,
  parsePointer,
  replaceAtPointer,
} from '../../src/engine/json-pointer.js';
import { type KeyData, makeKey } from '../../src/engine/key-data.js';

const data: KeyData = { format: 1, type: 'train', version: 1, settings: { a: 1 }, files: {}, inputs: {} };

test('a key does not change from one version of roux to the next', () => {
  expect(makeKey(data)).toBe(
    // sha256sum of {"files":{},"format":1,"inputs":{},"settings":{"a":1},"type":"train","version":1}
    '78d81aad8881418a0814205eb91e8014faab240e26ad27782b1214161b82e33d',
  );
});

test('canonical JSON says the same as JSON and does not depend on the order of members', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      const reversed: unknown = JSON.parse(JSON.stringify(value), (_, member: unknown) =>
        typeof member === 'object' && member !== null && !Array.isArray(member)
          ? Object.fromEntries(Object.entries(member).reverse())
          : member,
      );
      expect(canonicalJson(reversed)).toBe(canonicalJson(value));
    }),
  );
});

test('values with the same canonical JSON are equal', () => {
  const small = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', '"', '\\', ',') });
  fc.assert(
    fc.property(small, small, (a, b) => {
      if (canonicalJson(a) === canonicalJson(b)) expect(JSON.parse(JSON.stringify(a))).toEqual(b);
    }),
  );
});

test('what JSON cannot say is no part of a key', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, () => 1, Symbol('x'), 1n]) {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  }
  expect(canonicalJson({ a: undefined, b: -0 })).toBe('{"b":0}');
});

test('the digest of files does not depend on the order in which they were found, but on names, sizes and contents', () => {
  const a = { path: 'a', sha256: '1', size: 1 };
  const b = { path: 'b', sha256: '2', size: 2 };
  expect(digestOfFiles([a, b])).toBe(digestOfFiles([b, a]));
  const others = [[a], [a, { ...b, path: 'c' }], [a, { ...b, size: 3 }], [a, { ...b, sha256: '3' }], []];
  const digests = others.map(digestOfFiles);
  expect(new Set([...digests, digestOfFiles([a, b])]).size).toBe(6);
});

test('JSON pointers lead to what they were made for', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (names) => {
      expect(parsePointer(names.reduce(memberPointer, ''))).toEqual(names);
    }),
  );
  expect(replaceAtPointer({ a: [{ 'b/c': 1 }, 2] }, '/a/0/b~1c', null)).toEqual({ a: [{ 'b/c': null }, 2] });
  expect(() => replaceAtPointer({ a: 1 }, '/b', null)).toThrow('leads nowhere');
  expect(describePointer('/layers/0/name')).toBe('layers[0].name');
});
