/** The YAML parser's complaints in the words of people who write recipes. */
import type { ErrorCode } from 'yaml';
import type { DiagnosticCode } from '../diagnostics/codes.js';

/** A complaint in our words. */
export interface SyntaxMistake {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly help?: string;
}

/** Translates a complaint: by what its message says, or else by its code. */
export function syntaxMistake(code: ErrorCode, message: string): SyntaxMistake {
  for (const [pattern, mistake] of byMessage) {
    const match = pattern.exec(message);
    if (match) return { ...mistake, message: mistake.message.replace('%', match[1] ?? '') };
  }
  const mistake = byCode[code];
  return typeof mistake === 'string' ? { code: mistake, message: lowerFirst(message) } : mistake;
}

const byMessage: readonly (readonly [RegExp, SyntaxMistake])[] = [
  [
    /block-seq-ind on same line/,
    {
      code: 'yaml/indentation',
      message: 'a list with dashes begins on the line of its key',
      help: 'begin it on the next line, or write [a, b]',
    },
  ],
  [
    /^Implicit map keys/,
    {
      code: 'yaml/colon',
      message: 'a key lacks its colon',
      help: 'a key is followed by a colon and a space',
    },
  ],
  [/^Unexpected , in flow/, { code: 'yaml/separator', message: 'a comma too many' }],
  [
    /^Missing , or : between|^Missing , between/,
    { code: 'yaml/separator', message: 'a comma is missing', help: 'write a comma between two items' },
  ],
  [
    /^Block collections are not allowed within flow/,
    {
      code: 'yaml/separator',
      message: 'a comma is missing before this key',
      help: 'between brackets, items are separated by commas and lists have no dashes',
    },
  ],
  [
    /^Missing space after :/,
    { code: 'yaml/colon', message: 'a space is missing after the colon', help: 'write `key: value`' },
  ],
  [
    /^Sequence item without -/,
    { code: 'yaml/separator', message: 'an item of the list lacks its dash', help: 'write `- item`' },
  ],
  [
    /^Comments must be separated/,
    {
      code: 'yaml/separator',
      message: "a space is missing before '#'",
      help: "a comment begins with ' #'; texts that hold '#' need quotes",
    },
  ],
  [
    /^Unexpected scalar at node end/,
    {
      code: 'yaml/quotes',
      message: 'something follows the closing quote',
      help: 'one pair of quotes goes around the whole text',
    },
  ],
  [
    /^Unexpected flow-(?:map|seq)-end token.*"(.)"/,
    { code: 'yaml/unclosed', message: "a '%' that nothing opened", help: 'remove it, or open it above' },
  ],
  [
    /reserved character (.)/,
    {
      code: 'yaml/quotes',
      message: "a text cannot begin with '%'",
      help: 'put the text in quotes',
    },
  ],
  [
    /^Alias cannot be an empty/,
    { code: 'yaml/anchor', message: "a '*' without a name", help: "texts that begin with '*' need quotes" },
  ],
  [
    /^Anchor cannot be an empty/,
    { code: 'yaml/anchor', message: "a '&' without a name", help: "texts that begin with '&' need quotes" },
  ],
  [
    /^Block scalar header/,
    {
      code: 'yaml/syntax',
      message: "something follows '|' or '>'",
      help: 'the text begins on the next line',
    },
  ],
];

/** Only the code where the parser's own words are clear. */
const byCode: Readonly<Record<ErrorCode, SyntaxMistake | DiagnosticCode>> = {
  ALIAS_PROPS: 'yaml/anchor',
  BAD_ALIAS: 'yaml/anchor',
  BAD_COLLECTION_TYPE: 'yaml/tag',
  BAD_DIRECTIVE: 'yaml/syntax',
  BAD_DQ_ESCAPE: {
    code: 'yaml/escape',
    message: 'a backslash in double quotes begins an escape that does not exist',
    help: 'write the backslash twice, or use single quotes',
  },
  BAD_INDENT: {
    code: 'yaml/indentation',
    message: 'the line does not begin in the column of the lines that it belongs to',
    help: 'keys of one map stand in one column, and so do the dashes of a list',
  },
  BAD_PROP_ORDER: 'yaml/anchor',
  BAD_SCALAR_START: 'yaml/quotes',
  BLOCK_AS_IMPLICIT_KEY: {
    code: 'yaml/colon',
    message: 'one line has a key inside the value of a key',
    help: "a text that holds ': ' needs quotes",
  },
  BLOCK_IN_FLOW: 'yaml/syntax',
  DUPLICATE_KEY: 'yaml/duplicate-key',
  IMPOSSIBLE: 'yaml/syntax',
  KEY_OVER_1024_CHARS: 'yaml/key',
  MISSING_CHAR: 'yaml/separator',
  MULTILINE_IMPLICIT_KEY: {
    code: 'yaml/colon',
    message: 'a key goes over several lines',
    help: 'a colon and a space are missing after a key, or a text needs quotes',
  },
  MULTIPLE_ANCHORS: 'yaml/anchor',
  MULTIPLE_DOCS: {
    code: 'yaml/documents',
    message: 'the file holds more than one YAML document',
    help: "remove the line '---'",
  },
  MULTIPLE_TAGS: 'yaml/tag',
  NON_STRING_KEY: 'yaml/key',
  RESOURCE_EXHAUSTION: 'yaml/depth',
  TAB_AS_INDENT: { code: 'yaml/tab', message: 'a tab is used for indentation', help: 'use spaces' },
  TAG_RESOLVE_FAILED: {
    code: 'yaml/tag',
    message: 'the tag is not known',
    help: "texts that begin with '!' need quotes",
  },
  UNEXPECTED_TOKEN: 'yaml/syntax',
};

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
