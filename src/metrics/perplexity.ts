/**
 * Language-model losses: from sums over batches to a mean loss and a perplexity.
 */
import { UserError } from '../artifacts/user-error.js';

/** What one batch contributes. */
export interface TokenLossBatch {
  /** The sum of the cross-entropies of its predicted tokens, in nats. */
  readonly lossSum: number;
  /** How many tokens were predicted (for masked language modelling: masked). */
  readonly tokens: number;
  /** How many of them were predicted right, where that is known. */
  readonly correct?: number;
}

/** A language model's loss on a set of texts. */
export interface LanguageModelLoss {
  /** Mean cross-entropy per predicted token, in nats. */
  readonly loss: number;
  /** exp(loss); for masked language modelling a pseudo-perplexity over the masked tokens. Null beyond float64's range. */
  readonly perplexity: number | null;
  /** The share of predicted tokens that were right; null when a batch did not say. */
  readonly accuracy: number | null;
  /** How many tokens the mean is taken over. */
  readonly tokens: number;
}

/**
 * The mean loss per token over batches of different sizes: every token counts the same, whatever its batch.
 *
 * Summation is compensated (Neumaier 1974), so that the order of batches does not show. Throws a `UserError` when no token
 * was predicted or a loss is not finite.
 */
export function aggregateTokenLosses(batches: Iterable<TokenLossBatch>): LanguageModelLoss {
  let sum = 0;
  let compensation = 0;
  let tokens = 0;
  let correct: number | null = 0;
  for (const batch of batches) {
    if (!Number.isFinite(batch.lossSum)) {
      throw new UserError({
        code: 'metrics/loss-not-finite',
        message: 'The language-model loss is not finite.',
        found: String(batch.lossSum),
        help: 'The model gives values that are not finite: training diverged. Try a smaller learning rate.',
      });
    }
    const next = sum + batch.lossSum;
    compensation +=
      Math.abs(sum) >= Math.abs(batch.lossSum) ? sum - next + batch.lossSum : batch.lossSum - next + sum;
    sum = next;
    tokens += batch.tokens;
    correct = correct === null || batch.correct === undefined ? null : correct + batch.correct;
  }
  if (tokens === 0) {
    throw new UserError({
      code: 'metrics/no-tokens',
      message: 'There is no token whose loss could be measured.',
      found: '0 predicted tokens',
      help: 'Check the split, the limit and the masking probability.',
    });
  }
  const loss = (sum + compensation) / tokens;
  const perplexity = Math.exp(loss);
  return {
    loss,
    perplexity: Number.isFinite(perplexity) ? perplexity : null,
    accuracy: correct === null ? null : correct / tokens,
    tokens,
  };
}
