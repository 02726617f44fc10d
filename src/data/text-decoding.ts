/** Files to text: byte order marks, encodings, and bytes that are not what the encoding allows. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { encodingMistake } from '../artifacts/text-encoding.js';
import { UserError } from '../artifacts/user-error.js';
import { excerpt } from './source-row.js';

/**
 * How a file is encoded: `utf-8` (the default; a byte order mark that says UTF-16 is followed), `latin1`, or any label of the WHATWG
 * Encoding Standard (`windows-1252`, `utf-16le`, `shift_jis`, `gb18030`, ...).
 */
export type TextEncoding = string;

const chunkSize = 1 << 18;

/**
 * The text of a file, piece by piece.
 *
 * Bytes that are no UTF-8 come out as lone surrogates U+DC80 to U+DCFF (as Python's `surrogateescape` does), so that whoever
 * knows about rows can say which of them is broken: see `invalidByteProblem`. Throws a UserError for a file that cannot be read
 * and for an unknown encoding.
 */
export async function* readText(
  file: string,
  encoding: TextEncoding = 'utf-8',
): AsyncGenerator<string, void, undefined> {
  let decoder: Decoder | undefined;
  try {
    const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: chunkSize });
    for await (const chunk of chunks) {
      if (decoder === undefined) {
        const unmarked = isUtf8Label(encoding) ? unmarkedUtf16(chunk) : undefined;
        if (unmarked !== undefined) throw missingMark(file, unmarked);
        decoder = chooseDecoder(chunk, encoding);
      }
      const text = decoder.decode(chunk);
      if (text !== '') yield text;
    }
  } catch (error) {
    throw explainFileError(file, error);
  }
  const rest = decoder?.end() ?? '';
  if (rest !== '') yield rest;
}

/** The text of a stream, as `readText` gives that of a file in UTF-8, or in UTF-16 with its mark; strings are given as they are. */
export async function* decodeStream(
  chunks: AsyncIterable<Buffer | string>,
): AsyncGenerator<string, void, undefined> {
  let decoder: Decoder | undefined;
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') {
      yield chunk;
      continue;
    }
    decoder ??= chooseDecoder(chunk, 'utf-8');
    yield decoder.decode(chunk);
  }
  yield decoder?.end() ?? '';
}

/** Puts U+FFFD where a text of `readText` has bytes that are no UTF-8, as decoders do that cannot say so. */
export function replaceInvalidBytes(text: string): string {
  return text.replaceAll(new RegExp(escapedByte, 'g'), '\uFFFD');
}

/** Decodes bytes that are in memory as a whole, as `readText` does. */
export function decodeText(bytes: Buffer, encoding: TextEncoding = 'utf-8'): string {
  const decoder = chooseDecoder(bytes, encoding);
  return decoder.decode(bytes) + decoder.end();
}

/** The first byte in a text of `readText` that was no UTF-8, with its place; undefined when all is well. */
function invalidByte(text: string): { readonly byte: number; readonly index: number } | undefined {
  const match = escapedByte.exec(text);
  return match === null ? undefined : { byte: match[0].charCodeAt(0) - escapeBase, index: match.index };
}

/** What to tell about a text with an invalid byte; undefined when it has none. */
export function invalidByteProblem(
  text: string,
):
  | { readonly message: string; readonly found: string; readonly expected: string; readonly help: string }
  | undefined {
  const invalid = invalidByte(text);
  if (invalid === undefined) return undefined;
  const hex = invalid.byte.toString(16).toUpperCase().padStart(2, '0');
  const before = text.slice(Math.max(0, invalid.index - 30), invalid.index);
  return {
    message: `the byte 0x${hex} is not valid UTF-8`,
    found: `0x${hex} after "${excerpt(before)}"`,
    expected: 'UTF-8',
    help: 'Set encoding (windows-1252 is the most likely one for Western text), or convert the file to UTF-8.',
  };
}

/** Errors of the file system that the user can do something about, as UserErrors; others as they are. */
export function explainFileError(file: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const messages: Readonly<Record<string, string>> = {
    ENOENT: 'There is no such file',
    EACCES: 'This file may not be read',
    EISDIR: 'This is a folder, not a file',
    ENOTDIR: 'A part of this path is no folder',
  };
  const message = typeof code === 'string' ? messages[code] : undefined;
  return message === undefined
    ? error
    : new UserError({ code: 'data/file', message, file }, { cause: error });
}

