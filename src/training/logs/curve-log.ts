/**
 * Where the rows of a curve go while training runs: files for TensorBoard and for tables, an MLflow server.
 *
 * A log is for people to look at. It changes no result, and what goes wrong with it ends no training.
 */
import type { CurveRow } from '../curve.js';

/** How a training ended. */
export type TrainingEnd = 'finished' | 'failed' | 'cancelled';

/** One place that rows go to. Calls return at once; what takes time is done behind them. */
export interface CurveLog {
  /** Begins, with the rows that a training that goes on already has. */
  start(rows: readonly CurveRow[]): void;
  row(row: CurveRow): void;
  /** Ends; resolves when all that was given is where it belongs, or was given up. */
  end(how: TrainingEnd): Promise<void>;
}

/** Several logs as one. A log that fails is reported once and left out from then on. */
export function combineLogs(
  logs: readonly { readonly name: string; readonly log: CurveLog }[],
  onFailure: (message: string) => void,
): CurveLog {
  const failed = new Set<string>();
  const fail = (name: string, error: unknown) => {
    if (failed.has(name)) return;
    failed.add(name);
    const reason = error instanceof Error ? error.message : String(error);
    onFailure(`The training is no longer logged to ${name}: ${reason}.`);
  };
  const each = (act: (log: CurveLog) => void) => {
    for (const { name, log } of logs) {
      if (failed.has(name)) continue;
      try {
        act(log);
      } catch (error) {
        fail(name, error);
      }
    }
  };
  return {
    start: (rows) => each((log) => log.start(rows)),
    row: (row) => each((log) => log.row(row)),
    async end(how) {
      for (const { name, log } of logs) {
        try {
          await log.end(how);
        } catch (error) {
          fail(name, error);
        }
      }
    },
  };
}
