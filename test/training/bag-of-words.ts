/**
 * The smallest classifier that trains like a real one: the mean of word vectors, dropout, a linear head. For tests of the
 * loop, which must not take the time of a transformer.
 */
import * as tf from '@tensorflow/tfjs';
import type { TokenSplit } from '../../src/artifacts/tokens.js';
import { createRandom } from '../../src/data/random.js';
import { randomMask } from '../../src/runtime/random-mask.js';
import type { NamedHostTensors } from '../../src/runtime/runtime.js';
import {
  type ClassifierLogits,
  classificationData,
  sequenceClassification,
} from '../../src/training/objectives/sequence-classification.js';
import { float32 } from './fixtures.js';

export const vocabulary = 24;
const width = 6;
export const labels = 3;
const keep = 0.8;

export const logits: ClassifierLogits = (inputs, weights, { training }) => {
  const table = weights['embeddings.weight'] as tf.Tensor2D;
  const mask = (inputs.attention_mask as tf.Tensor2D).toFloat().expandDims(2);
  const vectors = tf.gather(table, inputs.input_ids as tf.Tensor2D).mul(mask);
  let mean = vectors.sum(1).div(mask.sum(1));
  if (training) mean = mean.mul(randomMask(mean.shape, keep)).div(keep);
  const scores = tf.matMul(mean as tf.Tensor2D, weights['classifier.weight'] as tf.Tensor2D, false, true);
  return scores.add(weights['classifier.bias'] as tf.Tensor1D) as tf.Tensor2D;
};

export const trainable = ['embeddings.weight', 'classifier.weight', 'classifier.bias'];

export function startWeights(seed = 1): NamedHostTensors {
  const random = createRandom(seed);
  const normal = (length: number) => Array.from({ length }, () => random.normal() * 0.3);
  return {
    'embeddings.weight': float32([vocabulary, width], normal(vocabulary * width)),
    'classifier.weight': float32([labels, width], normal(labels * width)),
    'classifier.bias': float32([labels], normal(labels)),
  };
}

/** Texts of 2 to 20 words; the label decides from which third of the vocabulary most of them come. */
export function examples(count: number, seed = 2): TokenSplit {
  const random = createRandom(seed);
  const ids: number[] = [];
  const offsets = [0];
  const given: number[] = [];
  for (let example = 0; example < count; example++) {
    const label = random.integer(labels);
    const length = 2 + random.integer(19);
    for (let word = 0; word < length; word++) {
      const third = random.next() < 0.6 ? label : random.integer(labels);
      ids.push(third * (vocabulary / labels) + random.integer(vocabulary / labels));
    }
    offsets.push(ids.length);
    given.push(label);
  }
  return {
    split: 'train',
    examples: count,
    inputIds: Int32Array.from(ids),
    tokenTypeIds: new Uint8Array(ids.length),
    offsets: Int32Array.from(offsets),
    labels: Int32Array.from(given),
    rows: Int32Array.from({ length: count }, (_, row) => row),
  };
}

export const objective = sequenceClassification({ logits, labels });

export function data(split: TokenSplit) {
  return classificationData(split, { labels, paddingId: 0 });
}
