/** Patterns for relative paths: `*` within a part, `**` across parts, `?` for one character, `{a,b}` for either. */

/** Whether a path with `/` between its parts matches any of the patterns. */
export function matchesAnyPattern(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => patternExpression(pattern).test(path));
}

const expressions = new Map<string, RegExp>();

function patternExpression(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  const made = new RegExp(`^${translate(pattern)}$`, 'u');
  expressions.set(pattern, made);
  return made;
}

function translate(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[\\^$.+()[\]{}|/]/gu, (part) => {
    switch (part) {
      case '**/':
        return '(?:.*/)?';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      default:
        if (part.length > 1) return `(?:${part.slice(1, -1).split(',').map(translate).join('|')})`;
        return `\\${part}`;
    }
  });
}
