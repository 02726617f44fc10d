/**
 * Which lower part of a model training leaves as it is: below the lowest trained weight nothing changes from one pass over
 * the data to the next, so that it need be computed only once per example.
 */
import type { Architecture, ModelTask, Prefix } from './architecture.js';

/**
 * The longest prefix of which nothing is trained; undefined where not even the embeddings and one layer are frozen.
 *
 * A classifier looks at first tokens only: where the whole encoder is frozen, their rows are the features, and where the
 * pooler is frozen too, what it makes of them.
 *
 * @param trainable names of the weights that are trained.
 */
export function frozenPrefix(
  architecture: Architecture,
  task: ModelTask,
  trainable: readonly string[],
): Prefix | undefined {
  const trained = new Set(trainable);
  const moving = new Set(
    architecture
      .parameters(architecture.partsOf(task))
      .filter(({ name }) => trained.has(name))
      .map(({ group }) => group),
  );
  if (moving.has('embeddings')) return undefined;
  const { layers: all } = architecture.config;
  let layers = 0;
  while (layers < all && !moving.has(`layers.${layers}`)) layers++;
  if (layers === 0) return undefined;
  const onlyFirst = layers === all && task === 'sequence-classification';
  return { layers, rows: onlyFirst ? 'first' : 'all', pooled: onlyFirst && !moving.has('pooler') };
}

/** The names of the weights that a prefix is computed with, in the model's order. */
export function prefixParameters(architecture: Architecture, prefix: Prefix): readonly string[] {
  const layers = Array.from({ length: prefix.layers }, (_, layer) => `layers.${layer}`);
  const groups = new Set(['embeddings', ...layers, ...(prefix.pooled ? ['pooler'] : [])]);
  return architecture
    .parameters(prefix.pooled ? ['pooler'] : [])
    .filter(({ group }) => groups.has(group))
    .map(({ name }) => name);
}
