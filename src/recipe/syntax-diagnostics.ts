/** What the YAML parser complains about, as diagnostics. */
import type { Document, ErrorCode } from 'yaml';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import type { Diagnostics, NewDiagnostic } from '../diagnostics/diagnostic.js';
import type { SourceText } from '../diagnostics/source-text.js';

/** Adds the parser's errors; returns whether there are any. */
export function addSyntaxErrors(
  document: Document.Parsed,
  source: SourceText,
  diagnostics: Diagnostics,
): boolean {
  // A tag that nothing is known about is only a warning to the parser.
  const errors = [...document.errors, ...document.warnings];
  for (const { code, message, pos } of errors) {
    const [start, end] = pos;
    if (code === 'RESOURCE_EXHAUSTION') {
      diagnostics.add(tooDeep(source, start));
      continue;
    }
    const unclosed = /^Flow .* must .*end with an? (.)$/.exec(message)?.[1];
    const help = unclosed === undefined ? helps[code] : `write '${unclosed}' where it ends`;
    diagnostics.add({
      code: unclosed === undefined ? codeOf(code, message) : 'yaml/unclosed',
      message:
        unclosed === undefined
          ? (messages[code] ?? lowerFirst(message))
          : `a '${unclosed === '}' ? '{' : '['}' above is not closed`,
      location: source.excerpt(start, Math.max(end, start + 1)),
      ...(help && { help }),
    });
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

/** The parser's codes follow its grammar; ours, what a person did. */
const codes: Readonly<Record<ErrorCode, DiagnosticCode>> = {
  ALIAS_PROPS: 'yaml/anchor',
  BAD_ALIAS: 'yaml/anchor',
  BAD_COLLECTION_TYPE: 'yaml/tag',
  BAD_DIRECTIVE: 'yaml/syntax',
  BAD_DQ_ESCAPE: 'yaml/escape',
  BAD_INDENT: 'yaml/indentation',
  BAD_PROP_ORDER: 'yaml/anchor',
  BAD_SCALAR_START: 'yaml/quotes',
  BLOCK_AS_IMPLICIT_KEY: 'yaml/colon',
  BLOCK_IN_FLOW: 'yaml/syntax',
  DUPLICATE_KEY: 'yaml/duplicate-key',
  IMPOSSIBLE: 'yaml/syntax',
  KEY_OVER_1024_CHARS: 'yaml/key',
  MISSING_CHAR: 'yaml/separator',
  MULTILINE_IMPLICIT_KEY: 'yaml/colon',
  MULTIPLE_ANCHORS: 'yaml/anchor',
  MULTIPLE_DOCS: 'yaml/documents',
  MULTIPLE_TAGS: 'yaml/tag',
  NON_STRING_KEY: 'yaml/key',
  RESOURCE_EXHAUSTION: 'yaml/depth',
  TAB_AS_INDENT: 'yaml/tab',
  TAG_RESOLVE_FAILED: 'yaml/tag',
  UNEXPECTED_TOKEN: 'yaml/syntax',
};

function codeOf(code: ErrorCode, message: string): DiagnosticCode {
  // One code of the parser stands for several slips.
  if (code === 'MISSING_CHAR' && message.startsWith('Implicit map keys')) return 'yaml/colon';
  if (code === 'MISSING_CHAR' && message.startsWith('Missing closing')) return 'yaml/unclosed';
  return codes[code];
}

const messages: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: 'the file holds more than one YAML document',
  TAB_AS_INDENT: 'a tab is used for indentation',
  TAG_RESOLVE_FAILED: 'the tag is not known',
};

const helps: Partial<Record<ErrorCode, string>> = {
  BAD_INDENT: 'keys of one map stand in one column',
  BLOCK_AS_IMPLICIT_KEY: "a text that holds ': ' needs quotes",
  MISSING_CHAR: 'a key is followed by a colon and a space; brackets and quotes come in pairs',
  MULTIPLE_DOCS: "remove the line '---'",
  TAB_AS_INDENT: 'use spaces',
  TAG_RESOLVE_FAILED: "texts that begin with '!' need quotes",
};

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
