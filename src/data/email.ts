/**
 * Subject and readable body of an e-mail (RFC 5322 with MIME, RFC 2045 to 2047).
 *
 * Made for mail as it is found in the wild, spam above all: whatever is broken is read as well as it can be, and
 * nothing throws.
 */
import { TextDecoder } from 'node:util';
import { htmlToText } from './html-text.js';
import { decodeWindows1252 } from './text-decoding.js';

/** What a reader sees of a message. */
export interface EmailText {
  /** Decoded, on one line; '' where there is none. */
  readonly subject: string;
  /** The plain text, or else the text of the HTML; '' where there is none. */
  readonly body: string;
}

/** Parts inside parts inside parts: deeper ones are left out. */
const deepestNesting = 20;

/** Parses a message. */
export function parseEmail(bytes: Buffer): EmailText {
  // One character a byte, so that nothing is lost before the character sets are known.
  let message = bytes.toString('latin1').replaceAll('\r\n', '\n');
  // Mailbox files put a line `From sender date` before the headers.
  if (/^>?From /.test(message)) message = message.slice(message.indexOf('\n') + 1);
  const { headers, body } = splitPart(message);
  return {
    subject: decodeHeader(headers.get('subject') ?? '').trim(),
    body: readableText(headers, body, 0).trim(),
  };
}

type Headers = ReadonlyMap<string, string>;

function splitPart(part: string): { readonly headers: Headers; readonly body: string } {
  const headers = new Map<string, string>();
  let name = '';
  let index = 0;
  while (index < part.length) {
    const newline = part.indexOf('\n', index);
    const end = newline === -1 ? part.length : newline;
    const line = part.slice(index, end);
    if (line.trim() === '') {
      index = end + 1;
      break;
    }
    if (/^[ \t]/.test(line)) {
      if (name !== '') headers.set(name, `${headers.get(name) ?? ''} ${line.trim()}`);
    } else {
      const match = /^([!-9;-~]+)[ \t]*:(.*)$/.exec(line);
      // What is no header begins the body, blank line or not.
      if (match === null) break;
      const [, rawName = '', value = ''] = match;
      name = rawName.toLowerCase();
      if (headers.has(name)) name = '';
      else headers.set(name, value.trim());
    }
    index = end + 1;
  }
  return { headers, body: part.slice(index) };
}

/** The text of a part; '' when it has none to show. */
function readableText(headers: Headers, body: string, depth: number): string {
  const { type, parameters } = contentType(headers.get('content-type'));
  const disposition = headers.get('content-disposition') ?? '';
  if (depth > deepestNesting || /^\s*attachment/i.test(disposition)) return '';
  if (type.startsWith('multipart/'))
    return multipartText(type, parameters.get('boundary') ?? '', body, depth);
  if (type === 'message/rfc822') {
    const inner = splitPart(
      decodeBytes(headers, body).toString('latin1').replaceAll('\r\n', '\n').trimStart(),
    );
    const subject = decodeHeader(inner.headers.get('subject') ?? '').trim();
    return `${subject}\n${readableText(inner.headers, inner.body, depth + 1)}`.trim();
  }
  if (!type.startsWith('text/')) return '';
  const text = decodeCharacters(decodeBytes(headers, body), parameters.get('charset'));
  // Spam says text/plain and sends HTML.
  const isHtml = type === 'text/html' || /^\s*(<!doctype html|<html)\b/i.test(text);
  return isHtml ? htmlToText(text) : text;
}

function multipartText(type: string, boundary: string, body: string, depth: number): string {
  const parts = splitMultipart(body, boundary).map(splitPart);
  if (type === 'multipart/alternative') {
    // The same content several times: plain text where it says something, else the last form that does.
    const texts = parts.map((part) => ({
      plain: contentType(part.headers.get('content-type')).type === 'text/plain',
      text: readableText(part.headers, part.body, depth + 1).trim(),
    }));
    const chosen =
      texts.find(({ plain, text }) => plain && text !== '') ?? texts.findLast(({ text }) => text !== '');
    return chosen?.text ?? '';
  }
  const shown = type === 'multipart/signed' || type === 'multipart/related' ? parts.slice(0, 1) : parts;
  return shown
    .map((part) => readableText(part.headers, part.body, depth + 1).trim())
    .filter((text) => text !== '')
    .join('\n\n');
}