/**
 * Decodes windows-1252. Node's own decoder reads it as latin1 in some versions, which loses quotes, dashes and the euro sign.
 */
export function decodeWindows1252(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.replaceAll(/[\x80-\x9f]/g, (char) => windows1252.charAt(char.charCodeAt(0) - 0x80));
}

/** The characters of the bytes 0x80 to 0x9F (WHATWG Encoding Standard, index windows-1252). */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

interface Decoder {
  decode(chunk: Buffer): string;
  /** What was held back because it may be the beginning of a character. */
  end(): string;
}

const escapeBase = 0xdc00;
/** A low surrogate in the range of escaped bytes that no high surrogate comes before. */
const escapedByte = /(?<![\uD800-\uDBFF])[\uDC80-\uDCFF]/;

function isUtf8Label(encoding: TextEncoding): boolean {
  return /^utf-?8$/i.test(encoding);
}

/** What the byte order mark at the start of a file says, if it is one of UTF-16. */
function markedUtf16(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

/** Bytes at the start of a file by which UTF-16 is recognized. */
const examined = 256;
/** Share of 16-bit units with a zero byte on one side, and none on the other, that only UTF-16 has. */
const zeroShare = 0.5;

/** The UTF-16 that a file without a byte order mark is in, told by its zero bytes, of which UTF-8 text has none. */
function unmarkedUtf16(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (markedUtf16(start) !== undefined) return undefined;
  const units = Math.floor(Math.min(start.length, examined) / 2);
  let first = 0;
  let second = 0;
  for (let unit = 0; unit < units; unit++) {
    if (start[2 * unit] === 0) first++;
    if (start[2 * unit + 1] === 0) second++;
  }
  if (second === 0 && first >= 1 && first >= zeroShare * units) return 'utf-16be';
  return first === 0 && second >= 1 && second >= zeroShare * units ? 'utf-16le' : undefined;
}

function missingMark(file: string, encoding: string): UserError {
  return new UserError({
    code: 'data/encoding',
    message: 'This is UTF-16 without the byte order mark that would say so',
    found: 'a zero byte in every character',
    expected: 'UTF-8, unless encoding says otherwise',
    file,
    help: `Set encoding: ${encoding}.`,
  });
}

function chooseDecoder(start: Buffer, encoding: TextEncoding): Decoder {
  const name = encoding.toLowerCase();
  const isDefault = isUtf8Label(encoding);
  if (isDefault) {
    const marked = markedUtf16(start);
    return marked === undefined ? utf8Decoder() : labelDecoder(marked);
  }
  if (name === 'latin1' || name === 'iso-8859-1') {
    return { decode: (chunk) => chunk.toString('latin1'), end: () => '' };
  }
  return labelDecoder(encoding);
}

function labelDecoder(label: string): Decoder {
  const mistake = encodingMistake(label);
  if (mistake !== undefined) throw new UserError(mistake);
  const decoder = new TextDecoder(label);
  if (decoder.encoding === 'windows-1252') return { decode: decodeWindows1252, end: () => '' };
  return { decode: (chunk) => decoder.decode(chunk, { stream: true }), end: () => decoder.decode() };
}

function utf8Decoder(): Decoder {
  let held = Buffer.alloc(0);
  let isStart = true;
  const convert = (bytes: Buffer): string => {
    let text = isUtf8(bytes) ? bytes.toString('utf8') : decodeEscaping(bytes);
    if (isStart && bytes.length > 0) {
      isStart = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    return text;
  };
  return {
    decode(chunk) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = completeLength(bytes);
      held = Buffer.from(bytes.subarray(end));
      return convert(bytes.subarray(0, end));
    },
    end: () => convert(held),
  };
}

/** The length without a character at the end of which bytes are still to come. */
function completeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return size > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

function decodeEscaping(bytes: Buffer): string {
  let text = '';
  let valid = 0;
  for (let index = 0; index < bytes.length; ) {
    const size = sequenceLength(bytes, index);
    if (size > 0) {
      index += size;
      continue;
    }
    text += bytes.toString('utf8', valid, index) + String.fromCharCode(escapeBase + (bytes[index] ?? 0));
    index++;
    valid = index;
  }
  return text + bytes.toString('utf8', valid);
}

/** Bytes of the UTF-8 character at `index`; 0 when there is none. */
function sequenceLength(bytes: Buffer, index: number): number {
  const first = bytes[index] ?? 0;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return first >= 0xc2 && first <= 0xf4 && isUtf8(bytes.subarray(index, index + size)) ? size : 0;
}
