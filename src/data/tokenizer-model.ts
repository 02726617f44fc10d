/** The part of a tokenizer between text and ids: added tokens, normalizer, pre-tokenizer, model, decoder. */
import { createBertWordSplitter } from './bert-words.js';
import { isRecord } from './json.js';
import { createWordPieceModel } from './word-piece.js';

/** Text to ids without special tokens, and back. */
export interface TokenizerModel {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  readonly specialIds: ReadonlySet<number>;
  readonly encode: (text: string) => number[];
  readonly decode: (ids: readonly number[], skipSpecialTokens: boolean) => string;
  readonly token: (id: number) => string | undefined;
  readonly id: (token: string) => number | undefined;
}

/** Chooses by the contents of `tokenizer.json`: our own code for BERT-type tokenizers, the library for the others. */
export async function createTokenizerModel(
  json: Record<string, unknown>,
  config: Record<string, unknown>,
): Promise<TokenizerModel> {
  return createBertModel(json) ?? (await createLibraryModel(json, config));
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** Undefined when a part of the tokenizer is none of those that a BERT-type tokenizer has. */
function createBertModel(json: Record<string, unknown>): TokenizerModel | undefined {
  const { normalizer, pre_tokenizer: preTokenizer, model, decoder } = json;
  if (!isRecord(normalizer) || normalizer.type !== 'BertNormalizer') return undefined;
  if (!isRecord(preTokenizer) || preTokenizer.type !== 'BertPreTokenizer') return undefined;
  if (!isRecord(model) || !isWordPiece(model) || !isRecord(model.vocab)) return undefined;
  if (decoder !== null && decoder !== undefined && !(isRecord(decoder) && decoder.type === 'WordPiece'))
    return undefined;
  const added = readAddedTokens(json.added_tokens);
  if (added === undefined) return undefined;

  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(model.vocab))
    if (typeof id === 'number') vocabulary.set(token, id);
  const unknown = typeof model.unk_token === 'string' ? vocabulary.get(model.unk_token) : undefined;
  if (unknown === undefined) return undefined;

  const lowercase = normalizer.lowercase !== false;
  const splitter = createBertWordSplitter({
    cleanText: normalizer.clean_text !== false,
    handleChineseCharacters: normalizer.handle_chinese_chars !== false,
    stripAccents: typeof normalizer.strip_accents === 'boolean' ? normalizer.strip_accents : lowercase,
    lowercase,
  });
  const continuingPrefix = stringOr(model.continuing_subword_prefix, '##');
  const wordPiece = createWordPieceModel({
    vocabulary,
    unknownId: unknown,
    continuingPrefix,
    maxCharactersPerWord:
      typeof model.max_input_chars_per_word === 'number' ? model.max_input_chars_per_word : 100,
  });
  const normalizedAdded = added
    .filter((token) => token.normalized)
    .map((token) => ({ ...token, content: splitter.normalize(token.content) }));
  const rawTokens = matcher(added.filter((token) => !token.normalized));
  const normalizedTokens = matcher(normalizedAdded);

  const tokens = new Map<number, string>();
  for (const [token, id] of vocabulary) tokens.set(id, token);
  for (const { id, content } of added) tokens.set(id, content);
  // Decoding shows added tokens in the form in which they were found.
  const shown = new Map([
    ...tokens,
    ...normalizedAdded.map(({ id, content }): [number, string] => [id, content]),
  ]);
  const addedIds = new Map(added.map((token) => [token.content, token.id]));
  const specialIds = new Set(added.filter((token) => token.special).map((token) => token.id));

  return {
    vocabularySize: largest(tokens.keys()) + 1,
    specialIds,
    encode(text) {
      const ids: number[] = [];
      const takeWord = (word: string): void => wordPiece.encode(word, ids);
      const takeId = (id: number): void => {
        ids.push(id);
      };
      rawTokens(text, takeId, (part) => {
        if (normalizedTokens === noTokens) splitter.split(part, takeWord);
        // Normalizing a second time, inside `split`, changes nothing.
        else normalizedTokens(splitter.normalize(part), takeId, (piece) => splitter.split(piece, takeWord));
      });
      return ids;
    },
    decode(ids, skipSpecialTokens) {
      const kept = ids.filter((id) => !(skipSpecialTokens && specialIds.has(id)));
      const texts = kept.map((id) => shown.get(id)).filter((token) => token !== undefined);
      return decodeWordPieces(texts, decoder);
    },
    token: (id) => tokens.get(id),
    id: (token) => addedIds.get(token) ?? vocabulary.get(token),
  };
}