function splitMultipart(body: string, boundary: string): string[] {
  if (boundary === '') return [body];
  const parts: string[] = [];
  let part: string[] | undefined;
  for (const line of body.split('\n')) {
    if (line.startsWith(`--${boundary}`)) {
      const rest = line.slice(boundary.length + 2).trimEnd();
      if (rest === '' || rest === '--') {
        if (part !== undefined) parts.push(part.join('\n'));
        part = rest === '' ? [] : undefined;
        if (rest === '--') break;
        continue;
      }
    }
    part?.push(line);
  }
  // A message that was cut off lacks the last boundary.
  if (part !== undefined) parts.push(part.join('\n'));
  return parts.length > 0 ? parts : [body];
}

function contentType(value: string | undefined): {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
} {
  const parameters = new Map<string, string>();
  const match = /^\s*([\w.+-]+\/[\w.+-]+)/.exec(value ?? '');
  for (const [, name = '', quoted, plain] of (value ?? '').matchAll(
    /([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s;"]+))/g,
  )) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted ?? plain ?? '');
  }
  return { type: match?.[1]?.toLowerCase() ?? 'text/plain', parameters };
}

function decodeBytes(headers: Headers, body: string): Buffer {
  switch ((headers.get('content-transfer-encoding') ?? '').trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(body.replaceAll(/[^A-Za-z0-9+/]/g, ''), 'base64');
    case 'quoted-printable':
      return Buffer.from(decodeQuotedPrintable(body), 'latin1');
    default:
      return Buffer.from(body, 'latin1');
  }
}

function decodeQuotedPrintable(text: string): string {
  return text
    .replaceAll(/[ \t]+\n/g, '\n')
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** By the declared character set where that works, else as UTF-8 where the bytes are UTF-8, else as windows-1252. */
function decodeCharacters(bytes: Buffer, charset = ''): string {
  const name = charset.trim().toLowerCase();
  for (const label of [name === '' || name === 'us-ascii' ? 'utf-8' : name, 'utf-8']) {
    try {
      const decoder = new TextDecoder(label, { fatal: true });
      if (decoder.encoding === 'windows-1252') break;
      return withoutNulls(decoder.decode(bytes));
    } catch {
      // The declaration is wrong or unknown: go on with the next guess.
    }
  }
  return withoutNulls(decodeWindows1252(bytes));
}

function withoutNulls(text: string): string {
  return text.replaceAll('\0', '');
}

/** Decodes `=?charset?Q?...?=` (RFC 2047); the rest is read as UTF-8 or windows-1252. */
function decodeHeader(value: string): string {
  const joined = value.replaceAll(/(=\?[^?\s]+\?[BbQq]\?[^?]*\?=)\s+(?==\?[^?\s]+\?[BbQq]\?)/g, '$1');
  let text = '';
  let from = 0;
  for (const match of joined.matchAll(/=\?([^?\s]+)\?([BbQq])\?([^?]*)\?=/g)) {
    const [whole, charset = '', encoding = '', content = ''] = match;
    const bytes =
      encoding.toUpperCase() === 'B'
        ? Buffer.from(content, 'base64')
        : Buffer.from(decodeQuotedPrintable(content.replaceAll('_', ' ')), 'latin1');
    text += decodeCharacters(Buffer.from(joined.slice(from, match.index), 'latin1'), undefined);
    text += decodeCharacters(bytes, charset.split('*')[0]);
    from = match.index + whole.length;
  }
  text += decodeCharacters(Buffer.from(joined.slice(from), 'latin1'), undefined);
  return text.replaceAll(/\s+/g, ' ');
}
