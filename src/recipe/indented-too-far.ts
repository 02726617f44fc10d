/** A key that is indented further than the one above it, which has a value already. */
import type { NewDiagnostic } from '../diagnostics/diagnostic.js';
import type { SourceText } from '../diagnostics/source-text.js';

/**
 * To the parser the value and the lines below it are one text with a colon in it. Undefined where the colon stands on the line of
 * the value, which is another mistake.
 *
 * @param value where the value of the key above begins
 */
export function indentedTooFar(source: SourceText, value: number): NewDiagnostic | undefined {
  const { text } = source;
  const lineEnd = text.indexOf('\n', value);
  if (lineEnd < 0 || /:(?:\s|$)/.test(text.slice(value, lineEnd))) return undefined;
  const below = /^(?:\s*\n)?( *)([^\s:][^\n:]*):(?:\s|$)/.exec(text.slice(lineEnd + 1));
  const [, indentation = '', name = ''] = below ?? [];
  const lineStart = text.lastIndexOf('\n', value - 1) + 1;
  const above = /^[ -]*([^\s:][^:]*):\s*$/.exec(text.slice(lineStart, value));
  if (!below || !above) return undefined;
  const start = lineEnd + 1 + below[0].indexOf(indentation + name) + indentation.length;
  const keyStart = lineStart + above[0].search(/[^ -]/);
  return {
    code: 'yaml/indentation',
    message: 'the line is indented further than the key that it follows',
    location: source.excerpt(start, start + name.length),
    help: 'keys of one map stand in one column',
    related: [
      {
        location: source.excerpt(keyStart, keyStart + (above[1] ?? '').length),
        message: 'this key has its value already',
      },
    ],
  };
}