/** Old files do not name the model's type; a WordPiece is then known by its own settings. */
function isWordPiece(model: Record<string, unknown>): boolean {
  return model.type === 'WordPiece' || (model.type === undefined && 'max_input_chars_per_word' in model);
}

/** Undefined when a token wants more than an exact match; the library knows those. */
function readAddedTokens(value: unknown): readonly AddedToken[] | undefined {
  const tokens: AddedToken[] = [];
  for (const item of Array.isArray(value) ? value : []) {
    if (!isRecord(item) || typeof item.id !== 'number' || typeof item.content !== 'string') return undefined;
    if (item.lstrip === true || item.rstrip === true || item.single_word === true) return undefined;
    tokens.push({
      id: item.id,
      content: item.content,
      normalized: item.normalized === true,
      special: item.special === true,
    });
  }
  return tokens;
}

/** Cuts a text at added tokens: calls `takeId` for each of them and `takeText` for what lies between. */
type Matcher = (text: string, takeId: (id: number) => void, takeText: (text: string) => void) => void;

const noTokens: Matcher = (text, _takeId, takeText) => takeText(text);

function matcher(tokens: readonly AddedToken[]): Matcher {
  const ids = new Map(
    tokens.filter((token) => token.content !== '').map((token) => [token.content, token.id]),
  );
  if (ids.size === 0) return noTokens;
  // Leftmost match, the longest of those that begin there.
  const contents = [...ids.keys()].sort((first, second) => second.length - first.length);
  const pattern = new RegExp(
    contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'),
    'g',
  );
  return (text, takeId, takeText) => {
    let from = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > from) takeText(text.slice(from, match.index));
      takeId(ids.get(match[0]) ?? 0);
      from = match.index + match[0].length;
    }
    if (from === 0) takeText(text);
    else if (from < text.length) takeText(text.slice(from));
  };
}

function decodeWordPieces(tokens: readonly string[], decoder: unknown): string {
  if (!isRecord(decoder)) return tokens.join(' ');
  const prefix = stringOr(decoder.prefix, '##');
  let text = '';
  for (const [index, token] of tokens.entries()) {
    let piece = token;
    if (index > 0) piece = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
    text += decoder.cleanup === false ? piece : cleanUp(piece);
  }
  return text;
}

/** The replacements of the Python library, in its order. */
function cleanUp(text: string): string {
  if (!text.includes(' ')) return text;
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

async function createLibraryModel(
  json: Record<string, unknown>,
  config: Record<string, unknown>,
): Promise<TokenizerModel> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const library = new Tokenizer(json, config);
  const vocabulary = library.get_vocab(true);
  const specialIds = new Set<number>();
  for (const [id, token] of library.get_added_tokens_decoder()) if (token.special) specialIds.add(id);
  return {
    vocabularySize: largest(vocabulary.values()) + 1,
    specialIds,
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    // The library refuses to decode nothing.
    decode: (ids, skipSpecialTokens) =>
      ids.length === 0 ? '' : library.decode([...ids], { skip_special_tokens: skipSpecialTokens }),
    token: (id) => library.id_to_token(id),
    id: (token) => library.token_to_id(token),
  };
}

function largest(values: Iterable<number>): number {
  let result = -1;
  for (const value of values) result = Math.max(result, value);
  return result;
}

function stringOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
