/**
 * Text to words, as `BertNormalizer` followed by `BertPreTokenizer` of Python's `tokenizers` do it: characters that
 * show nothing are dropped, accents and case too where asked, and the text is cut at white space, around every
 * punctuation character and around every Chinese character.
 */
import { decomposable, ideographs, marks, punctuation, removed } from './bert-unicode.js';

/** The settings of a BertNormalizer, as in `tokenizer.json`. */
export interface BertNormalizerOptions {
  readonly cleanText: boolean;
  readonly handleChineseCharacters: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** Cuts texts into normalized words. */
export interface BertWordSplitter {
  /** Calls `take` with every word, in order. */
  split(text: string, take: (word: string) => void): void;
  /** The text after normalization, before it is cut. */
  normalize(text: string): string;
}

/** Makes a splitter. It keeps small tables, so make it once and use it for many texts. */
export function createBertWordSplitter(options: BertNormalizerOptions): BertWordSplitter {
  const ascii = new Uint8Array(128);
  for (let point = 0; point < 128; point++) ascii[point] = classOf(point, options);
  // What a code point becomes, pieced by class; filled as code points are met.
  const characters = new Map<number, NormalizedCharacter>();
  const character = (point: number): NormalizedCharacter => {
    let found = characters.get(point);
    if (found === undefined) {
      found = normalizeCharacter(point, options);
      characters.set(point, found);
    }
    return found;
  };

  const split = (text: string, take: (word: string) => void): void => {
    let word = '';
    const { length } = text;
    for (let index = 0; index < length; ) {
      const code = text.charCodeAt(index);
      if (code >= 128) {
        const point = text.codePointAt(index) ?? code;
        index += point > 0xffff ? 2 : 1;
        for (const piece of character(point)) {
          if (piece.class === wordClass) {
            word += piece.text;
            continue;
          }
          if (word !== '') take(word);
          word = '';
          if (piece.class === alone) take(piece.text);
        }
        continue;
      }
      switch (ascii[code]) {
        case wordClass: {
          const start = index;
          let hasUpperCase = false;
          for (let next = code; next < 128 && ascii[next] === wordClass; next = text.charCodeAt(index)) {
            if (next >= 65 && next <= 90) hasUpperCase = true;
            index++;
          }
          let run = text.slice(start, index);
          if (hasUpperCase && options.lowercase) run = run.toLowerCase();
          word = word === '' ? run : word + run;
          break;
        }
        case dropped:
          index++;
          break;
        default:
          if (word !== '') take(word);
          word = '';
          if (ascii[code] === alone) take(text.charAt(index));
          index++;
      }
    }
    if (word !== '') take(word);
  };

  const normalize = (text: string): string => {
    let result = '';
    for (const char of text) result += normalizeText(char.codePointAt(0) ?? 0, options);
    return result;
  };
  return { split, normalize };
}

/** The kinds of characters: part of a word, white space, a word of its own, dropped. */
const wordClass = 0;
const space = 1;
const alone = 2;
const dropped = 3;

type NormalizedCharacter = readonly { readonly text: string; readonly class: number }[];

const removedPoints = parseRanges(removed);
const ideographPoints = parseRanges(ideographs);
const markPoints = parseRanges(marks);
const decomposablePoints = parseRanges(decomposable);
const punctuationPoints = parseRanges(punctuation);
/** Unicode's White_Space property, closed since Unicode 6.3. */
const spacePoints = parseRanges('9-d 20 85 a0 1680 2000-200a 2028-2029 202f 205f 3000');

function classOf(point: number, options: BertNormalizerOptions): number {
  if (options.cleanText && contains(removedPoints, point)) return dropped;
  return splitClass(point);
}

function splitClass(point: number): number {
  if (contains(spacePoints, point)) return space;
  return contains(punctuationPoints, point) ? alone : wordClass;
}

function normalizeCharacter(point: number, options: BertNormalizerOptions): NormalizedCharacter {
  const pieces: { text: string; class: number }[] = [];
  for (const char of normalizeText(point, options)) {
    pieces.push({ text: char, class: splitClass(char.codePointAt(0) ?? 0) });
  }
  return pieces;
}

/** One code point after cleaning, spacing of Chinese characters, stripping of accents and lower-casing, in that order. */
function normalizeText(codePoint: number, options: BertNormalizerOptions): string {
  // Half of a surrogate pair is no character; other libraries read it as U+FFFD.
  const point = codePoint >= 0xd800 && codePoint < 0xe000 ? 0xfffd : codePoint;
  let text = String.fromCodePoint(point);
  const ideograph = options.handleChineseCharacters && contains(ideographPoints, point);
  if (options.cleanText) {
    if (contains(removedPoints, point)) return '';
    if (contains(spacePoints, point)) return ' ';
  }
  if (options.stripAccents) text = withoutAccents(point, text);
  if (options.lowercase) {
    // By character: the whole text at once would turn a final sigma into another letter than the Python library does.
    let lower = '';
    for (const char of text) lower += char.toLowerCase();
    text = lower;
  }
  return ideograph ? ` ${text} ` : text;
}

function withoutAccents(point: number, text: string): string {
  if (contains(markPoints, point)) return '';
  if (!contains(decomposablePoints, point)) return text;
  let result = '';
  for (const char of text.normalize('NFD')) {
    if (!contains(markPoints, char.codePointAt(0) ?? 0)) result += char;
  }
  return result;
}

/** Range ends in one sorted array: first, last, first, last. */
function parseRanges(text: string): Uint32Array {
  const ends: number[] = [];
  for (const range of text.split(/\s+/).filter((part) => part !== '')) {
    const [first = '', last = first] = range.split('-');
    ends.push(Number.parseInt(first, 16), Number.parseInt(last, 16));
  }
  return Uint32Array.from(ends);
}

function contains(ranges: Uint32Array, point: number): boolean {
  let low = 0;
  let high = ranges.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (point < (ranges[2 * middle] ?? 0)) high = middle - 1;
    else if (point > (ranges[2 * middle + 1] ?? 0)) low = middle + 1;
    else return true;
  }
  return false;
}
