/** Where the bundler looks for what a plugin's file imports, and in which order. */
import { extname, join, sep } from 'node:path';
import { isRegularFile } from './regular-file.js';

/** Extensions that an import may leave out, the preferred first; the bundler is given them. */
export const resolveExtensions = ['.tsx', '.ts', '.jsx', '.js', '.css', '.json'] as const;

/** TypeScript's files are imported by the names that they have when compiled. */
const compiledFrom: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/**
 * The files that are not there and would have been taken instead of those that were.
 *
 * An import is the absolute path that it names, and the file that was taken.
 */
export function absentCandidates(
  imports: readonly (readonly [named: string, found: string | undefined])[],
): readonly string[] {
  const absent = new Set<string>();
  for (const [named, found] of imports) {
    const candidates = candidatesOf(named);
    // Inside packages the order is another one, and links lead to files of other names: then all count.
    const place = named.split(sep).includes('node_modules') ? -1 : candidates.indexOf(found ?? '');
    for (const path of place === -1 ? candidates : candidates.slice(0, place)) {
      if (!isRegularFile(path)) absent.add(path);
    }
  }
  return [...absent];
}

/** The files that an import can mean, in order. */
function candidatesOf(named: string): readonly string[] {
  const extension = extname(named);
  const stem = named.slice(0, named.length - extension.length);
  const index = join(named, 'index');
  return [
    named,
    ...resolveExtensions.map((added) => `${named}${added}`),
    ...(compiledFrom[extension] ?? []).map((source) => `${stem}${source}`),
    join(named, 'package.json'),
    ...resolveExtensions.map((added) => `${index}${added}`),
  ];
}
