/** What colours a stage: what the best of its outputs is good for, by the kinds of artifacts. */

/** The family of every kind that roux knows. */
const families: Readonly<Record<string, StageFamily>> = {
  dataset: 'data',
  tokens: 'data',
  tokenizer: 'data',
  model: 'model',
  penalty: 'model',
  curve: 'measure',
  metrics: 'measure',
  predictions: 'measure',
  export: 'product',
  report: 'product',
};

/** A training makes a model and a curve: what counts most comes first. */
const familyOrder = ['product', 'model', 'data', 'measure'] as const;

/** A colour on the page. */
export type StageFamily = (typeof familyOrder)[number] | 'other';

/** The family of a stage by the kinds of what it makes. */
export function familyOfKinds(kinds: readonly string[]): StageFamily {
  const made = kinds.map((kind) => families[kind]);
  return familyOrder.find((family) => made.includes(family)) ?? 'other';
}
