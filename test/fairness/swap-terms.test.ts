import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { createTermSwapper, swapTerms } from '../../src/fairness/swap-terms.js';
import { readTermLists } from '../../src/fairness/term-lists.js';

const { swaps } = readTermLists();
const genderedWords = swaps.filter(({ name }) => name === 'gendered-words');
const firstNames = swaps.filter(({ name }) => name === 'first-names');
const nationalities = swaps.filter(({ name }) => name === 'nationalities');

describe('gendered words', () => {
  it.each([
    ['She thanked him.', 'He thanked her.'],
    ['HE IS HERE', 'SHE IS HERE'],
    ['He is here', 'She is here'],
    ["he'll say she's late", "she'll say he's late"],
    ['I saw her.', 'I saw him.'],
    ['I saw her yesterday', 'I saw him yesterday'],
    ['I saw her, and her dog', 'I saw him, and his dog'],
    ['her "best" friend', 'his "best" friend'],
    ['That is his.', 'That is hers.'],
    ['His car is his own', 'Her car is her own'],
    ['The car is hers', 'The car is his'],
    ['a woman and an actress', 'a man and an actor'],
    ['He was a waiter, an heir.', 'She was a waitress, an heiress.'],
    ['an uncle', 'an aunt'],
    ['He is a hero', 'She is a heroine'],
    ['Mr. Smith and his wife', 'Ms. Smith and her husband'],
    ['Ladies and Gentlemen', 'Gentlemen and Ladies'],
    ["The women's team", "The men's team"],
    ["Yes, ma'am", 'Yes, sir'],
    ['Yes, ma’am', 'Yes, sir'],
    ['mother-in-law', 'father-in-law'],
  ])('%s -> %s', (text, expected) => {
    expect(swapTerms(text, genderedWords).map((variant) => variant.text)).toEqual([expected]);
  });

  it.each([
    ['the theme of history', 'words inside words'],
    ['write to she@example.com or https://he.example/his', 'addresses'],
    ['I ate at Burger King', 'phrases that are kept'],
    ['', 'an empty text'],
  ])('%s has no variant: %s', (text) => {
    expect(swapTerms(text, genderedWords)).toEqual([]);
  });

  it('an article is made to agree in its own letter case', () => {
    expect(swapTerms('An aunt. AN AUNT. A boy', genderedWords)[0]?.text).toBe('An uncle. AN UNCLE. A girl');
    expect(swapTerms('A hero', genderedWords)[0]?.text).toBe('A heroine');
  });

  it('says what was replaced where, and which groups were mentioned', () => {
    expect(swapTerms('Did she?', genderedWords)).toEqual([
      {
        groups: ['female', 'male'],
        mentioned: ['female'],
        text: 'Did he?',
        replacements: [{ start: 4, end: 7, found: 'she', replacement: 'he' }],
      },
    ]);
  });
});

describe('first names', () => {
  it("are found capitalized only, and not inside contractions or surnames' words", () => {
    expect(swapTerms('Mary met mary. MARY!', firstNames)[0]?.text).toBe('James met mary. JAMES!');
    expect(swapTerms("Don't", firstNames)).toEqual([]);
    expect(swapTerms("Linda's book", firstNames)[0]?.text).toBe("Michael's book");
  });

  it('are swapped together with gendered words where both lists are given', () => {
    const both = [...genderedWords, ...firstNames];
    expect(swapTerms('Mary lost her book', both)[0]?.text).toBe('James lost his book');
  });
});

describe('nationalities', () => {
  it('give one variant for each other nationality', () => {
    const variants = swapTerms('The French chef', nationalities);
    expect(variants).toHaveLength(25);
    expect(variants[0]).toMatchObject({ text: 'The American chef', mentioned: ['French'] });
  });

  it('keep the form and make the article agree', () => {
    const texts = swapTerms('a German from Germany', nationalities).map(({ text }) => text);
    expect(texts).toContain('an Italian from Italy');
    expect(texts).toContain('a Russian from Russia');
    expect(texts).toContain('an American from the United States');
  });

  it('two nationalities in one text change places', () => {
    const texts = swapTerms('Germans love Italy', nationalities).map(({ text }) => text);
    expect(texts).toContain('Italians love Germany');
  });

  it('abbreviations are found with their dots', () => {
    const texts = swapTerms('in the U.S. today', nationalities).map(({ text }) => text);
    expect(texts).toContain('in France today');
  });

  it('leave alone what only looks like them', () => {
    expect(swapTerms('French fries, African-American, polish the turkey', nationalities)).toEqual([]);
  });

  it('can be limited, drawn by the generator that is handed in', () => {
    const last = { next: () => 0, integer: (below: number) => below - 1 };
    const [variant, ...others] = swapTerms('a French chef', nationalities, {
      maximumVariants: 1,
      random: last,
    });
    expect(others).toEqual([]);
    expect(variant?.text).toBe('an Australian chef');
  });
});

it('lists with different groups cannot be swapped together', () => {
  expect(() => createTermSwapper([...genderedWords, ...nationalities])).toThrow(UserError);
});

describe('for all texts', () => {
  const listedWords = genderedWords.flatMap(({ rows }) => rows.flatMap((row) => Object.values(row).flat()));
  const text = fc
    .array(
      fc.oneof(fc.constantFrom(...listedWords), fc.string(), fc.constantFrom('a', 'an', 'the', ',', '.')),
    )
    .map((words) => words.join(' '));

  it('a variant equals the original outside the replacements', () => {
    const swap = createTermSwapper([...genderedWords, ...firstNames]);
    fc.assert(
      fc.property(text, (original) => {
        for (const variant of swap(original)) {
          let rebuilt = variant.text;
          for (const { start, found, replacement } of variant.replacements) {
            const end = start + replacement.length;
            expect(rebuilt.slice(start, end)).toBe(replacement);
            rebuilt = rebuilt.slice(0, start) + found + rebuilt.slice(end);
          }
          expect(rebuilt).toBe(original);
          expect(variant.text).not.toBe(original);
        }
      }),
    );
  });

  it('swapping words with one counterpart twice gives the original', () => {
    const oneToOne = ['woman', 'Women', 'HUSBAND', 'aunt', 'Sister', 'king', 'she', 'He', 'herself'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...oneToOne), { minLength: 1 }), (words) => {
        const original = words.join(' ');
        const [variant] = swapTerms(original, genderedWords);
        expect(swapTerms(variant?.text ?? '', genderedWords)[0]?.text).toBe(original);
      }),
    );
  });
});
