/**
 * The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl, "Algorithms for hyper-parameter optimization", NIPS
 * 2011, section 4): the points tried so far are split into good and bad ones by a quantile of their losses; densities l(x) of the
 * good and g(x) of the bad are estimated for each dimension; of some candidates drawn from l the one with the largest l(x) / g(x)
 * is tried, since the expected improvement grows with that ratio (equation 5).
 */
import type { Random } from '../data/random.js';
import { randomPoint } from './random-search.js';
import type { Dimension, Point, Space, SpaceValue } from './space.js';
import { fromUnit, type RangeDimension, toUnit } from './unit-interval.js';

/** A point that was tried. */
export interface Observation {
  readonly point: Point;
  /** Smaller is better; infinity for a trial that failed. */
  readonly loss: number;
}

/** Points drawn at random before the estimate is trusted. */
export const startupTrials = 10;
/** The share of the points that counts as good: the paper's gamma. */
const goodShare = 0.15;
/** Candidates of which the best is taken, for each dimension. */
const candidates = 24;

/** The next point to try. Depends on the observations in their order, and on the random stream, alone. */
export function tpePoint(space: Space, observations: readonly Observation[], random: Random): Point {
  if (observations.length < startupTrials) return randomPoint(space, random);
  const ranked = observations
    .map((observation, order) => ({ ...observation, order }))
    .sort((a, b) => compare(a.loss, b.loss) || a.order - b.order);
  const split = Math.max(1, Math.ceil(goodShare * ranked.length));
  const good = ranked.slice(0, split);
  const bad = ranked.slice(split);
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]): [string, SpaceValue] => {
      const values = (list: readonly Observation[]): readonly SpaceValue[] =>
        list.map(({ point }) => point[name] ?? null);
      return [name, suggest(dimension, values(good), values(bad), random.fork(name))];
    }),
  );
}

function suggest(
  dimension: Dimension,
  good: readonly SpaceValue[],
  bad: readonly SpaceValue[],
  random: Random,
): SpaceValue {
  return dimension.kind === 'choice'
    ? suggestChoice(dimension.values, good, bad, random)
    : suggestNumber(dimension, numbers(good), numbers(bad), random);
}

function suggestChoice(
  values: readonly SpaceValue[],
  good: readonly SpaceValue[],
  bad: readonly SpaceValue[],
  random: Random,
): SpaceValue {
  const likely = shares(values, good);
  const unlikely = shares(values, bad);
  let best = 0;
  let bestRatio = Number.NEGATIVE_INFINITY;
  for (let drawn = 0; drawn < candidates; drawn++) {
    const index = drawIndex(likely, random);
    const ratio = (likely[index] ?? 0) / (unlikely[index] ?? 1);
    if (ratio > bestRatio) {
      best = index;
      bestRatio = ratio;
    }
  }
  return values[best] ?? null;
}

/** The probability of every choice: how often it was seen, and once more for the prior. */
function shares(values: readonly SpaceValue[], seen: readonly SpaceValue[]): readonly number[] {
  const keys = values.map((value) => JSON.stringify(value));
  const counts = keys.map(() => 1);
  for (const value of seen) {
    const index = keys.indexOf(JSON.stringify(value));
    if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / total);
}

function drawIndex(weights: readonly number[], random: Random): number {
  let left = random.next();
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

function suggestNumber(
  range: RangeDimension,
  good: readonly number[],
  bad: readonly number[],
  random: Random,
): number {
  const likely = parzen(good.map((value) => toUnit(range, value)));
  const unlikely = parzen(bad.map((value) => toUnit(range, value)));
  let best = range.minimum;
  let bestRatio = Number.NEGATIVE_INFINITY;
  for (let drawn = 0; drawn < candidates; drawn++) {
    const value = fromUnit(range, draw(likely, random));
    // Whole numbers are judged at the place that they are rounded to.
    const place = toUnit(range, value);
    const ratio = Math.log(density(likely, place)) - Math.log(density(unlikely, place));
    if (ratio > bestRatio) {
      best = value;
      bestRatio = ratio;
    }
  }
  return best;
}

/** One kernel of a Parzen estimator: a normal distribution cut off at 0 and 1. */
interface Kernel {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * A kernel at every point, as wide as the larger of the gaps to its neighbours, and a wide one in the middle as the prior
 * (section 4.1 and footnote 2 of the paper). Kernels become no narrower than the number of points justifies.
 */
function parzen(points: readonly number[]): readonly Kernel[] {
  const sorted = [...points].sort((a, b) => a - b);
  const narrowest = 1 / Math.min(100, sorted.length + 2);
  const kernels = sorted.map((mean, index) => {
    const left = mean - (sorted[index - 1] ?? 0);
    const right = (sorted[index + 1] ?? 1) - mean;
    return { mean, deviation: Math.min(1, Math.max(narrowest, left, right)) };
  });
  return [...kernels, { mean: 0.5, deviation: 1 }];
}

function draw(kernels: readonly Kernel[], random: Random): number {
  const kernel = kernels[random.integer(kernels.length)];
  if (kernel === undefined) return random.next();
  for (let attempt = 0; attempt < maximumAttempts; attempt++) {
    const place = kernel.mean + kernel.deviation * random.normal();
    if (place >= 0 && place <= 1) return place;
  }
  return kernel.mean;
}

/** No kernel has less than a third of its weight inside, so a hundred misses do not happen. */
const maximumAttempts = 100;

function density(kernels: readonly Kernel[], place: number): number {
  const sum = kernels.reduce((total, { mean, deviation }) => {
    const inside = cumulative((1 - mean) / deviation) - cumulative(-mean / deviation);
    const distance = (place - mean) / deviation;
    return total + Math.exp(-0.5 * distance * distance) / (deviation * Math.sqrt(2 * Math.PI) * inside);
  }, 0);
  return sum / kernels.length;
}

/** The standard normal distribution function, by Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7). */
function cumulative(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const polynomial =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const half = (1 - polynomial * Math.exp(-x * x)) / 2;
  return z < 0 ? 0.5 - half : 0.5 + half;
}

function numbers(values: readonly SpaceValue[]): readonly number[] {
  return values.filter((value) => typeof value === 'number');
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
