/**
 * A stage for this repository's own recipes: starts a masked language model from what words stand next to each other.
 *
 * A BERT from random weights spends its first tens of millions of tokens on finding out how frequent words are and which
 * ones go together. Both can be counted. The word embeddings become the leading eigenvectors of the matrix of positive
 * pointwise mutual information (Levy, Goldberg and Dagan, "Improving distributional similarity with lessons learned from
 * word embeddings", 2015), and the bias of the masked-language head the logarithm of each word's frequency.
 */
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  defineStage,
  openSafetensors,
  openTokens,
  readTokens,
  type StoredTensor,
  Type,
  toFloat32,
  writeSafetensors,
} from 'roux';
import { leadingEigenvectors, type SparseSymmetric } from './eigenvectors.js';

const wordEmbeddings = 'bert.embeddings.word_embeddings.weight';
const headBias = 'cls.predictions.bias';

/** Exponent on the counts of words: rare words get less of the mutual information that they owe to chance. */
const smoothing = 0.875;

export default defineStage({
  type: 'word-vectors',
  version: 1,
  summary: 'Starts the embeddings of a fresh model from word co-occurrence',
  settings: Type.Object({
    window: Type.Integer({ default: 5, minimum: 1, maximum: 50, description: 'Words to each side.' }),
    scale: Type.Number({
      default: 0.04,
      exclusiveMinimum: 0,
      description: 'Root mean square of the embeddings; random ones have 0.02.',
    }),
  }),
  inputs: {
    model: { kind: 'model', description: 'A fresh masked language model.' },
    tokens: { kind: 'tokens', description: 'Text to count in.' },
  },
  outputs: { model: { kind: 'model', description: 'The same model with other embeddings.' } },
  seeded: true,
  async run({ settings, inputs, outputs, seed, signal }) {
    const tokens = await openTokens(inputs.tokens.path);
    const { inputIds, offsets } = await readTokens(tokens, 'train');
    const special = new Set(Object.values(tokens.specialTokens));
    const file = await openSafetensors(join(inputs.model.path, 'model.safetensors'));
    const tensors: Record<string, StoredTensor> = {};
    for (const name of file.entries.keys()) tensors[name] = await file.read(name);
    await file.close();
    const before = tensors[wordEmbeddings];
    const [vocabulary = 0, size = 0] = before?.shape ?? [];
    if (before === undefined) throw new Error(`the model has no tensor ${wordEmbeddings}`);

    const counts = countNeighbours(inputIds, offsets, special, vocabulary, settings.window);
    signal.throwIfAborted();
    const vectors = leadingEigenvectors(mutualInformation(counts, vocabulary), size, seed);
    signal.throwIfAborted();
    const embeddings = toFloat32(before, wordEmbeddings).slice();
    replaceRows(embeddings, vectors, size, special, settings.scale);
    tensors[wordEmbeddings] = { dtype: 'F32', shape: before.shape, data: embeddings };
    tensors[headBias] = {
      dtype: 'F32',
      shape: [vocabulary],
      data: logFrequencies(inputIds, special, vocabulary),
    };

    for (const name of await readdir(inputs.model.path)) {
      if (name !== 'model.safetensors')
        await copyFile(join(inputs.model.path, name), join(outputs.model.path, name));
    }
    await writeSafetensors(join(outputs.model.path, 'model.safetensors'), tensors, { format: 'pt' });
    return { summary: `${vocabulary} word vectors of ${size} from ${inputIds.length} tokens` };
  },
});

/** How often two words stand within the window, nearer ones counting more (1 / distance): [vocabulary x vocabulary]. */
function countNeighbours(
  ids: Int32Array,
  offsets: Int32Array,
  special: ReadonlySet<number | null>,
  vocabulary: number,
  window: number,
): Float32Array {
  const counts = new Float32Array(vocabulary * vocabulary);
  for (let example = 0; example + 1 < offsets.length; example++) {
    const words = ids.subarray(offsets[example], offsets[example + 1]).filter((id) => !special.has(id));
    for (const [position, word] of words.entries()) {
      for (let distance = 1; distance <= window && position + distance < words.length; distance++) {
        const other = words[position + distance] ?? 0;
        counts[word * vocabulary + other] = (counts[word * vocabulary + other] ?? 0) + 1 / distance;
        counts[other * vocabulary + word] = (counts[other * vocabulary + word] ?? 0) + 1 / distance;
      }
    }
  }
  return counts;
}

/** max(0, log(p(a, b) / (q(a) q(b)))) with smoothed q, where the words were seen together at all. */
function mutualInformation(counts: Float32Array, vocabulary: number): SparseSymmetric {
  const sums = new Float64Array(vocabulary);
  for (let row = 0; row < vocabulary; row++) {
    let sum = 0;
    for (let column = 0; column < vocabulary; column++) sum += counts[row * vocabulary + column] ?? 0;
    sums[row] = sum;
  }
  const total = sums.reduce((sum, value) => sum + value, 0);
  const smoothed = sums.map((sum) => sum ** smoothing);
  const smoothedTotal = smoothed.reduce((sum, value) => sum + value, 0);
  const logs = smoothed.map((value) => Math.log(value / smoothedTotal));
  const rows: Int32Array = new Int32Array(vocabulary + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (let row = 0; row < vocabulary; row++) {
    for (let column = 0; column < vocabulary; column++) {
      const count = counts[row * vocabulary + column] ?? 0;
      if (count === 0) continue;
      const information = Math.log(count / total) - (logs[row] ?? 0) - (logs[column] ?? 0);
      if (information <= 0) continue;
      columns.push(column);
      values.push(information);
    }
    rows[row + 1] = columns.length;
  }
  return { size: vocabulary, rows, columns: Int32Array.from(columns), values: Float32Array.from(values) };
}

/** Centred vectors of equal length in place of the random ones; special tokens keep theirs. */
function replaceRows(
  embeddings: Float32Array,
  vectors: Float32Array,
  size: number,
  special: ReadonlySet<number | null>,
  scale: number,
): void {
  const vocabulary = embeddings.length / size;
  const mean = new Float64Array(size);
  for (const [index, value] of vectors.entries()) {
    mean[index % size] = (mean[index % size] ?? 0) + value / vocabulary;
  }
  for (let word = 0; word < vocabulary; word++) {
    if (special.has(word)) continue;
    const row = Float64Array.from(
      vectors.subarray(word * size, (word + 1) * size),
      (value, index) => value - (mean[index] ?? 0),
    );
    const norm = Math.hypot(...row);
    if (norm === 0) continue;
    for (const [index, value] of row.entries()) {
      embeddings[word * size + index] = (value / norm) * scale * Math.sqrt(size);
    }
  }
}

/** log((count + 1) / tokens), shifted to mean 0. */
function logFrequencies(
  ids: Int32Array,
  special: ReadonlySet<number | null>,
  vocabulary: number,
): Float32Array {
  const counts = new Float64Array(vocabulary).fill(1);
  for (const id of ids) if (!special.has(id)) counts[id] = (counts[id] ?? 0) + 1;
  const logs = counts.map((count) => Math.log(count));
  const mean = logs.reduce((sum, value) => sum + value, 0) / vocabulary;
  return Float32Array.from(logs, (value) => value - mean);
}
