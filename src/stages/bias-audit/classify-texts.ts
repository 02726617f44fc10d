/**
 * A model as a function from texts to probabilities.
 */
import type { Tokenizer } from '../../data/tokenizer.js';
import type { AuditText } from '../../fairness/audit-swaps.js';
import type { Classify } from '../../fairness/bias-audit.js';
import type { PredictOptions, Predictor } from '../../models/predict.js';

/** Classifies texts, each cut off at `maxLength` tokens; texts with the same tokens go through the model once. */
export function textClassifier(
  predictor: Predictor,
  tokenizer: Tokenizer,
  { maxLength, ...options }: PredictOptions & { readonly maxLength: number },
): Classify {
  return async (texts) => {
    const encodings = texts.map(({ text, textPair }: AuditText) =>
      tokenizer.encode(text, textPair, { maxLength }),
    );
    const positions = new Map<string, number>();
    const positionOf = encodings.map(({ inputIds, tokenTypeIds }) => {
      const key = `${inputIds.join()}/${tokenTypeIds.join()}`;
      const position = positions.get(key) ?? positions.size;
      positions.set(key, position);
      return position;
    });
    const distinct = Array.from({ length: positions.size }, (_, position) => positionOf.indexOf(position));
    const probabilities = await predictor.probabilities(
      distinct.flatMap((index) => encodings[index] ?? []),
      options,
    );
    return positionOf.map((position) => probabilities[position] ?? new Float32Array());
  };
}
