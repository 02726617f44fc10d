/**
 * p values of several tests, each raised so that together they are wrong no more often than one would be.
 *
 * Holm's step-down method: the smallest of n values times n, the next times n - 1, and so on, none below the one before, at
 * most 1. In the order of `pValues`. Source: Holm, A simple sequentially rejective multiple test procedure, Scandinavian
 * Journal of Statistics 6 (1979).
 */
export function holm(pValues: readonly number[]): readonly number[] {
  const adjusted = new Array<number>(pValues.length).fill(0);
  const ascending = pValues.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  let largest = 0;
  ascending.forEach(({ value, index }, rank) => {
    largest = Math.max(largest, Math.min(1, value * (pValues.length - rank)));
    adjusted[index] = largest;
  });
  return adjusted;
}
