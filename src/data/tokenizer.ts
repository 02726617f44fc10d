/**
 * Hugging Face tokenizers: the ids that Python's `tokenizers` library gives, for `tokenizer.json` files.
 *
 * BERT-type tokenizers (BertNormalizer, BertPreTokenizer, WordPiece) run on code of our own, which is faster and
 * follows the Python library in every code point; the other kinds run on `@huggingface/tokenizers`.
 * The sections `truncation` and `padding` of the file are not applied: callers say what they want.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpecialTokenIds } from '../artifacts/tokens.js';
import { UserError } from '../artifacts/user-error.js';
import { isRecord } from './json.js';
import { createTokenizerModel, type TokenizerModel } from './tokenizer-model.js';
import { plainTemplate, readTemplate, type TemplatePiece } from './tokenizer-template.js';

/** One text, or a pair of texts, as ids. The three lists are equally long. */
export interface Encoding {
  readonly inputIds: readonly number[];
  /** 0 for the first text and its special tokens, 1 for the second. */
  readonly tokenTypeIds: readonly number[];
  /** 1 where the template put a special token, 0 for tokens of the text. */
  readonly specialTokensMask: readonly number[];
  /** Tokens were cut off to keep within `maxLength`. */
  readonly truncated: boolean;
}

/** Where tokens are cut off: of whichever text is longer, of the first only, of the second only. */
export type Truncation = 'longest_first' | 'only_first' | 'only_second';

/** How a text is encoded. */
interface EncodeOptions {
  /** Most tokens in the result, special tokens included. Without it nothing is cut off. */
  readonly maxLength?: number;
  /** Default `longest_first`. */
  readonly truncation?: Truncation;
  /** Default true. */
  readonly addSpecialTokens?: boolean;
}

/** Text to ids and back. */
export interface Tokenizer {
  /** One more than the largest id: the rows that an embedding table needs. */
  readonly vocabularySize: number;
  /** By role; null where the tokenizer has none. */
  readonly specialTokenIds: SpecialTokenIds;
  /** Every id that stands for a special token, also of those without a role above. */
  readonly allSpecialIds: ReadonlySet<number>;
  /**
   * Encodes a text or a pair. Throws a UserError when `maxLength` has no room for the special tokens, or when the one
   * text that may be truncated is too short for it.
   */
  encode(text: string, textPair?: string, options?: EncodeOptions): Encoding;
  /** The ids of a text alone, without special tokens, never truncated. */
  encodeText(text: string): number[];
  /** Puts the special tokens around ids that `encodeText` gave; what `encode` does after it. */
  wrap(ids: readonly number[], pairIds?: readonly number[], options?: EncodeOptions): Encoding;
  /** How many special tokens `wrap` adds. */
  specialTokenCount(kind: 'single' | 'pair'): number;
  /** Ids to text. Special tokens are left out unless `skipSpecialTokens` is false. */
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
  /** The token of an id, as it stands in the vocabulary. */
  token(id: number): string | undefined;
  /** The id of a token. */
  id(token: string): number | undefined;
}

/**
 * Reads the tokenizer of a folder in Hugging Face layout: `tokenizer.json`, and `tokenizer_config.json` where it
 * exists. Throws a UserError when the first is missing or one is unreadable.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const file = join(folder, 'tokenizer.json');
  const json = await readJson(file);
  if (json === undefined) {
    throw new UserError({
      code: 'tokenizer/missing',
      message: 'There is no tokenizer.json in this folder',
      file,
      help: 'Save the tokenizer in its fast form (Python: AutoTokenizer.from_pretrained(...).save_pretrained(...)), or make one with a train-tokenizer stage.',
    });
  }
  const config = await readJson(join(folder, 'tokenizer_config.json'));
  return createTokenizer(json, config ?? {}, file);
}

/**
 * Makes a tokenizer from parsed files.
 *
 * @param json the contents of `tokenizer.json`.
 * @param config the contents of `tokenizer_config.json`: names of special tokens.
 * @param file the file's name, for messages.
 */
