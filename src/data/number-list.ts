/** Lists of 32-bit whole numbers that grow, at 4 bytes each, for figures per row of data sets with millions of rows. */

/** A list of signed 32-bit integers. */
export class NumberList {
  #values = new Int32Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Int32Array(Math.ceil(this.#length * 1.5));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** The value at an index below `length`. */
  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** The values so far, not copied; valid until the next push. */
  values(): Int32Array {
    return this.#values.subarray(0, this.#length);
  }
}
