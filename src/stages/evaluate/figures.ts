/**
 * Figures of a masked language model as metrics: a perplexity that no number can hold is not defined.
 *
 * Throws a `UserError` when the loss is not finite.
 */
import { UserError } from '../../artifacts/user-error.js';
import type { EvaluationMetrics } from '../../training/objective.js';

/** Replaces figures that JSON cannot hold by null; a loss must be finite. */
export function languageModelFigures(figures: EvaluationMetrics): Readonly<Record<string, number | null>> {
  if (!Number.isFinite(figures.loss)) {
    throw new UserError({
      code: 'evaluate/not-finite',
      message: 'The loss of the model is not finite.',
      found: String(figures.loss),
      help: 'The model gives values that are not finite: training diverged. Try a smaller learning rate.',
    });
  }
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number.isFinite(value) ? value : null]),
  );
}
