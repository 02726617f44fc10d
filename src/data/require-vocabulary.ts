import { UserError } from '../artifacts/user-error.js';
import type { Tokenizer } from './tokenizer.js';

/** Throws a `UserError` where a tokenizer gives ids beyond a model's `vocabularySize` embeddings, as another model's may. */
export function requireVocabulary(tokenizer: Tokenizer, vocabularySize: number): void {
  if (tokenizer.vocabularySize <= vocabularySize) return;
  throw new UserError({
    code: 'load-model/vocabulary',
    message: 'the tokenizer does not belong to the model: it has ids that the model has no embedding for',
    found: `${tokenizer.vocabularySize} ids`,
    expected: `at most ${vocabularySize} (vocab_size of config.json)`,
  });
}
