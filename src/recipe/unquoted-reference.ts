/** `{ from: ${params.base} }`: inside brackets, the brace of a reference begins a map unless the text is in quotes. */
import type { NewDiagnostic } from '../diagnostics/diagnostic.js';
import type { SourceText } from '../diagnostics/source-text.js';

/** The complaint about the reference whose brace stands at the offset `at`; undefined when there is no whole one. */
export function unquotedReference(source: SourceText, at: number): NewDiagnostic | undefined {
  const { text } = source;
  if (text[at] !== '{' || text[at - 1] !== '$') return undefined;
  const [before = ''] =
    /(?:[^\s,[\]{}"']|(?<!:)[ ](?=\S))*$/.exec(text.slice(text.lastIndexOf('\n', at) + 1, at)) ?? [];
  const start = at - before.trimStart().length;
  const [written] = plainText.exec(text.slice(start)) ?? [];
  if (written === undefined || !written.includes('}')) return undefined;
  return {
    code: 'yaml/quotes',
    message: "between brackets, a text with '${' needs quotes",
    location: source.excerpt(start, start + written.length),
    help: `write "${written}"`,
  };
}

/** References and what stands around them, up to the end of the item. */
const plainText = /^(?:\$\{[^{}\n"]*\}|[^\s,[\]{}"':\\]|:(?!\s)|[ ](?=[^\s#,[\]{}"']))+/;
