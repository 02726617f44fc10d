/**
 * Learning rate schedules, equal to those of transformers' `get_scheduler`.
 */
import { UserError } from '../artifacts/user-error.js';

/** The shapes of the learning rate after warmup. */
export const scheduleNames = ['linear', 'cosine', 'constant'] as const;

/** How the learning rate goes on after warmup: down to 0 on a line, down to 0 on half a cosine, or level. */
export type ScheduleName = (typeof scheduleNames)[number];

/** What a schedule is made from. */
export interface ScheduleOptions {
  readonly schedule: ScheduleName;
  /** The peak, reached at the end of warmup. */
  readonly learningRate: number;
  /** Updates of the weights in the whole training, at least 1. */
  readonly totalSteps: number;
  /** Updates of rising learning rate at the start, from 0 on a line. */
  readonly warmupSteps: number;
}

/** The learning rate of the update with this index, counted from 0. */
export type Schedule = (step: number) => number;

/**
 * Creates a schedule.
 *
 * As in transformers, the update with index 0 has learning rate 0 when there is warmup.
 */
export function createSchedule({
  schedule,
  learningRate,
  totalSteps,
  warmupSteps,
}: ScheduleOptions): Schedule {
  const afterWarmup = factorAfterWarmup[schedule];
  const remaining = Math.max(1, totalSteps - warmupSteps);
  return (step) =>
    step < warmupSteps
      ? learningRate * (step / Math.max(1, warmupSteps))
      : learningRate * Math.max(0, afterWarmup((step - warmupSteps) / remaining));
}

/**
 * The number of warmup updates that a setting asks for.
 *
 * @param warmup a ratio of the total below 1 (rounded up, as transformers' `warmup_ratio`), or a number of updates.
 * Throws a UserError for a fraction above 1.
 */
export function warmupSteps(warmup: number, totalSteps: number): number {
  if (warmup < 1) return Math.ceil(warmup * totalSteps);
  if (Number.isInteger(warmup)) return warmup;
  throw new UserError({
    code: 'train/warmup',
    message: 'warmup is neither a ratio nor a number of steps.',
    found: String(warmup),
    expected: 'a ratio below 1 (0.1: a tenth of all steps) or a whole number of steps',
  });
}

const factorAfterWarmup: Readonly<Record<ScheduleName, (progress: number) => number>> = {
  linear: (progress) => 1 - progress,
  cosine: (progress) => 0.5 * (1 + Math.cos(Math.PI * progress)),
  constant: () => 1,
};
