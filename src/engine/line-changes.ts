/** What differs between two texts, told from hashes of their lines alone. */

/** Differences by line; a line that was replaced in its place counts as changed, not as removed and added. */
export interface LineChanges {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** The same lines in another order. */
  readonly reordered: boolean;
  /** Numbers, from 1, of the first added or changed lines of the newer text. */
  readonly at: readonly number[];
}

/** Lines that are named; more do not help to find them. */
const mostNamed = 5;

/**
 * Compares two texts, given as one hash per line, in time linear in their lengths.
 *
 * Lines are first matched by their number of occurrences, wherever they are, so a moved line is neither added nor removed.
 * Between two matched lines, as many of the unmatched ones as pair up count as changed.
 */
export function compareLines(before: Uint32Array, after: Uint32Array): LineChanges {
  const changes = compareMatched(before, after, 'last');
  if (!changes.reordered) return changes;
  // Perhaps only the first of several equal lines was removed or added.
  const others = compareMatched(before, after, 'first');
  return others.reordered ? changes : others;
}

/** @param leftOver which of several equal lines have no partner, where one text has more of them */
function compareMatched(before: Uint32Array, after: Uint32Array, leftOver: 'first' | 'last'): LineChanges {
  const isGone = unmatched(before, after, leftOver);
  const isNew = unmatched(after, before, leftOver);
  let added = 0;
  let removed = 0;
  let changed = 0;
  let reordered = false;
  const at: number[] = [];
  let left = 0;
  let right = 0;
  while (left < before.length || right < after.length) {
    let gone = 0;
    for (; left < before.length && isGone[left] === 1; left += 1) gone += 1;
    let fresh = 0;
    for (; right < after.length && isNew[right] === 1; right += 1) {
      fresh += 1;
      if (at.length < mostNamed) at.push(right + 1);
    }
    const pairs = Math.min(gone, fresh);
    changed += pairs;
    added += fresh - pairs;
    removed += gone - pairs;
    // Both stand at matched lines now, or at an end; as many lines are matched on either side.
    if (left < before.length && right < after.length && before[left] !== after[right]) reordered = true;
    left += 1;
    right += 1;
  }
  return { added, removed, changed, reordered, at };
}

/** 1 for every line of `lines` that has no partner in `others`. */
function unmatched(lines: Uint32Array, others: Uint32Array, leftOver: 'first' | 'last'): Uint8Array {
  const counts = new Map<number, number>();
  for (const hash of others) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  const marks = new Uint8Array(lines.length);
  for (let step = 0; step < lines.length; step++) {
    const index = leftOver === 'last' ? step : lines.length - 1 - step;
    const hash = lines[index] ?? 0;
    const count = counts.get(hash) ?? 0;
    if (count > 0) counts.set(hash, count - 1);
    else marks[index] = 1;
  }
  return marks;
}
