import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { examplesByMention, findIdentityTerms } from '../../src/fairness/identity-terms.js';
import { parseIdentityList, parseSwapList, readTermLists } from '../../src/fairness/term-lists.js';

const shipped = readTermLists();
const folder = mkdtempSync(join(tmpdir(), 'roux-terms-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the lists that ship with roux', () => {
  it('are all well formed', () => {
    expect(shipped.swaps.map(({ name }) => name)).toEqual(['first-names', 'gendered-words', 'nationalities']);
    expect(shipped.identities.map(({ name }) => name)).toEqual([
      'age',
      'disability',
      'ethnicity',
      'gender',
      'religion',
      'sexual-orientation',
    ]);
  });

  it('have a word for every group in every row', () => {
    for (const { name, groups, rows } of shipped.swaps) {
      for (const row of rows) expect(Object.keys(row), name).toEqual(groups);
    }
  });
});

describe('identity terms', () => {
  const find = (text: string) =>
    findIdentityTerms(text, shipped.identities).map(({ list, group, found }) => `${list}/${group}: ${found}`);

  it.each([
    ['Jewish women', ['gender/female: women', 'religion/Jewish: Jewish']],
    ['an African-American pastor', ['ethnicity/Black: African-American']],
    ['black cats and black people', ['ethnicity/Black: black people']],
    ['deaf children', ['age/child: children', 'disability/sensory disability: deaf']],
    ['gay marriage', ['sexual-orientation/homosexual: gay marriage']],
    ['a blind spot', []],
    ['a table', []],
  ])('%s', (text, expected) => {
    expect(find(text).filter((mention) => !mention.startsWith('gender/male'))).toEqual(expected);
  });

  it('say which examples mention which group', () => {
    const religion = shipped.identities.filter(({ name }) => name === 'religion');
    const texts = ['Muslims and Jews', 'nobody', 'Islam, islam'];
    const members = religion.flatMap((list) => examplesByMention(texts, list));
    expect(members.find(({ group }) => group === 'Muslim')?.examples).toEqual([0, 2]);
    expect(members.find(({ group }) => group === 'Jewish')?.examples).toEqual([0]);
    expect(members.find(({ group }) => group === 'Hindu')?.examples).toEqual([]);
  });
});

describe("a user's lists", () => {
  it('are read from a folder of the same layout', () => {
    mkdirSync(join(folder, 'swaps'));
    writeFileSync(
      join(folder, 'swaps', 'pets.json'),
      '{ "groups": ["cats", "dogs"], "rows": [{ "cats": "cat", "dogs": ["dog", "hound"] }] }',
    );
    expect(readTermLists(folder)).toEqual({
      swaps: [
        {
          name: 'pets',
          groups: ['cats', 'dogs'],
          rows: [{ cats: ['cat'], dogs: ['dog', 'hound'] }],
          ambiguous: [],
          notBeforeNoun: [],
          keep: [],
          capitalized: false,
        },
      ],
      identities: [],
    });
  });

  it('a folder without lists is refused', () => {
    expect(() => readTermLists(join(folder, 'nowhere'))).toThrow('holds no term lists');
  });

  it.each([
    ['no JSON', '{', 'is not JSON'],
    ['an array', '[]', 'needs an object at the file'],
    ['one group', '{ "groups": ["a"], "rows": [] }', 'needs at least two `groups`'],
    ['no rows', '{ "groups": ["a", "b"] }', 'has no `rows`'],
    ['an unknown key', '{ "groups": ["a", "b"], "row": [] }', 'has unknown keys'],
    ['an unknown group', '{ "groups": ["a", "b"], "rows": [{ "c": "x" }] }', 'unknown group at rows[0]'],
    ['a word that is none', '{ "groups": ["a", "b"], "rows": [{ "a": 3 }] }', 'needs words at rows[0].a'],
    ['no word at all', '{ "groups": ["a", "b"], "rows": [{ "a": [] }] }', 'needs words at rows[0].a'],
    [
      'a word in two rows',
      '{ "groups": ["a", "b"], "rows": [{ "a": "x", "b": "y" }, { "a": "X", "b": "z" }] }',
      "lists 'X' twice",
    ],
    [
      'a flag that is none',
      '{ "groups": ["a", "b"], "rows": [{ "a": "x" }], "capitalized": 1 }',
      'true or false',
    ],
    ['an ambiguous term without a group', '{ "groups": ["a", "b"], "ambiguous": [{}] }', 'ambiguous[0]'],
  ])('swap list with %s', (_, text, message) => {
    const parse = () => parseSwapList(text, 'swaps/mine.json');
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(message);
  });

  it('identity list without groups', () => {
    expect(() => parseIdentityList('{ "groups": {} }', 'mine.json')).toThrow('has no `groups`');
    expect(parseIdentityList('{ "groups": { "cats": "cat" } }', 'a/mine.json')).toMatchObject({
      name: 'mine',
      groups: { cats: ['cat'] },
    });
  });
});
