import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Diagnostics, NewDiagnostic } from '../diagnostics/diagnostic.js';
import { SourceText } from '../diagnostics/source-text.js';
import { didYouMean } from '../diagnostics/suggest.js';

/** A recipe larger than this is a mistake: some hundred thousand lines. */
const maximumBytes = 8 * 1024 * 1024;

/** Reads a recipe's text; what is wrong with the file itself becomes a diagnostic. */
export function readSource(file: string, diagnostics: Diagnostics): SourceText | undefined {
  let bytes: Buffer;
  try {
    const status = statSync(file);
    if (status.isDirectory()) {
      const help = 'name the recipe file itself';
      diagnostics.add({ code: 'file/folder', message: `${file} is a folder, not a recipe`, help });
      return undefined;
    }
    if (status.size > maximumBytes) {
      const found = `${(status.size / 1024 / 1024).toFixed(1)} MiB`;
      const expected = `at most ${maximumBytes / 1024 / 1024} MiB`;
      diagnostics.add({
        code: 'file/too-large',
        message: `${file} is too large for a recipe`,
        found,
        expected,
      });
      return undefined;
    }
    bytes = readFileSync(file);
  } catch (error) {
    diagnostics.add(unreadable(file, error));
    return undefined;
  }
  return decodeSource(file, bytes, diagnostics);
}

/** Decodes UTF-8, with or without byte order mark. */
function decodeSource(file: string, bytes: Uint8Array, diagnostics: Diagnostics): SourceText | undefined {
  const text = new TextDecoder('utf-8').decode(bytes);
  const source = new SourceText(file, text, dirname(file));
  if (!isUtf8(bytes)) {
    const at = firstWrongCharacter(text, bytes);
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    diagnostics.add({
      code: 'file/encoding',
      message: 'the file is not UTF-8',
      location: source.excerpt(at, at + 1),
      found: utf16 ? 'UTF-16' : 'bytes that are no UTF-8 character',
      help: 'save the file as UTF-8',
    });
    return undefined;
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    const message = 'the file holds a NUL character, so it is no text';
    diagnostics.add({ code: 'file/binary', message, location: source.excerpt(nul, nul + 1) });
    return undefined;
  }
  return source;
}

/** The first U+FFFD that stands for wrong bytes, not for an honest U+FFFD. */
function firstWrongCharacter(text: string, bytes: Uint8Array): number {
  const encoded = new TextEncoder().encode(text);
  const skip = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let same = 0;
  while (same < encoded.length && encoded[same] === bytes[same + skip]) same++;
  const at = new TextDecoder().decode(encoded.subarray(0, same)).length;
  return Math.max(0, text.indexOf('\ufffd', Math.max(0, at - 1)));
}

function unreadable(file: string, error: unknown): NewDiagnostic {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code !== 'ENOENT' && code !== 'ENOTDIR') {
    return { code: 'file/unreadable', message: `${file} cannot be read (${code})` };
  }
  const help = nearFile(file);
  return { code: 'file/missing', message: `there is no file ${file}`, ...(help && { help }) };
}

function nearFile(file: string): string | undefined {
  try {
    return didYouMean(basename(file), readdirSync(dirname(file)));
  } catch {
    // The folder is missing as well; there is nothing to suggest.
    return undefined;
  }
}
