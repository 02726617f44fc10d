/** The forward pass of a classifier, one part a layer. */
import type * as tf from '@tensorflow/tfjs';
import type { Architecture, EncoderInputs, Prefix, PrefixFeatures } from '../../models/architecture.js';
import type { NamedTensors } from '../../runtime/runtime.js';
import type { ForwardParts } from '../objective.js';

/**
 * The parts of a classifier: each is a layer; the first begins with the embeddings or with a frozen prefix, the last ends with
 * the head. Undefined where fewer than two layers are left.
 *
 * @param frozen the prefix that does not change.
 * @param inputsOf what the layers above it start from.
 */
export function classifierParts(
  architecture: Architecture,
  frozen: Prefix | undefined,
  inputsOf: (inputs: NamedTensors, weights: NamedTensors) => EncoderInputs | PrefixFeatures,
): ForwardParts | undefined {
  const { layers, hiddenSize } = architecture.config;
  const first = frozen?.layers ?? 0;
  const count = layers - first;
  if (count < 2) return undefined;
  const options = { training: true };
  const below = (part: number): Prefix => ({ layers: first + part, rows: 'all', pooled: false });
  const parameters = architecture.parameters(architecture.partsOf('sequence-classification'));
  const partOf = (group: string) => {
    const layer = /^layers\.(\d+)$/.exec(group)?.[1];
    if (layer !== undefined) return Math.max(0, Number(layer) - first);
    return group === 'embeddings' ? 0 : count - 1;
  };
  /** A part above the first one starts from features. */
  const from = (
    part: number,
    features: tf.Tensor2D | undefined,
    inputs: NamedTensors,
    weights: NamedTensors,
  ) =>
    features === undefined
      ? inputsOf(inputs, weights)
      : { prefix: below(part), features, attentionMask: inputs.attention_mask as tf.Tensor2D };
  return {
    width: hiddenSize,
    parameters: Array.from({ length: count }, (_, part) =>
      parameters.filter(({ group }) => partOf(group) === part).map(({ name }) => name),
    ),
    features: (part, features, inputs, weights) =>
      architecture.prefixFeatures(weights, from(part, features, inputs, weights), below(part + 1), options),
    logits: (features, inputs, weights) =>
      architecture.classify(weights, from(count - 1, features, inputs, weights), options),
  };
}
