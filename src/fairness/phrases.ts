/**
 * Finding words and phrases in text: whole words only, longest phrase first, never overlapping.
 */

/** A phrase to look for. */
export interface Phrase<Value> {
  /** One or more words, as they are usually written: 'she', 'African American', "ma'am". */
  readonly text: string;
  /** Words that are capitalized in `text` must be capitalized where they are found ('Polish' is not 'polish'). */
  readonly capitalized: boolean;
  readonly value: Value;
}

/** A place where a phrase was found; offsets in UTF-16 code units, `end` exclusive. */
export interface PhraseMatch<Value> {
  readonly start: number;
  readonly end: number;
  /** The text as it stands there. */
  readonly found: string;
  readonly phrase: Phrase<Value>;
}

/** A word of a text: letters, marks, digits and underscores in a row. */
export interface Word {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly lowerCase: string;
}

/** Looks for a fixed set of phrases in any number of texts. */
export type PhraseMatcher<Value> = (text: string) => readonly PhraseMatch<Value>[];

/**
 * Makes a matcher.
 *
 * Letter case is ignored (but see `Phrase.capitalized`). A space or hyphen of a phrase matches white space or a hyphen,
 * so 'African American' also finds 'African-American'. A word that a contraction continues is another word ("Don't"
 * contains no Don), except for 's, 'd, 'll, 're, 've and 'm. Words in e-mail addresses, web addresses and @handles are
 * not looked at: changing them would change whom or what they point to. Where one text has two meanings the phrase
 * that was listed first is taken.
 */
export function createPhraseMatcher<Value>(phrases: Iterable<Phrase<Value>>): PhraseMatcher<Value> {
  const byFirstWord = new Map<string, SplitPhrase<Value>[]>();
  for (const phrase of phrases) {
    const words = wordsOf(phrase.text);
    const first = words[0];
    if (first === undefined) continue;
    const gaps = words
      .slice(1)
      .map((word, index) => gapKind(phrase.text.slice(words[index]?.end, word.start)));
    const candidates = byFirstWord.get(first.lowerCase) ?? [];
    const ending = phrase.text.slice(words.at(-1)?.end).trimEnd();
    candidates.push({ phrase, words, gaps, ending });
    byFirstWord.set(first.lowerCase, candidates);
  }
  // Array sorting is stable: among phrases of the same length the first listed stays first.
  for (const candidates of byFirstWord.values()) candidates.sort((a, b) => b.words.length - a.words.length);

  return (text) => {
    const words = wordsOf(text);
    const addresses = addressesOf(text);
    const matches: PhraseMatch<Value>[] = [];
    for (let index = 0; index < words.length; index++) {
      const first = words[index];
      const candidates = first && byFirstWord.get(first.lowerCase);
      if (!candidates || addresses.some(({ start, end }) => first.start >= start && first.start < end))
        continue;
      const hit = candidates.find((candidate) => matchesAt(text, words, index, candidate));
      const last = hit && words[index + hit.words.length - 1];
      if (hit === undefined || last === undefined) continue;
      const end = last.end + hit.ending.length;
      const found = text.slice(first.start, end);
      matches.push({ start: first.start, end, found, phrase: hit.phrase });
      index += hit.words.length - 1;
    }
    return matches;
  };
}

/** The words of a text, from left to right. */
export function wordsOf(text: string): readonly Word[] {
  return Array.from(text.matchAll(/[\p{L}\p{M}\p{N}_]+/gu), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
    text: match[0],
    lowerCase: match[0].toLowerCase(),
  }));
}

interface SplitPhrase<Value> {
  readonly phrase: Phrase<Value>;
  readonly words: readonly Word[];
  /** How each word is joined to the one before it. */
  readonly gaps: readonly GapKind[];
  /** What the phrase has after its last word: the dot of 'U.S.'. */
  readonly ending: string;
}

/** 'space', 'apostrophe', or for anything else the characters themselves. */
type GapKind = string;

const CONTRACTIONS_OF_WHOLE_WORDS = new Set(['s', 'd', 'll', 're', 've', 'm']);

function gapKind(gap: string): GapKind {
  if (/^(?:\s+|\s*[-\u2010\u2011]\s*)$/u.test(gap)) return 'space';
  return /^['\u2019]$/u.test(gap) ? 'apostrophe' : gap;
}

function matchesAt<Value>(
  text: string,
  words: readonly Word[],
  index: number,
  { phrase, words: expected, gaps, ending }: SplitPhrase<Value>,
): boolean {
  for (let offset = 0; offset < expected.length; offset++) {
    const word = words[index + offset];
    const wanted = expected[offset];
    if (word === undefined || wanted === undefined || word.lowerCase !== wanted.lowerCase) return false;
    if (phrase.capitalized && startsUpperCase(wanted.text) && !startsUpperCase(word.text)) return false;
    const before = words[index + offset - 1];
    if (offset > 0 && before && gapKind(text.slice(before.end, word.start)) !== gaps[offset - 1])
      return false;
  }
  const previous = words[index - 1];
  const first = words[index];
  if (previous && first && gapKind(text.slice(previous.end, first.start)) === 'apostrophe') return false;
  const last = words[index + expected.length - 1];
  const next = words[index + expected.length];
  if (last && ending !== '' && !text.startsWith(ending, last.end)) return false;
  if (last && next && gapKind(text.slice(last.end, next.start)) === 'apostrophe') {
    return CONTRACTIONS_OF_WHOLE_WORDS.has(next.lowerCase);
  }
  return true;
}

function startsUpperCase(text: string): boolean {
  return /^\p{Lu}/u.test(text);
}

function addressesOf(text: string): readonly { readonly start: number; readonly end: number }[] {
  // Quick test first: most texts have none.
  if (!/@|:\/\/|www\./iu.test(text)) return [];
  return Array.from(text.matchAll(/\S+/gu))
    .filter(([token]) => /@\S|:\/\/|^\W*www\./iu.test(token))
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
}
