/** The English of documentation comments: what `/** ... *\/` blocks of type declarations say, without code and markup. */

/** What a paragraph of a comment begins with: an empty line, a list item, a tag. */
const paragraphStart = /\n\s*\n|\n(?=\s*(?:[-*+@#|]|\d+\.))/;

/** The prose of a file's documentation comments, paragraph by paragraph. */
export function commentParagraphs(source: string): string[] {
  const paragraphs: string[] = [];
  for (const [, body = ''] of source.matchAll(/\/\*\*([\s\S]*?)\*\//g)) {
    const text = body
      .split('\n')
      .map((line) => line.replace(/^\s*\* ?/, ''))
      .join('\n')
      .replace(/```[\s\S]*?(?:```|$)/g, '\n\n')
      .replace(/<(pre|code)[^>]*>[\s\S]*?<\/\1>/g, ' ')
      .replace(/^@example[\s\S]*?(?=^@|(?![\s\S]))/gm, '');
    for (const paragraph of text.split(paragraphStart)) {
      const prose = withoutMarkup(paragraph);
      if (isProse(prose)) paragraphs.push(prose);
    }
  }
  return paragraphs;
}

function withoutMarkup(paragraph: string): string {
  return paragraph
    .replace(/^\s*@\w+(?:\s+\{[^}]*\})?(?:\s+[\w.[\]]+ - )?/, '')
    .replace(/\{@\w+\s+([^}|]*)(?:\|[^}]*)?\}/g, '$1')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<\/?[a-zA-Z][^>]*>/g, ' ')
    .replace(/[`*_|]+/g, ' ')
    .replace(/^\s*(?:[-+#]+|\d+\.)\s*/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Two words in lower case side by side, and nothing that only code has. */
function isProse(text: string): boolean {
  return /[a-z] [a-z]/.test(text) && !/[{};]\s*$|=>|\(\)\s*\{/.test(text);
}
