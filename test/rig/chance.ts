/** Chance that a seed decides, so that what went wrong can be done again. */
export class Chance {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed;
  }

  /** From 0 to 1. */
  number(): number {
    this.state = (this.state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.state / 2_147_483_648;
  }

  /** One of them. Throws when there is none. */
  of<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.number() * items.length)];
    if (item === undefined) throw new Error('There is nothing to choose from');
    return item;
  }
}
