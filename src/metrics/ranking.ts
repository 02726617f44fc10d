/**
 * Examples sorted by a score: what every ranking metric (AUROC, average precision) is computed from.
 *
 * The order is computed once; each bootstrap resample then only changes the weights.
 */

/** Examples in descending order of a score, and where equal scores end. */
export interface Ranking {
  /** Indices of examples, the highest score first. */
  readonly order: Uint32Array;
  /** For each run of equal scores the position in `order` after its last example, ascending. */
  readonly runEnds: Uint32Array;
}

/**
 * Sorts examples by score, descending; equal scores form one run, whose inner order means nothing.
 *
 * `members` restricts the ranking to some examples (indices into `scores`); without it all are ranked.
 * Scores must be numbers, not NaN.
 */
export function rankByScore(scores: ArrayLike<number>, members?: ArrayLike<number>): Ranking {
  const order = members
    ? Uint32Array.from(members)
    : Uint32Array.from({ length: scores.length }, (_, index) => index);
  order.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const runEnds: number[] = [];
  for (let position = 1; position <= order.length; position++) {
    const isLast = position === order.length;
    if (isLast || scores[order[position] ?? 0] !== scores[order[position - 1] ?? 0]) runEnds.push(position);
  }
  return { order, runEnds: Uint32Array.from(runEnds) };
}

/** Calls `visit` with the summed weight of positives and of negatives of each run of equal scores, best run first. */
export function forEachRun(
  ranking: Ranking,
  isPositive: Uint8Array,
  weights: Float64Array,
  visit: (positiveWeight: number, negativeWeight: number) => void,
): void {
  let position = 0;
  for (const end of ranking.runEnds) {
    let positiveWeight = 0;
    let negativeWeight = 0;
    for (; position < end; position++) {
      const example = ranking.order[position] ?? 0;
      if (isPositive[example] === 1) positiveWeight += weights[example] ?? 0;
      else negativeWeight += weights[example] ?? 0;
    }
    visit(positiveWeight, negativeWeight);
  }
}
