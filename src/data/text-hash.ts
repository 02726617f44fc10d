/** Fingerprints of texts, to find equal ones without keeping them. */

/** 64 bits as two signed 32-bit numbers. */
export interface TextHash {
  readonly high: number;
  readonly low: number;
}

/** The form in which texts count as equal: composed, lower case, white space collapsed. */
export function normalizeForComparison(text: string): string {
  const lower = text.normalize('NFC').toLowerCase();
  return (needsCollapsing.test(lower) ? lower.replaceAll(/\s+/g, ' ') : lower).trim();
}

const needsCollapsing = /\s\s|[^\S ]/;

/**
 * A 64-bit hash of a text: two multiplicative streams over UTF-16 code units with MurmurHash3's finalizer (Appleby). Among ten
 * million different texts two collide with a probability of about 3 in a million.
 */
export function hashText(text: string): TextHash {
  let high = 0x2f0b4f5b ^ text.length;
  let low = 0x61c88647;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    high ^= high >>> 15;
    low = Math.imul((low ^ unit) + 0x7f4a7c15, 0x85ebca77);
    low = (low << 13) | (low >>> 19);
  }
  return { high: mixBits(high ^ (low >>> 3)), low: mixBits(low ^ Math.imul(high, 0x27d4eb2f)) };
}

/** MurmurHash3's 32-bit finalizer: every bit of the input changes every bit of the result with probability 1/2. */
export function mixBits(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** Finds the row that first had a hash; 16 to 24 bytes a row. */
export class FirstRows {
  #slots = new Int32Array(1 << 12);
  #high = new Int32Array(1 << 11);
  #low = new Int32Array(1 << 11);
  #rows = new Int32Array(1 << 11);
  #count = 0;

  /** The row that was added with the same hash; adds `row` and gives -1 when there is none. */
  findOrAdd(hash: TextHash, row: number): number {
    const slot = this.#slotOf(hash.high, hash.low);
    const entry = this.#slots[slot] ?? 0;
    if (entry !== 0) return this.#rows[entry - 1] ?? -1;
    if (this.#count === this.#high.length) {
      this.#grow();
      return this.findOrAdd(hash, row);
    }
    this.#high[this.#count] = hash.high;
    this.#low[this.#count] = hash.low;
    this.#rows[this.#count] = row;
    this.#count++;
    this.#slots[slot] = this.#count;
    return -1;
  }

  /** The slot that holds the hash, or the empty one where it belongs. */
  #slotOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    let slot = (low ^ Math.imul(high, 31)) & mask;
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      if (this.#high[entry - 1] === high && this.#low[entry - 1] === low) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const size = this.#high.length * 2;
    this.#high = enlarge(this.#high, size);
    this.#low = enlarge(this.#low, size);
    this.#rows = enlarge(this.#rows, size);
    this.#slots = new Int32Array(size * 2);
    for (let entry = 1; entry <= this.#count; entry++) {
      this.#slots[this.#slotOf(this.#high[entry - 1] ?? 0, this.#low[entry - 1] ?? 0)] = entry;
    }
  }
}

function enlarge(values: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size);
  larger.set(values);
  return larger;
}
