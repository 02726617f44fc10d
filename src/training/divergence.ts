/**
 * What is said when a loss stops being a number.
 */
import { UserError } from '../artifacts/user-error.js';
import type { StepFigures } from './checkpoint.js';
import type { TrainingSettings } from './training-options.js';

/** The error of a training whose loss or gradient is NaN or infinite at a step, counted from 1. */
export function diverged(step: number, figures: StepFigures, settings: TrainingSettings): UserError {
  const what = Number.isFinite(figures.loss) ? 'gradient' : 'loss';
  return error(
    `The ${what} is not a finite number any more at step ${step}: training has diverged.`,
    `loss ${figures.loss}, gradient norm ${figures.gradientNorm}, learning rate ${figures.learningRate}`,
    settings,
  );
}

/** The error of an evaluation after a step whose loss is NaN or infinite. */
export function divergedInEvaluation(
  step: number,
  loss: number | undefined,
  settings: TrainingSettings,
): UserError {
  return error(
    `The validation loss is not a finite number any more after step ${step}: training has diverged.`,
    `validation loss ${loss}`,
    settings,
  );
}

function error(message: string, found: string, settings: TrainingSettings): UserError {
  const { learningRate, warmup, maximumGradientNorm } = settings;
  const lower = Number((learningRate / 10).toPrecision(2));
  return new UserError({
    code: 'train/diverged',
    message,
    found,
    expected: 'finite numbers',
    help:
      `Lower learning_rate (now ${learningRate}, try ${lower}), ` +
      `${warmup === 0 ? 'add warmup (0.1)' : 'lengthen warmup'}, ` +
      `${maximumGradientNorm === 0 ? 'switch clipping on (max_gradient_norm: 1)' : 'lower max_gradient_norm'}, ` +
      'and look for broken weights in the model or an ewc strength that is too large. ' +
      'Nothing that finished is lost: the stages before this one are kept.',
  });
}
