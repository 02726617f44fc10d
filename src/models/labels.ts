/** Names of classes in `config.json`: `id2label` and `label2id`. */
import type { JsonFields, JsonRecord } from '../formats/json.js';

/**
 * The labels, in the order of the logits: `id2label`, or LABEL_0 ... for `num_labels` (default 2, as in transformers).
 *
 * Ids that are not 0 .. n-1 are a `UserError`.
 */
export function readLabels(fields: JsonFields): readonly string[] {
  if (fields.raw('id2label') === undefined) {
    return genericLabels(fields.integer('num_labels', { fallback: 2, least: 1 }));
  }
  const byId = fields.fields('id2label');
  return byId.names.map((_, id) => {
    if (byId.raw(String(id)) === undefined)
      throw fields.wrong('id2label', 'labels numbered from 0 without gaps');
    return byId.string(String(id));
  });
}

/** LABEL_0, LABEL_1, ... */
export function genericLabels(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `LABEL_${index}`);
}

/** The fields of `config.json` that name the classes. */
export function labelFields(labels: readonly string[]): JsonRecord {
  return {
    id2label: Object.fromEntries(labels.map((label, id) => [String(id), label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}
