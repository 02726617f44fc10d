/** Joins the most frequent pair of neighbouring pieces, again and again, until a vocabulary is full. */

/** When joining ends. */
export interface PairMergingLimits {
  /** Tokens in the full vocabulary. */
  readonly size: number;
  /** Pairs that occur less often are not joined; at least 1. */
  readonly minFrequency: number;
}

/** What is written before pieces that continue a word. */
const prefix = '##';

/**
 * Appends joined pieces to `tokens`.
 *
 * `tokens` must hold every character that begins a word, and every one that goes on with `##` before it; `words` are the
 * characters of each word with the number of its occurrences. Among equally frequent pairs the one whose pieces came
 * earlier into the vocabulary is joined first.
 */
export function mergePairs(
  tokens: string[],
  words: readonly (readonly [readonly string[], number])[],
  limits: PairMergingLimits,
): void {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const pieces = words.map(([characters]) =>
    characters.map((char, index) => {
      const id = ids.get(index === 0 ? char : prefix + char);
      if (id === undefined) throw new Error(`no token for the character ${JSON.stringify(char)}`);
      return id;
    }),
  );
  const frequencies = words.map(([, frequency]) => frequency);

  const counts = new Map<number, number>();
  const places = new Map<number, Set<number>>();
  const change = (left: number, right: number, word: number, sign: 1 | -1): number => {
    const pair = pairKey(left, right);
    counts.set(pair, (counts.get(pair) ?? 0) + sign * (frequencies[word] ?? 0));
    if (sign > 0) {
      const where = places.get(pair);
      if (where === undefined) places.set(pair, new Set([word]));
      else where.add(word);
    }
    return pair;
  };
  for (const [word, parts] of pieces.entries()) {
    forEachPair(parts, (left, right) => change(left, right, word, 1));
  }

  const queue = new PairQueue();
  for (const [pair, count] of counts) queue.push(pair, count);

  while (tokens.length < limits.size) {
    const top = queue.pop();
    if (top === undefined) break;
    const count = counts.get(top.pair) ?? 0;
    if (count !== top.count) {
      // The entry is older than the last change of its count.
      if (count > 0 && count < top.count) queue.push(top.pair, count);
      continue;
    }
    if (count < Math.max(1, limits.minFrequency)) break;
    const [left, right] = pairOf(top.pair);
    const joined = joinTokens(tokens[left] ?? '', tokens[right] ?? '');
    let id = ids.get(joined);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(joined);
      ids.set(joined, id);
    }
    const grown = new Set<number>();
    for (const word of places.get(top.pair) ?? []) {
      const old = pieces[word] ?? [];
      const parts = joinInWord(old, left, right, id);
      if (parts.length === old.length) continue;
      forEachPair(old, (first, second) => change(first, second, word, -1));
      forEachPair(parts, (first, second) => {
        const pair = change(first, second, word, 1);
        if (first === id || second === id) grown.add(pair);
      });
      pieces[word] = parts;
    }
    counts.delete(top.pair);
    places.delete(top.pair);
    for (const pair of grown) queue.push(pair, counts.get(pair) ?? 0);
  }
}

function joinTokens(left: string, right: string): string {
  return left + (right.startsWith(prefix) ? right.slice(prefix.length) : right);
}

function joinInWord(parts: readonly number[], left: number, right: number, joined: number): number[] {
  const result: number[] = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? 0;
    if (part === left && parts[index + 1] === right) {
      result.push(joined);
      index++;
    } else result.push(part);
  }
  return result;
}

function forEachPair(parts: readonly number[], visit: (left: number, right: number) => void): void {
  for (let index = 1; index < parts.length; index++) visit(parts[index - 1] ?? 0, parts[index] ?? 0);
}

/** Two ids in one number that orders pairs by their left id, then by their right one; ids below 2^26. */
function pairKey(left: number, right: number): number {
  return left * 0x4000000 + right;
}

function pairOf(pair: number): [left: number, right: number] {
  return [Math.floor(pair / 0x4000000), pair % 0x4000000];
}

interface QueuedPair {
  readonly pair: number;
  readonly count: number;
}

/** A binary heap: the largest count first, among equal counts the smallest pair. */
class PairQueue {
  readonly #heap: QueuedPair[] = [];

  push(pair: number, count: number): void {
    const heap = this.#heap;
    const item = { pair, count };
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(item, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = item;
  }

  pop(): QueuedPair | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      const sibling = heap[child + 1];
      if (below !== undefined && sibling !== undefined && isBefore(sibling, below)) {
        child++;
        below = sibling;
      }
      if (below === undefined || !isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

function isBefore(first: QueuedPair, second: QueuedPair): boolean {
  return first.count > second.count || (first.count === second.count && first.pair < second.pair);
}
