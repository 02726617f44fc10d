import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonMembers } from '../../src/formats/json-members.js';

it('gives values as they are written', () => {
  const text =
    '{ "id": 1234567890123456789, "7":1.0 ,"nested":{"a":[1,"},"],"b":{}}, "quo\\"te:" : "x\\\\" }';
  expect([...jsonMembers(text)]).toEqual([
    ['id', '1234567890123456789'],
    ['7', '1.0'],
    ['nested', '{"a":[1,"},"],"b":{}}'],
    ['quo"te:', '"x\\\\"'],
  ]);
  expect([...jsonMembers('{}')]).toEqual([]);
  expect([...jsonMembers('{"a":1,"a":2}')]).toEqual([['a', '2']]);
  expect(jsonMembers(`{"text":"${'\\n'.repeat(1_000_000)}"}`).get('text')?.length).toBe(2_000_002);
});

it('finds the members of every object', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 2),
      (value, indent) => {
        const members = jsonMembers(JSON.stringify(value, null, indent));
        const parsed = [...members].map(([name, text]) => [name, JSON.parse(text)]);
        expect(Object.fromEntries(parsed)).toEqual(JSON.parse(JSON.stringify(value)));
      },
    ),
  );
});
