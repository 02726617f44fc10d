/**
 * What is said when a loss stops being a number.
 */
import { UserError } from '../artifacts/user-error.js';
import type { StepFigures } from './checkpoint.js';
import type { OptimizerName } from './optimizers/index.js';
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

/**
 * Rates at which pre-trained encoders are fine-tuned: nothing larger is suggested. AdamW: Devlin et al. 2019, appendix A.3; Lion: a tenth
 * of it, Chen et al. 2023, section 5; Adafactor with a rate of its own and plain SGD: a usual one, larger as their steps are.
 */
const usualLearningRates: Readonly<Record<OptimizerName, number>> = {
  adamw: 5e-5,
  adafactor: 1e-3,
  sgd: 1e-2,
  lion: 5e-6,
};

function error(message: string, found: string, settings: TrainingSettings): UserError {
  const { learningRate, optimizer, warmup, maximumGradientNorm } = settings;
  const lower = Math.min(Number((learningRate / 10).toPrecision(2)), usualLearningRates[optimizer.name]);
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
