/**
 * Counterfactual texts: the same text with the words of one group exchanged for those of another.
 */
import { UserError } from '../artifacts/user-error.js';
import type { RandomSource } from '../metrics/bootstrap.js';
import { createPhraseMatcher, type Phrase, type PhraseMatch, wordsOf } from './phrases.js';
import type { AmbiguousTerm, SwapList } from './term-lists.js';

/** One change in a text; offsets into the original, in UTF-16 code units, `end` exclusive. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly found: string;
  readonly replacement: string;
}

/** A counterfactual of one text. */
export interface SwapVariant {
  /** The two groups that were exchanged. Every word of one became a word of the other and the reverse. */
  readonly groups: readonly [string, string];
  /** Those of the two that the original text mentions; with one only, the swap has a direction. */
  readonly mentioned: readonly string[];
  readonly text: string;
  readonly replacements: readonly Replacement[];
}

/** How variants are chosen where there are many. */
export interface SwapOptions {
  /** At most so many variants of one text; default: all. */
  readonly maximumVariants?: number;
  /** Draws which ones are kept; without it the first ones in the order of the list's groups. */
  readonly random?: RandomSource;
}

/** Makes the counterfactuals of a text. */
export type TermSwapper = (text: string, options?: SwapOptions) => readonly SwapVariant[];

/**
 * The counterfactuals of one text; see `createTermSwapper`, which is faster for many texts.
 */
export function swapTerms(
  text: string,
  lists: readonly SwapList[],
  options?: SwapOptions,
): readonly SwapVariant[] {
  return createTermSwapper(lists)(text, options);
}

/**
 * Prepares lists for swapping in many texts.
 *
 * There is one variant for every pair of groups of which the text mentions at least one; with two groups that is one
 * variant, in which 'she thanked him' becomes 'he thanked her'. A text that mentions none has no variant. Letter case
 * is kept ('She' -> 'He', 'SHE' -> 'HE'), and 'a' or 'an' before a changed word is made to agree. 'her' and 'his' have
 * two counterparts each: the list's rule decides by the next word (`her book` -> `his book`, `saw her yesterday` ->
 * `saw him yesterday`); it reads no grammar, so `gave her flowers` becomes `gave his flowers`.
 *
 * Several lists (gendered words and first names) are swapped together in one variant; they must have the same groups,
 * or a `UserError` is thrown.
 */
export function createTermSwapper(lists: readonly SwapList[]): TermSwapper {
  const groups = commonGroups(lists);
  const match = createPhraseMatcher<Term>(lists.flatMap((list) => [...phrasesOf(list)]));
  return (text, options = {}) => {
    const matches = match(text);
    const mentioned = new Set(matches.map(({ phrase }) => phrase.value?.group));
    const pairs: (readonly [string, string])[] = [];
    groups.forEach((first, index) => {
      for (const second of groups.slice(index + 1)) {
        if (mentioned.has(first) || mentioned.has(second)) pairs.push([first, second]);
      }
    });
    const variants: SwapVariant[] = [];
    const { maximumVariants = pairs.length } = options;
    while (pairs.length > 0 && variants.length < maximumVariants) {
      const [pair] = pairs.splice(options.random?.integer(pairs.length) ?? 0, 1);
      const variant = pair && exchange(text, matches, pair);
      if (variant) variants.push(variant);
    }
    return variants;
  };
}

/** What a phrase of a list stands for; null for a phrase that is left alone. */
type Term = {
  readonly group: string;
  /** Other group -> its word. */
  counterpart(text: string, end: number): Readonly<Record<string, string>>;
} | null;

function commonGroups(lists: readonly SwapList[]): readonly string[] {
  const [first, ...others] = lists;
  if (first === undefined) return [];
  const different = others.find(({ groups }) => groups.join('\n') !== first.groups.join('\n'));
  if (different === undefined) return first.groups;
  throw new UserError({
    code: 'terms/different-groups',
    message: `The term lists '${first.name}' and '${different.name}' cannot be swapped together.`,
    found: `groups ${first.groups.join(', ')} and ${different.groups.join(', ')}`,
    expected: 'the same groups in the same order',
  });
}

