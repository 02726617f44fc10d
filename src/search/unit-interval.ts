/** Ranges as the interval from 0 to 1, in which equal lengths are equally likely. */
import type { Dimension } from './space.js';

/** A dimension that is a range. */
export type RangeDimension = Extract<Dimension, { readonly kind: 'range' }>;

/**
 * The value at a place from 0 to 1; whole numbers have equal shares of the interval, others are rounded to four significant
 * digits, which nobody's results depend on and everybody can read.
 */
export function fromUnit(range: RangeDimension, place: number): number {
  const { low, high } = ends(range);
  const inside = Math.min(1, Math.max(0, place));
  const value = unscaled(range, low + inside * (high - low));
  const rounded = range.whole ? Math.round(value) : Number(value.toPrecision(significantDigits));
  return Math.min(range.maximum, Math.max(range.minimum, rounded));
}

/** The place of a value. */
export function toUnit(range: RangeDimension, value: number): number {
  const { low, high } = ends(range);
  return high === low ? 0.5 : (scaled(range, value) - low) / (high - low);
}

/** Whole numbers reach half a step beyond the ends, so that the outermost are as likely as the others. */
function ends(range: RangeDimension): { readonly low: number; readonly high: number } {
  const margin = range.whole ? wholeMargin : 0;
  const lowest =
    range.scale === 'log' ? Math.max(range.minimum - margin, range.minimum / 2) : range.minimum - margin;
  return { low: scaled(range, lowest), high: scaled(range, range.maximum + margin) };
}

const significantDigits = 4;

/** A little less than a half: both ends round inwards. */
const wholeMargin = 0.499999;

function scaled({ scale }: RangeDimension, value: number): number {
  return scale === 'log' ? Math.log(value) : value;
}

function unscaled({ scale }: RangeDimension, value: number): number {
  return scale === 'log' ? Math.exp(value) : value;
}
