/** Names that a user may have meant. */

/** The candidate nearest to what was written, if one is near enough to be a slip. */
export function closest(written: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  const wanted = plain(written);
  // Beyond this a name is another name, not a slip of the finger.
  const limit = Math.max(1, Math.floor(Math.min(written.length, maximumLength) / 3));
  for (const candidate of candidates) {
    const distance = plain(candidate) === wanted ? 0 : editDistance(wanted, plain(candidate), limit);
    if (distance <= limit && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `did you mean 'tokens'?`, or undefined when nothing is near. */
export function didYouMean(written: string, candidates: Iterable<string>): string | undefined {
  const near = closest(written, candidates);
  return near === undefined ? undefined : `did you mean '${near}'?`;
}

/** `'a', 'b' or 'c'`; long lists are cut. */
export function listOfNames(names: readonly string[], word = 'or'): string {
  const shown = names.slice(0, maximumListed).map((name) => `'${name}'`);
  if (names.length > maximumListed) return `${shown.join(', ')} and ${names.length - maximumListed} more`;
  const last = shown.pop();
  if (last === undefined) return 'none';
  return shown.length === 0 ? last : `${shown.join(', ')} ${word} ${last}`;
}

/**
 * Names to choose from where none is near enough to be a slip: those that the written one is a part of, else the first; long lists are
 * cut: `train[seed=1], train[seed=2] and 298 more`.
 */
export function namesLike(written: string, names: readonly string[]): string {
  const alike = names.filter((name) => plain(name).includes(plain(written)));
  const shown = (alike.length > 0 ? alike : names).slice(0, maximumListed);
  const more = names.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const maximumListed = 16;
/** Longer names are compared by their beginning. */
const maximumLength = 80;

/** Case, hyphens and underscores are the commonest slips: learningRate, learning-rate. */
function plain(name: string): string {
  return name.slice(0, maximumLength).toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours; `limit + 1` when there are more than `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? limit + 1;
}