function* phrasesOf(list: SwapList): Generator<Phrase<Term>> {
  const { capitalized } = list;
  for (const text of list.keep) yield { text, capitalized, value: null };
  const notBeforeNoun = new Set(list.notBeforeNoun);
  for (const term of list.ambiguous) {
    yield { text: term.term, capitalized, value: ambiguousTerm(term, notBeforeNoun) };
  }
  for (const row of list.rows) {
    const counterparts = Object.fromEntries(
      Object.entries(row).flatMap(([group, [word]]) => (word === undefined ? [] : [[group, word]])),
    );
    for (const [group, words] of Object.entries(row)) {
      for (const text of words)
        yield { text, capitalized, value: { group, counterpart: () => counterparts } };
    }
  }
}

function ambiguousTerm(term: AmbiguousTerm, notBeforeNoun: ReadonlySet<string>): Term {
  return {
    group: term.group,
    counterpart: (text, end) => (isBeforeNoun(text, end, notBeforeNoun) ? term.beforeNoun : term.otherwise),
  };
}

/** How far the next word is looked for: further away is not the same phrase. */
const NEXT_WORD_WINDOW = 60;

function isBeforeNoun(text: string, end: number, notBeforeNoun: ReadonlySet<string>): boolean {
  const after = text.slice(end, end + NEXT_WORD_WINDOW);
  const next = wordsOf(after)[0];
  // Only white space, an opening quote or bracket, or a hyphen may stand between an owner and what is owned.
  if (next === undefined || !/^(?:\s+["'“‘(]?|-)$/u.test(after.slice(0, next.start))) return false;
  return !notBeforeNoun.has(next.lowerCase);
}

function exchange(
  text: string,
  matches: readonly PhraseMatch<Term>[],
  pair: readonly [string, string],
): SwapVariant | undefined {
  const replacements: Replacement[] = [];
  const mentioned = new Set<string>();
  for (const { start, end, found, phrase } of matches) {
    const group = phrase.value?.group;
    if (group !== pair[0] && group !== pair[1]) continue;
    const other = group === pair[0] ? pair[1] : pair[0];
    const word = phrase.value?.counterpart(text, end)[other];
    if (word === undefined) continue;
    const replacement = inCaseOf(found, phrase.text, word);
    if (replacement === found) continue;
    mentioned.add(group);
    const article = articleBefore(text, start, replacement);
    if (article) replacements.push(article);
    replacements.push({ start, end, found, replacement });
  }
  if (replacements.length === 0) return undefined;
  let changed = '';
  let position = 0;
  for (const { start, end, replacement } of replacements) {
    changed += text.slice(position, start) + replacement;
    position = end;
  }
  return {
    groups: pair,
    mentioned: pair.filter((group) => mentioned.has(group)),
    text: changed + text.slice(position),
    replacements,
  };
}

/** Writes `word` in the letter case in which `listed` was found. */
function inCaseOf(found: string, listed: string, word: string): string {
  if (found === listed) return word;
  const isUpperCase = found === found.toUpperCase() && found !== found.toLowerCase();
  if (isUpperCase && wordsOf(found).some(({ text }) => text.length > 1)) return word.toUpperCase();
  if (found === found.toLowerCase()) return word.toLowerCase();
  const foundWords = wordsOf(found);
  if (!/^\p{Lu}/u.test(found)) return word;
  const everyWord = foundWords.length > 1 && foundWords.every(({ text }) => /^\p{Lu}/u.test(text));
  return everyWord ? word.replace(/(?<![\p{L}'’])\p{Ll}/gu, upperCase) : word.replace(/^\p{Ll}/u, upperCase);
}

function upperCase(text: string): string {
  return text.toUpperCase();
}

const STARTS_WITH_VOWEL_SOUND = /^(?:(?!eu|one\b|u(?:[nt]i|k|s[aei]|ga))[aeiou]|h(?:eir|onest|ono|our))/iu;

function articleBefore(text: string, start: number, word: string): Replacement | undefined {
  const article = /(?<![\p{L}\p{M}\p{N}_'’-])(an?)\s+$/iu.exec(text.slice(Math.max(0, start - 20), start));
  const found = article?.[1];
  if (article === null || found === undefined) return undefined;
  const wanted = STARTS_WITH_VOWEL_SOUND.test(word) ? 'an' : 'a';
  if (found.toLowerCase() === wanted) return undefined;
  const isUpperCase = found === 'AN' || (found === 'A' && word.length > 1 && word === word.toUpperCase());
  const replacement = isUpperCase
    ? wanted.toUpperCase()
    : found.startsWith('A')
      ? upperFirst(wanted)
      : wanted;
  const begin = start - article[0].length;
  return { start: begin, end: begin + found.length, found, replacement };
}

function upperFirst(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
