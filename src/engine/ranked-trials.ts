/** Which trials of a sweep are better than which. */
import type { SweepGoal, TrialRecord, TrialRun } from './sweep-record.js';

/**
 * The trials that came to a value, the best first. Those that went further come before all that went less far: values after
 * different budgets cannot be compared. Of equal ones the earlier comes first.
 */
export function rankedTrials(trials: readonly TrialRecord[], goal: SweepGoal): readonly TrialRecord[] {
  const judged = trials.flatMap((trial) => {
    const runs = trial.runs.filter((run) => Number.isFinite(lossOf(run, goal)));
    const last = runs.at(-1);
    return last === undefined ? [] : [{ trial, rungs: runs.length, loss: lossOf(last, goal) }];
  });
  judged.sort((a, b) => b.rungs - a.rungs || a.loss - b.loss || a.trial.number - b.trial.number);
  return judged.map(({ trial }) => trial);
}

/** The smaller the better; infinite for a trial that did not come to a value. */
export function lossOf({ state, value }: TrialRun, { mode }: SweepGoal): number {
  if (state !== 'done' || value === undefined || Number.isNaN(value)) return Number.POSITIVE_INFINITY;
  return mode === 'max' ? -value : value;
}
