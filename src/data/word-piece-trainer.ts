/**
 * Trains a WordPiece vocabulary and writes it as a Hugging Face tokenizer.
 *
 * Words are counted once; after that, the pair of neighbouring pieces that occurs most often is joined until the
 * vocabulary is full (Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units", section 3.2),
 * with continuing pieces written `##piece`. This is how Python's `WordPieceTrainer` works; ties are broken by the order
 * of the vocabulary, so the same texts in any order give the same bytes (while they hold fewer than two million
 * different words; beyond that the rarest words met so far are forgotten).
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { createBertWordSplitter } from './bert-words.js';
import { mergePairs } from './pair-merging.js';

/** How a vocabulary is trained. */
export interface WordPieceTrainerOptions {
  /** Most tokens, special tokens and single characters included; at least as many as those need. */
  readonly vocabularySize: number;
  /** A pair that occurs less often is not joined. Default 2. */
  readonly minFrequency?: number;
  /** Most different characters; rarer ones become unknown. Default 1000. */
  readonly limitAlphabet?: number;
  /** Default true. */
  readonly lowercase?: boolean;
  /** Default: as `lowercase`. */
  readonly stripAccents?: boolean;
  /** Added after [PAD] [UNK] [CLS] [SEP] [MASK], which always come first. */
  readonly extraSpecialTokens?: readonly string[];
}

/** A trained vocabulary. */
export interface WordPieceVocabulary {
  /** Tokens; a token's id is its index. */
  readonly tokens: readonly string[];
  readonly specialTokens: readonly string[];
  readonly lowercase: boolean;
  readonly stripAccents: boolean;
  /** Share of the words seen, by occurrence, that hold a character outside the alphabet and so become [UNK]; in [0, 1]. */
  readonly unknownWordShare: number;
}

/** Collects words and trains on them. */
export interface WordPieceTrainer {
  /** Counts the words of a text. */
  add(text: string): void;
  /** Trains on everything added so far. Throws a UserError when there is nothing to train on. */
  train(): WordPieceVocabulary;
}

/** The special tokens of a BERT-type tokenizer, ids 0 to 4. */
const bertSpecialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/** Longer words, in code points, are unknown to WordPiece and teach it nothing. */
const longestWord = 100;
/** When more different words than this were met, the rarest go: bounds the memory on endless text. */
const mostWords = 2_000_000;

/** Starts a trainer. */
export function createWordPieceTrainer(options: WordPieceTrainerOptions): WordPieceTrainer {
  const lowercase = options.lowercase ?? true;
  const stripAccents = options.stripAccents ?? lowercase;
  const splitter = createBertWordSplitter({
    cleanText: true,
    handleChineseCharacters: true,
    stripAccents,
    lowercase,
  });
  const specialTokens: readonly string[] = [
    ...new Set([...bertSpecialTokens, ...(options.extraSpecialTokens ?? [])]),
  ];
  const counts = new Map<string, number>();
  const count = (word: string): void => {
    const known = counts.get(word);
    if (known !== undefined) counts.set(word, known + 1);
    // A long substring would keep the whole text it was cut from in memory; `Buffer` makes a copy.
    else counts.set(word.length > 12 ? Buffer.from(word, 'utf8').toString('utf8') : word, 1);
  };

  return {
    add(text) {
      splitter.split(text, count);
      if (counts.size > mostWords) dropRarest(counts);
    },
    train() {
      const words = [...counts].filter(([word]) => word.length <= 2 * longestWord);
      if (words.length === 0) {
        throw new UserError({
          code: 'tokenizer/no-words',
          message: 'There is no text to train a tokenizer on',
        });
      }
      // Sorted, so that nothing depends on the order in which texts came.
      words.sort(([first], [second]) => (first < second ? -1 : 1));
      const alphabet = chooseAlphabet(words, options.limitAlphabet ?? 1000);
      const tokens = [...specialTokens, ...alphabet.tokens];
      if (tokens.length > options.vocabularySize) {
        throw new UserError({
          code: 'tokenizer/vocabulary-size',
          message: 'The vocabulary is too small for the characters of the text',
          found: `vocab_size: ${options.vocabularySize}`,
          expected: `at least ${tokens.length} (${specialTokens.length} special tokens, ${alphabet.tokens.length} characters)`,
          help: 'Raise vocab_size or lower limit_alphabet.',
        });
      }
      let seen = 0;
      let unknown = 0;
      const known: [readonly string[], number][] = [];
      for (const [word, frequency] of words) {
        seen += frequency;
        const characters = [...word];
        // WordPiece makes such words [UNK] as a whole, so their parts are no evidence.
        const coverable =
          characters.length <= longestWord && characters.every((char) => alphabet.characters.has(char));
        if (coverable) known.push([characters, frequency]);
        else unknown += frequency;
      }
      mergePairs(tokens, known, { size: options.vocabularySize, minFrequency: options.minFrequency ?? 2 });
      return { tokens, specialTokens, lowercase, stripAccents, unknownWordShare: unknown / seen };
    },
  };
}

