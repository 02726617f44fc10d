/**
 * How recipes name parameters of a model: what can be said of a pattern without the model. `models/parameter-patterns.ts` has the
 * table of patterns and applies them.
 */
import type { CodedDetails } from './user-error.js';

/** What a text between slashes is made of: the expression and its flags. */
export function expressionOf(
  pattern: string,
): { readonly source: string; readonly flags: string } | undefined {
  const parts = /^\/(.*)\/([a-z]*)$/s.exec(pattern);
  // A sticky or global expression would remember where it stopped.
  return parts === null
    ? undefined
    : { source: parts[1] ?? '', flags: (parts[2] ?? '').replaceAll(/[gy]/g, '') };
}

/** The layers of `layers.0-2`, both included. */
export function layerRangeOf(pattern: string): { readonly first: number; readonly last: number } | undefined {
  const range = /^layers\.(\d+)\s*-\s*(\d+)$/.exec(pattern);
  return range === null ? undefined : { first: Number(range[1]), last: Number(range[2]) };
}

/** The patterns after `all but`. Commas separate them, but not inside a regular expression. */
export function exceptionsOf(pattern: string): readonly string[] | undefined {
  const exception = /^all but\s+(.+)$/s.exec(pattern)?.[1];
  if (exception === undefined) return undefined;
  return (exception.match(/\/(?:\\.|[^/])*\/[a-z]*|[^,]+/g) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** What is wrong with a pattern whatever the model is; undefined when it can be looked for. */
export function patternMistake(written: string): CodedDetails | undefined {
  const pattern = written.trim();
  const exceptions = exceptionsOf(pattern);
  if (exceptions !== undefined) {
    return exceptions.map(patternMistake).find((mistake) => mistake !== undefined);
  }
  const range = layerRangeOf(pattern);
  if (range !== undefined && range.first > range.last) {
    return {
      code: 'freeze/range',
      message: `the range '${pattern}' ends before it begins`,
      found: pattern,
      expected: `layers.${range.last}-${range.first}`,
    };
  }
  if (!pattern.startsWith('/')) return undefined;
  const found = expressionMistake(pattern);
  if (found === undefined) return undefined;
  return {
    code: 'freeze/expression',
    message: `'${pattern}' is not a regular expression`,
    found,
    expected: 'a regular expression between slashes, such as /query|key/',
  };
}

function expressionMistake(pattern: string): string | undefined {
  const expression = expressionOf(pattern);
  if (expression === undefined) return 'no slash at its end';
  try {
    new RegExp(expression.source, expression.flags);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
