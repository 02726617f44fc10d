/** The text that a reader of an HTML document sees. */
import { decodeWindows1252 } from './text-decoding.js';

/**
 * Drops tags, comments, scripts and styles, resolves character references and keeps paragraphs on lines of their own.
 *
 * No parser of all of HTML: it is made for mail and web text, broken as it may be, and never throws.
 */
export function htmlToText(html: string): string {
  return decodeReferences(removeTags(html))
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

/** Elements whose content is not shown. */
const hiddenElements = new Set(['script', 'style', 'title', 'noscript', 'template', 'textarea', 'select']);
/** Elements that break the line. */
const lineElements = new Set(
  'address article blockquote br center dd div dl dt fieldset form h1 h2 h3 h4 h5 h6 header footer hr li ol p pre section table tbody td th tr ul'.split(
    ' ',
  ),
);

function removeTags(html: string): string {
  let text = '';
  let index = 0;
  while (index < html.length) {
    const open = html.indexOf('<', index);
    if (open === -1) return text + spaced(html.slice(index));
    text += spaced(html.slice(index, open));
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      index = end === -1 ? html.length : end + 3;
      continue;
    }
    const tag = /^<(\/?)([a-zA-Z][a-zA-Z0-9:-]*)|^<[!?/]/.exec(html.slice(open, open + 40));
    if (tag === null) {
      // A less-than sign of the text.
      text += '<';
      index = open + 1;
      continue;
    }
    const close = tagEnd(html, open + 1);
    index = close;
    const name = (tag[2] ?? '').toLowerCase();
    if (lineElements.has(name)) text += name === 'td' || name === 'th' ? ' ' : '\n';
    if (tag[1] === '' && hiddenElements.has(name)) index = hiddenEnd(html, close, name);
  }
  return text;
}

/** Line breaks of the source are spaces of the page. */
function spaced(source: string): string {
  return source.replaceAll(/\s+/g, ' ');
}

/** The index after the `>` of a tag, quoted attribute values considered. */
function tagEnd(html: string, from: number): number {
  let quote = '';
  for (let index = from; index < html.length; index++) {
    const char = html.charAt(index);
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '>') return index + 1;
    else if ((char === '"' || char === "'") && html.charAt(index - 1) === '=') quote = char;
  }
  // A quote that is never closed, or no end at all: up to the next `>` or the end.
  const plain = html.indexOf('>', from);
  return plain === -1 ? html.length : plain + 1;
}

function hiddenEnd(html: string, from: number, name: string): number {
  const pattern = new RegExp(`</${name}\\s*>`, 'gi');
  pattern.lastIndex = from;
  const match = pattern.exec(html);
  // Never closed: show what follows rather than lose the message.
  return match === null ? from : match.index + match[0].length;
}

const namedReferences: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  bull: '•',
  middot: '·',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  euro: '€',
  pound: '£',
  yen: '¥',
  cent: '¢',
  sect: '§',
  deg: '°',
  times: '×',
  frac12: '½',
  iexcl: '¡',
  iquest: '¿',
  szlig: 'ß',
  agrave: 'à',
  aacute: 'á',
  acirc: 'â',
  atilde: 'ã',
  auml: 'ä',
  aring: 'å',
  aelig: 'æ',
  ccedil: 'ç',
  egrave: 'è',
  eacute: 'é',
  ecirc: 'ê',
  euml: 'ë',
  iacute: 'í',
  icirc: 'î',
  iuml: 'ï',
  ntilde: 'ñ',
  oacute: 'ó',
  ocirc: 'ô',
  otilde: 'õ',
  ouml: 'ö',
  oslash: 'ø',
  uacute: 'ú',
  ucirc: 'û',
  ugrave: 'ù',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  Eacute: 'É',
  Aacute: 'Á',
  Ccedil: 'Ç',
  Ntilde: 'Ñ',
  Oslash: 'Ø',
  Aring: 'Å',
};

function decodeReferences(text: string): string {
  return text.replaceAll(
    /&(?:#[xX]([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-zA-Z][a-zA-Z0-9]{1,9}));?/g,
    (whole, ...groups) => {
      const [hex, decimal, name]: (string | undefined)[] = groups;
      if (name !== undefined) return namedReferences[name] ?? namedReferences[name.toLowerCase()] ?? whole;
      const point = hex === undefined ? Number.parseInt(decimal ?? '', 10) : Number.parseInt(hex, 16);
      return fromReference(point);
    },
  );
}

/** Numbers 128 to 159 mean windows-1252, as browsers read them. */
function fromReference(point: number): string {
  if (point >= 128 && point < 160) return decodeWindows1252(Uint8Array.of(point));
  if (point === 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return '\uFFFD';
  return String.fromCodePoint(point);
}