export async function createTokenizer(
  json: unknown,
  config: unknown = {},
  file?: string,
): Promise<Tokenizer> {
  if (!isRecord(json) || !isRecord(json.model)) {
    throw new UserError({
      code: 'tokenizer/unreadable',
      message: 'This is not a tokenizer.json: it has no model',
      ...(file === undefined ? {} : { file }),
    });
  }
  const settings = isRecord(config) ? config : {};
  const model = await createTokenizerModel(json, settings);
  const template = readTemplate(json.post_processor);

  const wrap = (
    ids: readonly number[],
    pairIds?: readonly number[],
    options: EncodeOptions = {},
  ): Encoding => {
    const { single, pair } = options.addSpecialTokens === false ? plainTemplate : template;
    const pieces = pairIds === undefined ? single : pair;
    let texts: Texts = [ids, pairIds];
    let truncated = false;
    if (options.maxLength !== undefined) {
      const specials = specialCount(pieces);
      const room = options.maxLength - specials;
      if (room < 0) throw tooShort(options.maxLength, specials);
      if (ids.length + (pairIds?.length ?? 0) > room) {
        texts = truncate(texts, room, options.truncation ?? 'longest_first');
        truncated = true;
      }
    }
    const inputIds: number[] = [];
    const tokenTypeIds: number[] = [];
    const specialTokensMask: number[] = [];
    for (const piece of pieces) {
      const isSpecial = piece.kind === 'special';
      for (const id of isSpecial ? piece.ids : (texts[piece.which] ?? [])) {
        inputIds.push(id);
        tokenTypeIds.push(piece.typeId);
        specialTokensMask.push(isSpecial ? 1 : 0);
      }
    }
    return { inputIds, tokenTypeIds, specialTokensMask, truncated };
  };

  return {
    vocabularySize: model.vocabularySize,
    specialTokenIds: specialTokenIds(model, settings),
    allSpecialIds: model.specialIds,
    encodeText: model.encode,
    encode: (text, textPair, options) =>
      wrap(model.encode(text), textPair === undefined ? undefined : model.encode(textPair), options),
    wrap,
    specialTokenCount: (kind) => specialCount(template[kind]),
    decode: (ids, options = {}) => model.decode(ids, options.skipSpecialTokens ?? true),
    token: model.token,
    id: model.id,
  };
}

function specialCount(pieces: readonly TemplatePiece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece.kind === 'special' ? piece.ids.length : 0), 0);
}

type Texts = readonly [readonly number[], readonly number[] | undefined];

/** Cuts the lists at their ends to `room` ids together, by the rules of Python's `tokenizers`. */
function truncate([first, second]: Texts, room: number, how: Truncation): Texts {
  if (how === 'longest_first' && second !== undefined) {
    let short = Math.min(first.length, second.length);
    let long = short > room ? short : Math.max(short, room - short);
    if (short + long > room) {
      short = Math.floor(room / 2);
      long = short + (room % 2);
    }
    const firstIsLonger = first.length > second.length;
    return [first.slice(0, firstIsLonger ? long : short), second.slice(0, firstIsLonger ? short : long)];
  }
  const excess = first.length + (second?.length ?? 0) - room;
  const target = how === 'only_second' ? (second ?? []) : first;
  if (target.length < excess) {
    throw new UserError({
      code: 'tokenizer/truncation',
      message: `A pair cannot be truncated with "${how}": the other text alone is too long`,
      found: `${excess} tokens to cut off, ${target.length} in the text that may be truncated`,
      help: 'Use truncation: longest_first, or a larger max_length.',
    });
  }
  const cut = target.slice(0, target.length - excess);
  return target === first ? [cut, second] : [first, cut];
}

function tooShort(maxLength: number, specials: number): UserError {
  return new UserError({
    code: 'tokenizer/max-length',
    message: 'max_length has no room for the special tokens',
    found: `max_length: ${maxLength}`,
    expected: `more than ${specials}`,
  });
}

function specialTokenIds(model: TokenizerModel, config: Record<string, unknown>): SpecialTokenIds {
  const find = (setting: string, ...usual: string[]): number | null => {
    const value = config[setting];
    const named = isRecord(value) ? value.content : value;
    if (typeof named === 'string') return model.id(named) ?? null;
    for (const token of usual) {
      const id = model.id(token);
      if (id !== undefined) return id;
    }
    return null;
  };
  return {
    padding: find('pad_token', '[PAD]', '<pad>'),
    unknown: find('unk_token', '[UNK]', '<unk>'),
    classification: find('cls_token', '[CLS]', '<s>'),
    separator: find('sep_token', '[SEP]', '</s>'),
    mask: find('mask_token', '[MASK]', '<mask>'),
  };
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isRecord(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(
      { code: 'tokenizer/unreadable', message: 'This file is not valid JSON', found: String(error), file },
      { cause: error },
    );
  }
}
