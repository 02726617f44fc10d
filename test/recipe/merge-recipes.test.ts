import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../src/diagnostics/diagnostic.js';
import { SourceText } from '../../src/diagnostics/source-text.js';
import type { Json } from '../../src/plugin/stage-info.js';
import { finishMerge, mergeMaps, readAppends } from '../../src/recipe/merge-recipes.js';
import { parseRecipe } from '../../src/recipe/parse-recipe.js';
import { type MapNode, toJson, valueAt } from '../../src/recipe/recipe-node.js';

/** Values in which a key is always a list or never: appending to anything else is a mistake, and promises nothing. */
const value: fc.Arbitrary<Json> = fc.letrec<{ map: Json }>((tie) => ({
  map: fc.record(
    {
      a: fc.oneof(fc.constantFrom<Json>(1, 2, null, 'x'), tie('map')),
      b: fc.oneof(fc.constantFrom<Json>(true, null, 3), tie('map')),
      list: fc.oneof(
        fc.constant(null),
        fc.array(fc.nat(9), { maxLength: 3 }),
        fc.record({ $append: fc.array(fc.nat(9), { maxLength: 3 }) }),
      ),
    },
    { requiredKeys: [] },
  ),
})).map;

describe('merging', () => {
  test('is associative: how recipes are grouped changes nothing', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        const left = merge(merge(tree(a), tree(b)), tree(c));
        const right = merge(tree(a), merge(tree(b), tree(c)));
        expect(toJson(finishMerge(left))).toEqual(toJson(finishMerge(right)));
      }),
      { numRuns: 300 },
    );
  });

  test('with nothing changes nothing, from either side', () => {
    fc.assert(
      fc.property(value, (a) => {
        const alone = toJson(finishMerge(tree(a)));
        expect(toJson(finishMerge(merge(tree({}), tree(a))))).toEqual(alone);
        expect(toJson(finishMerge(merge(tree(a), tree({}))))).toEqual(alone);
      }),
    );
  });

  test('keeps the base order of keys and adds new ones at the end', () => {
    const merged = merge(tree({ a: 1, b: 2 }), tree({ c: 3, a: 4 }));
    expect(Object.entries(toJson(finishMerge(merged)) ?? {})).toEqual([
      ['a', 4],
      ['b', 2],
      ['c', 3],
    ]);
  });

  test('removes a key for a null, and keeps a null that removes nothing', () => {
    expect(merged({ a: 1, b: 2 }, { a: null, c: null })).toEqual({ b: 2, c: null });
  });

  test('replaces lists, and appends where that is asked for', () => {
    expect(merged({ a: [1, 2] }, { a: [3] })).toEqual({ a: [3] });
    expect(merged({ a: [1, 2] }, { a: { $append: [3] } })).toEqual({ a: [1, 2, 3] });
    expect(merged({}, { a: { $append: [3] } })).toEqual({ a: [3] });
    expect(merged({ a: [1] }, { a: null }, { a: { $append: [3] } })).toEqual({ a: [3] });
  });

  test('remembers every value that was replaced, the nearest first', () => {
    const node = valueAt(merge(merge(tree({ a: 1 }), tree({ a: 2 })), tree({ a: 3 })), 'a');
    expect([node, node?.instead, node?.instead?.instead].map((one) => one && toJson(one))).toEqual([3, 2, 1]);
    const grouped = valueAt(merge(tree({ a: 1 }), merge(tree({ a: 2 }), tree({ a: 3 }))), 'a');
    expect([grouped, grouped?.instead, grouped?.instead?.instead].map((one) => one && toJson(one))).toEqual([
      3, 2, 1,
    ]);
  });
});

function merged(...values: readonly Json[]): Json {
  return toJson(finishMerge(values.map(tree).reduce(merge)));
}

function merge(base: MapNode, nearer: MapNode): MapNode {
  const diagnostics = new Diagnostics();
  const result = mergeMaps(base, nearer, diagnostics);
  expect(diagnostics.errors()).toEqual([]);
  return result;
}

function tree(json: Json): MapNode {
  const diagnostics = new Diagnostics();
  const node = parseRecipe(new SourceText('/recipe.yaml', JSON.stringify(json), '/'), diagnostics);
  if (node?.kind !== 'map') throw new Error('a map was expected');
  return readAppends(node, diagnostics);
}
