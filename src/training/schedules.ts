/**
 * Learning rate schedules, equal to those of transformers' `get_scheduler` and, for one cycle, to PyTorch's `OneCycleLR`.
 *
 * A schedule is a factor on the learning rates of all parameter groups: 1 at the peak.
 */
import { UserError } from '../artifacts/user-error.js';

/** The names of the schedules. */
export const scheduleNames = [
  'linear',
  'cosine',
  'cosine-with-restarts',
  'polynomial',
  'constant',
  'inverse-sqrt',
  'warmup-stable-decay',
  'one-cycle',
] as const;

/** How the learning rate goes on after warmup. */
export type ScheduleName = (typeof scheduleNames)[number];

/** What a schedule is made from. */
export interface ScheduleOptions {
  readonly schedule: ScheduleName;
  /** Updates of the weights in the whole training, at least 1. */
  readonly totalSteps: number;
  /** Updates of rising learning rate at the start. */
  readonly warmupSteps: number;
  /** Cosine with restarts: how many times the cosine is run through. Default 1. */
  readonly cycles?: number;
  /** Polynomial: its degree. Default 1. */
  readonly power?: number;
  /** The factor at the end: cosine, polynomial and warmup-stable-decay. Default 0. */
  readonly finalFactor?: number;
  /** Warmup-stable-decay: updates of falling learning rate at the end. Default: a tenth of all. */
  readonly decaySteps?: number;
  /** Warmup-stable-decay: the shape of the fall. Default 'cosine'. */
  readonly decayShape?: DecayShape;
}

/** How warmup-stable-decay falls: half a cosine, a line, or 1 - sqrt(progress) (Hägele et al. 2024). */
export type DecayShape = 'cosine' | 'linear' | '1-sqrt';

/** The factor of the update with this index, counted from 0. */
export type Schedule = (step: number) => number;

/**
 * Creates a schedule.
 *
 * As in transformers, the update with index 0 has factor 0 when there is warmup; a one-cycle schedule begins at 1/25.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { totalSteps, warmupSteps: warmup } = options;
  if (options.schedule === 'one-cycle') return oneCycle(totalSteps, warmup);
  const falling = afterWarmup[options.schedule](options);
  // transformers' warmup-stable-decay rises from where it falls to in the end; the others rise from 0.
  const first = options.schedule === 'warmup-stable-decay' ? (options.finalFactor ?? 0) : 0;
  return (step) =>
    step < warmup ? first + (1 - first) * (step / Math.max(1, warmup)) : Math.max(0, falling(step));
}

/**
 * Whether the factor of a step is the same however long the training is, so that a longer training goes through the
 * states of a shorter one.
 *
 * @param warmup as in `warmupSteps`: a ratio is one of the whole.
 */
export function isIndependentOfLength(schedule: ScheduleName, warmup: number): boolean {
  const isNumberOfSteps = warmup === 0 || warmup >= 1;
  return (schedule === 'constant' || schedule === 'inverse-sqrt') && isNumberOfSteps;
}

/**
 * The number of updates that a setting asks for.
 *
 * @param setting a ratio of the total below 1 (rounded up, as transformers' `warmup_ratio`), or a number of updates.
 * Throws a UserError for a fraction above 1.
 */
export function stepsOf(setting: number, totalSteps: number, name: 'warmup' | 'decay' = 'warmup'): number {
  if (setting < 1) return Math.ceil(setting * totalSteps);
  if (Number.isInteger(setting)) return setting;
  throw new UserError({
    code: name === 'warmup' ? 'train/warmup' : 'train/decay',
    message: `${name} is neither a ratio nor a number of steps.`,
    found: String(setting),
    expected: 'a ratio below 1 (0.1: a tenth of all steps) or a whole number of steps',
  });
}

/** `get_inverse_sqrt_schedule`: without warmup the rate falls as if it had this one. */
const DEFAULT_TIMESCALE = 10_000;

/** A tenth of all steps falls in warmup-stable-decay, as in MiniCPM (Hu et al. 2024), which introduced it. */
const DEFAULT_DECAY_RATIO = 0.1;

const afterWarmup: Readonly<
  Record<Exclude<ScheduleName, 'one-cycle'>, (options: ScheduleOptions) => Schedule>
> = {
  linear: (options) => (step) => 1 - progressOf(step, options),
  cosine: (options) => {
    const { finalFactor = 0 } = options;
    return (step) => halfCosine(progressOf(step, options)) * (1 - finalFactor) + finalFactor;
  },
  'cosine-with-restarts': (options) => (step) => {
    const progress = progressOf(step, options);
    return progress >= 1 ? 0 : halfCosine(((options.cycles ?? 1) * progress) % 1);
  },
  polynomial: (options) => {
    const { power = 1, finalFactor = 0, totalSteps } = options;
    return (step) =>
      step > totalSteps
        ? finalFactor
        : (1 - finalFactor) * (1 - progressOf(step, options)) ** power + finalFactor;
  },
  constant: () => () => 1,
  'inverse-sqrt': ({ warmupSteps: warmup }) => {
    const timescale = warmup || DEFAULT_TIMESCALE;
    return (step) => 1 / Math.sqrt((step + timescale - warmup) / timescale);
  },
  'warmup-stable-decay': (options) => {
    const { totalSteps, finalFactor = 0, decayShape = 'cosine' } = options;
    const decaySteps = options.decaySteps ?? Math.ceil(DEFAULT_DECAY_RATIO * totalSteps);
    const start = totalSteps - decaySteps;
    const fall = decayShapes[decayShape];
    return (step) => {
      if (step < start) return 1;
      if (step >= totalSteps) return finalFactor;
      return fall((step - start) / Math.max(1, decaySteps)) * (1 - finalFactor) + finalFactor;
    };
  },
};

const decayShapes: Readonly<Record<DecayShape, (progress: number) => number>> = {
  cosine: halfCosine,
  linear: (progress) => 1 - progress,
  '1-sqrt': (progress) => 1 - Math.sqrt(progress),
};

/** Smith and Topin, "Super-convergence", 2018: up and down on half cosines, with PyTorch's start and end. */
function oneCycle(totalSteps: number, rising: number): Schedule {
  const start = 1 / 25;
  const end = start / 1e4;
  // PyTorch counts the phases by the index of their last step.
  const peak = rising - 1;
  const last = totalSteps - 1;
  const between = (from: number, to: number, progress: number) => to + (from - to) * halfCosine(progress);
  return (step) =>
    step <= peak || last <= peak
      ? between(start, 1, peak <= 0 ? 1 : Math.min(1, step / peak))
      : between(1, end, Math.min(1, (step - peak) / (last - peak)));
}

/** From 1 down to 0. */
function halfCosine(progress: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * progress));
}

function progressOf(step: number, { totalSteps, warmupSteps: warmup }: ScheduleOptions): number {
  return (step - warmup) / Math.max(1, totalSteps - warmup);
}
