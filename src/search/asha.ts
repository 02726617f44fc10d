/**
 * Asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020, algorithm 2).
 *
 * Every trial begins with the smallest budget. Of those that ended a rung, the best 1/eta may go on to the next one, which
 * has eta times the budget; whoever may goes on before a new trial begins. Which job is next depends on the results so far
 * alone, so a sweep with more trials goes the same way for longer.
 */

/** The budgets of the rungs: from the minimum, times eta, to the maximum, which is the last. Whole if both ends are. */
export function ashaBudgets(minimum: number, maximum: number, eta: number): readonly number[] {
  const budgets: number[] = [];
  const isWhole = Number.isInteger(minimum) && Number.isInteger(maximum);
  for (let budget = minimum; budget < maximum; budget *= eta) {
    budgets.push(isWhole ? Math.round(budget) : budget);
  }
  return [...new Set(budgets.filter((budget) => budget < maximum)), maximum];
}

/** A trial that goes on. */
export interface Promotion {
  readonly trial: number;
  /** The rung to run it in, from 0. */
  readonly rung: number;
}

/** The state of a search with early stopping. */
export class Asha {
  /** Trial -> loss, for every rung. */
  readonly #rungs: readonly Map<number, number>[];
  /** The trials that were begun in every rung, ended or not. */
  readonly #begun: readonly Set<number>[];

  constructor(
    rungs: number,
    readonly eta: number,
  ) {
    this.#rungs = Array.from({ length: rungs }, () => new Map<number, number>());
    this.#begun = Array.from({ length: rungs }, () => new Set<number>());
  }

  /** A trial begins a rung. */
  began(trial: number, rung: number): void {
    this.#begun[rung]?.add(trial);
  }

  /** A trial ended a rung; infinity when it failed. */
  ended(trial: number, rung: number, loss: number): void {
    this.began(trial, rung);
    this.#rungs[rung]?.set(trial, loss);
  }

  /** The trial that may go on, the one nearest to the end first; undefined when it is time for a new one. */
  next(): Promotion | undefined {
    for (let rung = this.#rungs.length - 2; rung >= 0; rung--) {
      const results = this.#rungs[rung];
      const above = this.#begun[rung + 1];
      if (!results || !above) continue;
      const best = ranked(results).slice(0, Math.floor(results.size / this.eta));
      const next = best.find((trial) => !above.has(trial));
      if (next !== undefined) return { trial: next, rung: rung + 1 };
    }
    return undefined;
  }

  /** Where the search ends and nothing runs: the best of the highest rung that was reached goes on, unless it has the whole budget. */
  last(): Promotion | undefined {
    for (let rung = this.#rungs.length - 1; rung >= 0; rung--) {
      const above = this.#rungs[rung + 1];
      const trials = ranked(this.#rungs[rung] ?? new Map());
      if (trials.length > 0 && !above) return undefined;
      // Who failed above is not tried there again.
      const trial = trials.find((one) => !above?.has(one));
      if (trial !== undefined) return { trial, rung: rung + 1 };
    }
    return undefined;
  }

  /** The losses of the highest rung that has at least this many, and of the lowest otherwise: what a model is fitted to. */
  observed(least: number): ReadonlyMap<number, number> {
    return [...this.#rungs].reverse().find(({ size }) => size >= least) ?? this.#rungs[0] ?? new Map();
  }
}

/** Trials that did not fail, the best first, earlier ones first among equals. */
function ranked(results: ReadonlyMap<number, number>): readonly number[] {
  return [...results]
    .filter(([, loss]) => Number.isFinite(loss))
    .sort(([trialA, a], [trialB, b]) => a - b || trialA - trialB)
    .map(([trial]) => trial);
}
