/** One entry of a WordNet data file. */
export interface WordnetEntry {
  /** Number of the lexicographer file: 5 noun.animal, 6 noun.artifact, 18 noun.person, 20 noun.plant. */
  readonly file: number;
  readonly words: readonly string[];
  readonly gloss: string;
}

/**
 * Parses a line of `data.noun` and its siblings (format: wndb(5WN)); undefined for the lines of the licence.
 *
 * `offset file pos count word id ... | gloss`, the count in hexadecimal.
 */
export function parseWordnetLine(line: string): WordnetEntry | undefined {
  const bar = line.indexOf(' | ');
  if (bar < 0 || line.startsWith(' ')) return undefined;
  const fields = line.slice(0, bar).split(' ');
  const count = Number.parseInt(fields[3] ?? '', 16);
  const words = Array.from({ length: count }, (_, index) =>
    (fields[4 + 2 * index] ?? '').replaceAll('_', ' ').replace(/\([a-z]+\)$/, ''),
  );
  return { file: Number(fields[1]), words, gloss: line.slice(bar + 3).trim() };
}
