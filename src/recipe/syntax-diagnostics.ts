/** What the YAML parser complains about, as diagnostics: up to where it lost the thread. */
import type { Document, ErrorCode } from 'yaml';
import type { Diagnostics, NewDiagnostic } from '../diagnostics/diagnostic.js';
import type { SourceText } from '../diagnostics/source-text.js';
import { indentedTooFar } from './indented-too-far.js';
import { syntaxMistake } from './syntax-mistakes.js';
import { unquotedReference } from './unquoted-reference.js';

/**
 * Adds the parser's errors; returns whether there are any. After the first that is about more than one value the parser no
 * longer knows where it is in the file, so that what it says of the rest is left out.
 */
export function addSyntaxErrors(
  document: Document.Parsed,
  source: SourceText,
  diagnostics: Diagnostics,
): boolean {
  // A tag that nothing is known about is only a warning to the parser.
  const errors = [...document.errors, ...document.warnings];
  let lastLine = 0;
  for (const { code, message, pos } of errors) {
    const [start, end] = pos;
    if (code === 'RESOURCE_EXHAUSTION') {
      diagnostics.add(tooDeep(source, start));
      continue;
    }
    const location = source.excerpt(start, Math.max(end, start + 1));
    // What follows on the same line follows from it.
    if (location.line === lastLine) continue;
    lastLine = location.line;
    const unquoted = unquotedReference(source, start);
    if (unquoted) {
      diagnostics.add(unquoted);
      break;
    }
    const deeper = code === 'BLOCK_AS_IMPLICIT_KEY' ? indentedTooFar(source, start) : undefined;
    if (deeper) {
      diagnostics.add(deeper);
      break;
    }
    const closing = closingOf(message);
    if (closing !== undefined) {
      const opening = openings[closing] ?? closing;
      const at = openedAt(source.text, start, opening, closing);
      diagnostics.add({
        code: 'yaml/unclosed',
        message: `a ${nameOf(opening)} above is not closed`,
        location,
        help: `write ${opening === closing ? 'another ' : ''}${nameOf(closing)} where it ends`,
        related: at < 0 ? [] : [{ location: source.excerpt(at, at + 1), message: 'it was opened here' }],
      });
      break;
    }
    diagnostics.add({ ...syntaxMistake(code, message), location });
    if (!isWithinValue[code]) break;
  }
  return errors.length > 0;
}

/** The complaint about nesting that no honest recipe has. */
export function tooDeep(source: SourceText, at: number): NewDiagnostic {
  return {
    code: 'yaml/depth',
    message: 'values are nested too deeply',
    location: source.excerpt(at, at + 1),
  };
}

/** Whether the parser knows how the file goes on after such an error. */
const isWithinValue: Readonly<Partial<Record<ErrorCode, true>>> = {
  ALIAS_PROPS: true,
  BAD_ALIAS: true,
  BAD_COLLECTION_TYPE: true,
  BAD_DQ_ESCAPE: true,
  BAD_PROP_ORDER: true,
  BAD_SCALAR_START: true,
  MULTIPLE_ANCHORS: true,
  MULTIPLE_TAGS: true,
  RESOURCE_EXHAUSTION: true,
  TAB_AS_INDENT: true,
  TAG_RESOLVE_FAILED: true,
};

const openings: Readonly<Record<string, string>> = { '}': '{', ']': '[' };

/** What the parser misses at the end of a collection or a quoted text. */
function closingOf(message: string): string | undefined {
  return (
    /^Flow .* must .*end with an? (.)$/.exec(message)?.[1] ?? /^Missing closing (.)quote$/.exec(message)?.[1]
  );
}

/** Where the bracket or quote stands that nothing closes, by counting backwards; -1 where that finds none. */
function openedAt(text: string, before: number, opening: string, closing: string): number {
  if (opening === closing) return firstOddQuote(text, before, opening);
  let open = 1;
  for (let at = before - 1; at >= 0; at--) {
    if (text[at] === closing) open++;
    else if (text[at] === opening && --open === 0) return at;
  }
  return -1;
}

/** The quote that begins the text which runs on: every line before it has quotes in pairs. */
function firstOddQuote(text: string, before: number, quote: string): number {
  let at = 0;
  for (const line of text.slice(0, before).split('\n')) {
    const places = [...line.matchAll(new RegExp(quote, 'g'))].map(({ index }) => index);
    if (places.length % 2 === 1) return at + (places.at(-1) ?? 0);
    at += line.length + 1;
  }
  return -1;
}

function nameOf(character: string): string {
  return character === "'" ? 'single quote' : `'${character}'`;
}
