/**
 * McNemar's exact test: whether two classifiers are right on equally many of the same examples.
 */

/** The outcome of the test. */
export interface McNemarTest {
  /** Examples that only the first classifier got right. */
  readonly onlyFirst: number;
  /** Examples that only the second got right. */
  readonly onlySecond: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * The exact two-sided test on the examples on which the two differ.
 *
 * If neither classifier is better, each of those examples is a fair coin: the smaller count of `onlyFirst + onlySecond`
 * throws follows Binomial(n, 1/2), and the p value is twice the probability of a count as small, at most 1 (where they do
 * not differ at all: 1). Source: McNemar, Note on the sampling error of the difference between correlated proportions,
 * Psychometrika 12 (1947); the exact form as in statsmodels' `mcnemar(exact=True)`.
 * Throws a RangeError for counts that are not whole numbers of at least 0.
 */
export function mcNemarTest(onlyFirst: number, onlySecond: number): McNemarTest {
  for (const count of [onlyFirst, onlySecond]) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`counts are whole numbers of at least 0, not ${count}`);
    }
  }
  const tosses = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  return { onlyFirst, onlySecond, pValue: Math.min(1, 2 * fairCoinTail(fewer, tosses)) };
}

/** P(X <= heads) for X ~ Binomial(tosses, 1/2); `heads` at most half of `tosses`. */
function fairCoinTail(heads: number, tosses: number): number {
  // The largest term, heads of tosses, as a logarithm; the others from it by ratios below 1, so that nothing overflows.
  let logLargest = -tosses * Math.LN2;
  for (let count = 1; count <= heads; count += 1) logLargest += Math.log((tosses - count + 1) / count);
  let ratio = 1;
  let sum = 1;
  for (let count = heads; count >= 1 && ratio > sum * Number.EPSILON; count -= 1) {
    ratio *= count / (tosses - count + 1);
    sum += ratio;
  }
  return Math.exp(logLargest) * sum;
}
