/** A WordPiece model: a word becomes the longest pieces of the vocabulary, taken greedily from its beginning. */
export interface WordPieceModel {
  /** Appends the ids of the word's pieces; the id of the unknown token where the pieces do not cover the word. */
  encode(word: string, ids: number[]): void;
}

/** What a WordPiece model is made of, as in `tokenizer.json`. */
export interface WordPieceOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownId: number;
  /** Written before pieces that continue a word: `##`. */
  readonly continuingPrefix: string;
  /** Longer words, in code points, are unknown. */
  readonly maxCharactersPerWord: number;
}

/**
 * Words up to this length are remembered with their pieces. V8 lets longer substrings point into the text they
 * were cut from, so keeping them would keep whole texts in memory.
 */
const longestCachedWord = 12;
const mostCachedWords = 200_000;

/** Makes a model. Source: Wu et al. 2016 (Google's NMT system), section 4.1; greedy matching as in BERT's reference code. */
export function createWordPieceModel(options: WordPieceOptions): WordPieceModel {
  const { vocabulary, unknownId, continuingPrefix } = options;
  const continuations = new Map<string, number>();
  let longestPiece = 1;
  for (const [token, id] of vocabulary) {
    longestPiece = Math.max(longestPiece, token.length);
    if (token.startsWith(continuingPrefix)) continuations.set(token.slice(continuingPrefix.length), id);
  }
  const cache = new Map<string, readonly number[]>();

  const pieces = (word: string): readonly number[] => {
    if (word.length > options.maxCharactersPerWord && [...word].length > options.maxCharactersPerWord) {
      return [unknownId];
    }
    const ids: number[] = [];
    let start = 0;
    while (start < word.length) {
      const known = start === 0 ? vocabulary : continuations;
      let end = Math.min(word.length, start + longestPiece);
      let id: number | undefined;
      for (; end > start; end--) {
        id = known.get(word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknownId];
      ids.push(id);
      start = end;
    }
    return ids;
  };

  return {
    encode(word, ids) {
      let found = cache.get(word);
      if (found === undefined) {
        found = pieces(word);
        if (word.length <= longestCachedWord) {
          if (cache.size >= mostCachedWords) cache.clear();
          cache.set(word, found);
        }
      }
      for (const id of found) ids.push(id);
    },
  };
}
