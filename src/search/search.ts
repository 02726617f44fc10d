/** A search: which point is tried with which budget next, given what came of those before. */
import { createRandom } from '../data/random.js';
import { Asha } from './asha.js';
import { gridPoint, gridSize } from './grid.js';
import { randomPoint } from './random-search.js';
import type { Point, Space } from './space.js';
import { type Observation, tpePoint } from './tpe.js';

/** How a space is searched. */
export interface SearchMethod {
  readonly method: 'grid' | 'random' | 'tpe';
  readonly space: Space;
  readonly seed: number;
  /** Trials are begun with little and go on as long as they are good. */
  readonly stopping?: { readonly eta: number; readonly budgets: readonly number[] };
}

/** Something to run. */
export interface Job {
  /** Counts from 1. */
  readonly trial: number;
  readonly point: Point;
  /** From 0; always 0 where nothing is stopped early. */
  readonly rung: number;
  readonly budget?: number;
}

/**
 * Hands out jobs. Several may run at a time; the next one depends on which ones were handed out and on what those came to that
 * have ended, in that order.
 */
export class Search {
  readonly #points: Point[] = [];
  readonly #asha: Asha;
  readonly #budgets: readonly number[];
  #running = 0;

  constructor(
    readonly how: SearchMethod,
    /** How many trials are begun at most. */
    readonly trials: number,
  ) {
    this.#budgets = how.stopping?.budgets ?? [];
    this.#asha = new Asha(Math.max(1, this.#budgets.length), how.stopping?.eta ?? 2);
  }

  /** The same jobs come in the same order, whatever the others come to. */
  get isForetold(): boolean {
    return this.how.method !== 'tpe' && this.#budgets.length <= 1;
  }

  /** The next job; undefined when one that runs has to end first, and when none runs, because the search is over. */
  next(): Job | undefined {
    const promotion = this.#asha.next();
    if (promotion) return this.#job(promotion.trial, promotion.rung);
    const size = this.how.method === 'grid' ? gridSize(this.how.space) : undefined;
    if (this.#points.length < Math.min(this.trials, size ?? Number.POSITIVE_INFINITY)) {
      this.#points.push(this.#propose(this.#points.length));
      return this.#job(this.#points.length, 0);
    }
    const last = this.#running === 0 ? this.#asha.last() : undefined;
    return last && this.#job(last.trial, last.rung);
  }

  /** What came of a job: smaller is better, infinity for a failure. */
  ended({ trial, rung }: Job, loss: number): void {
    this.#running--;
    this.#asha.ended(trial, rung, loss);
  }

  #job(trial: number, rung: number): Job {
    const budget = this.#budgets[rung];
    this.#running++;
    this.#asha.began(trial, rung);
    return { trial, point: this.#points[trial - 1] ?? {}, rung, ...(budget !== undefined && { budget }) };
  }

  /** Trial `index` (from 0). Every trial has a random stream of its own, whatever happened before. */
  #propose(index: number): Point {
    const { method, space, seed } = this.how;
    if (method === 'grid') return gridPoint(space, index);
    const random = createRandom(seed).fork(`trial-${index + 1}`);
    return method === 'random' ? randomPoint(space, random) : tpePoint(space, this.#observations(), random);
  }

  #observations(): readonly Observation[] {
    // Fewer results than this in a high rung say less than many in a low one.
    const least = Object.keys(this.how.space).length + 2;
    const losses = this.#budgets.length > 0 ? this.#asha.observed(least) : this.#asha.observed(0);
    return [...losses]
      .sort(([a], [b]) => a - b)
      .map(([trial, loss]) => ({ point: this.#points[trial - 1] ?? {}, loss }));
  }
}
