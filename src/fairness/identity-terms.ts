/**
 * Which groups of people a text mentions.
 */
import { createPhraseMatcher } from './phrases.js';
import type { IdentityList } from './term-lists.js';

/** A mention of a group; offsets in UTF-16 code units, `end` exclusive. */
export interface IdentityMention {
  /** The name of the list: 'religion'. */
  readonly list: string;
  readonly group: string;
  readonly found: string;
  readonly start: number;
  readonly end: number;
}

/** Finds mentions in any number of texts. */
export type IdentityFinder = (text: string) => readonly IdentityMention[];

/** The examples that mention a group. */
export interface MentioningExamples {
  readonly group: string;
  /** Indices of examples, ascending. */
  readonly examples: readonly number[];
}

/**
 * Prepares lists for finding mentions; those of each list come in the order of the text, list after list.
 *
 * The same words can count for groups of two lists ('Jewish women': religion and gender), but within a list the
 * longest phrase wins.
 */
export function createIdentityFinder(lists: readonly IdentityList[]): IdentityFinder {
  const matchers = lists.map((list) => ({ list: list.name, match: matcherOf(list) }));
  return (text) =>
    matchers.flatMap(({ list, match }) =>
      match(text).flatMap(({ start, end, found, phrase }) =>
        phrase.value === null ? [] : [{ list, group: phrase.value, found, start, end }],
      ),
    );
}

/** The mentions in one text; see `createIdentityFinder`, which is faster for many texts. */
export function findIdentityTerms(text: string, lists: readonly IdentityList[]): readonly IdentityMention[] {
  return createIdentityFinder(lists)(text);
}

/**
 * For each group of a list the examples that mention it, in the list's order; groups that no text mentions have no examples.
 *
 * A text can mention several groups and then belongs to each of them.
 */
export function examplesByMention(
  texts: readonly string[],
  list: IdentityList,
): readonly MentioningExamples[] {
  const find = createIdentityFinder([list]);
  const examples = new Map<string, number[]>(Object.keys(list.groups).map((group) => [group, []]));
  texts.forEach((text, index) => {
    for (const group of new Set(find(text).map((mention) => mention.group))) examples.get(group)?.push(index);
  });
  return Array.from(examples, ([group, indices]) => ({ group, examples: indices }));
}

function matcherOf(list: IdentityList) {
  const { capitalized } = list;
  const kept = list.keep.map((text) => ({ text, capitalized, value: null }));
  const terms = Object.entries(list.groups).flatMap(([group, words]) =>
    words.map((text) => ({ text, capitalized, value: group })),
  );
  return createPhraseMatcher<string | null>([...kept, ...terms]);
}
