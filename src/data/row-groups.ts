/** Groups of rows that belong together: a union-find over row numbers (Tarjan 1975). */

/** Groups over the rows 0 to `size` - 1; at first every row is a group of its own. */
export class RowGroups {
  readonly #parents: Int32Array;

  constructor(size: number) {
    this.#parents = new Int32Array(size);
    for (let row = 0; row < size; row++) this.#parents[row] = row;
  }

  /** The smallest row of the group that the row is in. */
  find(row: number): number {
    const parents = this.#parents;
    let current = row;
    for (let parent = parents[current] ?? current; parent !== current; parent = parents[current] ?? current) {
      const grandparent = parents[parent] ?? parent;
      parents[current] = grandparent;
      current = grandparent;
    }
    return current;
  }

  /** Joins the groups of two rows. */
  join(first: number, second: number): void {
    const one = this.find(first);
    const other = this.find(second);
    this.#parents[Math.max(one, other)] = Math.min(one, other);
  }
}