/**
 * Writes `tokenizer.json`, `tokenizer_config.json` and `vocab.txt` into the folder, as Python's `AutoTokenizer` and
 * `tokenizers` read them.
 *
 * @param maxLength the tokens that the model to come can take; stored as `model_max_length`.
 */
export async function writeWordPieceTokenizer(
  folder: string,
  vocabulary: WordPieceVocabulary,
  maxLength = 512,
): Promise<void> {
  const json = JSON.stringify(wordPieceTokenizerJson(vocabulary), null, 2);
  const config = JSON.stringify(tokenizerConfig(vocabulary, maxLength), null, 2);
  await writeFile(join(folder, 'tokenizer.json'), `${json}\n`);
  await writeFile(join(folder, 'tokenizer_config.json'), `${config}\n`);
  await writeFile(join(folder, 'vocab.txt'), vocabulary.tokens.map((token) => `${token}\n`).join(''));
}

/** The contents of `tokenizer.json`. */
export function wordPieceTokenizerJson(vocabulary: WordPieceVocabulary): Record<string, unknown> {
  const { tokens, specialTokens, lowercase, stripAccents } = vocabulary;
  const special = (token: string) => ({ id: token, ids: [tokens.indexOf(token)], tokens: [token] });
  const sequence = (id: 'A' | 'B', typeId: number) => ({ Sequence: { id, type_id: typeId } });
  const specialPiece = (id: string, typeId: number) => ({ SpecialToken: { id, type_id: typeId } });
  const single = [specialPiece('[CLS]', 0), sequence('A', 0), specialPiece('[SEP]', 0)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: stripAccents === lowercase ? null : stripAccents,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), specialPiece('[SEP]', 1)],
      special_tokens: { '[CLS]': special('[CLS]'), '[SEP]': special('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: longestWord,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  };
}

function tokenizerConfig(vocabulary: WordPieceVocabulary, maxLength: number): Record<string, unknown> {
  const { lowercase, stripAccents, specialTokens } = vocabulary;
  return {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: lowercase,
    strip_accents: stripAccents === lowercase ? null : stripAccents,
    tokenize_chinese_chars: true,
    model_max_length: maxLength,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    mask_token: '[MASK]',
    ...(specialTokens.length > bertSpecialTokens.length
      ? { additional_special_tokens: specialTokens.slice(bertSpecialTokens.length) }
      : {}),
  };
}

/** Single characters: those that begin words, then `##` and those that go on. The most frequent, in code point order. */
function chooseAlphabet(
  words: readonly (readonly [string, number])[],
  limit: number,
): { readonly tokens: readonly string[]; readonly characters: ReadonlySet<string> } {
  const counts = new Map<string, { count: number; continues: boolean }>();
  for (const [word, frequency] of words) {
    let continues = false;
    for (const char of word) {
      const entry = counts.get(char) ?? { count: 0, continues: false };
      entry.count += frequency;
      entry.continues ||= continues;
      counts.set(char, entry);
      continues = true;
    }
  }
  const byCodePoint = (first: string, second: string) =>
    (first.codePointAt(0) ?? 0) - (second.codePointAt(0) ?? 0);
  const chosen = [...counts]
    .sort(([first, a], [second, b]) => b.count - a.count || byCodePoint(first, second))
    .slice(0, limit)
    .sort(([first], [second]) => byCodePoint(first, second));
  return {
    // A continuing form of everything that ever continued a word, so that every word of known characters has pieces.
    tokens: [
      ...chosen.map(([char]) => char),
      ...chosen.filter(([, entry]) => entry.continues).map(([char]) => `##${char}`),
    ],
    characters: new Set(chosen.map(([char]) => char)),
  };
}

function dropRarest(counts: Map<string, number>): void {
  for (let threshold = 1; counts.size > mostWords / 2; threshold++) {
    for (const [word, frequency] of counts) if (frequency <= threshold) counts.delete(word);
  }
}
