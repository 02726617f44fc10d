/**
 * Finds texts that are almost the same: the same mail with another name in it, a review with one word changed.
 *
 * Texts are compared by the sets of their five-character pieces (case, white space and the values of digits aside). MinHash
 * estimates the Jaccard similarity of two sets from short signatures (Broder 1997), made in one pass by densified one-permutation
 * hashing (Shrivastava and Li 2014, ICML); banding finds the pairs worth comparing (Leskovec, Rajaraman and Ullman,
 * "Mining of Massive Datasets", section 3.4). Time grows with the text's length, memory with 64 bytes a row.
 */
import type { RowGroups } from './row-groups.js';
import { mixBits } from './text-hash.js';

/** Collects signatures, then joins rows whose texts are near-duplicates. */
export interface NearDuplicateFinder {
  /** Adds the next row's text, in the form of `normalizeForComparison`. */
  add(text: string): void;
  /** Joins similar rows in `groups`. Rows for which `considered` says no are passed over. Gives the number of joins. */
  join(groups: RowGroups, considered: (row: number) => boolean): number;
}

/** Bins of a signature. Each keeps one byte of its minimum. */
const bins = 64;
const bandBins = 4;
const bands = bins / bandBins;
/** Rows of a block of signatures: 1 MiB. */
const blockBits = 14;
const blockMask = (1 << blockBits) - 1;
const pieceLength = 5;
/** A text is compared by its first characters. */
const longestText = 20_000;
/** Rows with the same band that a row is compared with. Bounds the time on masses of alike texts. */
const mostComparisons = 16;

/**
 * Starts a finder.
 *
 * @param threshold the least Jaccard similarity of near-duplicates, in (0, 1]; with 64 bins the estimate's standard
 * error is about 0.05 at 0.8.
 */
export function createNearDuplicateFinder(threshold: number): NearDuplicateFinder {
  // In blocks, so that growing copies nothing; each signature as the keys of its bands.
  const blocks: Uint32Array[] = [];
  let rows = 0;
  const minima = new Uint32Array(bins);
  // Two sets without a common piece share a byte by chance in 1 of 256 bins.
  const leastEqualBins = Math.ceil(bins * (threshold + (1 - threshold) / 256) - 1e-9);

  const bandKey = (row: number, band: number): number =>
    blocks[row >> blockBits]?.[(row & blockMask) * bands + band] ?? 0;

  const similar = (first: number, second: number): boolean => {
    let equal = 0;
    for (let band = 0; band < bands; band++) {
      const difference = bandKey(first, band) ^ bandKey(second, band);
      if ((difference & 0xff) === 0) equal++;
      if ((difference & 0xff00) === 0) equal++;
      if ((difference & 0xff0000) === 0) equal++;
      if (difference >>> 24 === 0) equal++;
    }
    return equal >= leastEqualBins;
  };

  return {
    add(text) {
      if (rows >> blockBits === blocks.length) blocks.push(new Uint32Array(bands << blockBits));
      sign(text, minima);
      const block = blocks[rows >> blockBits];
      const start = (rows & blockMask) * bands;
      for (let band = 0; block !== undefined && band < bands; band++) {
        let key = 0;
        for (let bin = band * bandBins; bin < (band + 1) * bandBins; bin++) {
          key = (key << 8) | ((minima[bin] ?? 0) & 0xff);
        }
        block[start + band] = key;
      }
      rows++;
    },
    join(groups, considered) {
      let joins = 0;
      // By band: the last row of each key in a table with open addressing, and for each row the one before it.
      const slots = new Int32Array(1 << Math.ceil(Math.log2(2 * rows + 2)));
      const mask = slots.length - 1;
      const previous = new Int32Array(rows);
      for (let band = 0; band < bands; band++) {
        slots.fill(-1);
        for (let row = 0; row < rows; row++) {
          if (!considered(row)) continue;
          const key = bandKey(row, band);
          let slot = mixBits(key) & mask;
          let last = slots[slot] ?? -1;
          while (last !== -1 && bandKey(last, band) !== key) {
            slot = (slot + 1) & mask;
            last = slots[slot] ?? -1;
          }
          previous[row] = last;
          slots[slot] = row;
          for (let step = 0; last !== -1 && step < mostComparisons; step++) {
            if (groups.find(row) !== groups.find(last) && similar(row, last)) {
              groups.join(row, last);
              joins++;
            }
            last = previous[last] ?? -1;
          }
        }
      }
      return joins;
    },
  };
}

/** Fills `minima` with the smallest hash of the text's pieces in each bin; empty bins borrow from the next full one. */
function sign(text: string, minima: Uint32Array): void {
  const empty = 0xffffffff;
  minima.fill(empty);
  const length = Math.min(text.length, longestText);
  const drop = power(31, pieceLength);
  let rolling = 0;
  for (let index = 0; index < length; index++) {
    rolling = (Math.imul(rolling, 31) + unitAt(text, index)) | 0;
    if (index >= pieceLength) rolling = (rolling - Math.imul(unitAt(text, index - pieceLength), drop)) | 0;
    if (index < pieceLength - 1 && index < length - 1) continue;
    const hash = mixBits(rolling) >>> 0;
    const bin = hash >>> 26;
    // The upper bits chose the bin, so the lower ones order within it.
    const value = hash & 0x3ffffff;
    if (value < (minima[bin] ?? empty)) minima[bin] = value;
  }
  const full = minima.findIndex((value) => value !== empty);
  if (full === -1) return;
  // Leftwards around the ring, so that each empty bin finds the next full one to its right; the distance makes the borrowed
  // values differ from one bin to the next.
  let source = full;
  let distance = 0;
  for (let step = 0; step < bins; step++) {
    const bin = (full - step + bins) % bins;
    if (minima[bin] !== empty) {
      source = bin;
      distance = 0;
      continue;
    }
    distance++;
    minima[bin] = mixBits((minima[source] ?? 0) + Math.imul(distance, 0x9e3779b1)) & 0x3ffffff;
  }
}

/** A code unit with all digits alike: amounts, dates and counters do not make texts different. */
function unitAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit >= 48 && unit <= 57 ? 48 : unit;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let step = 0; step < exponent; step++) result = Math.imul(result, base);
  return result;
}
