/**
 * A stage for this repository's own recipes: what a teacher makes of each text, as targets for a student.
 *
 * The teacher's last hidden states are averaged over the tokens and brought to length 1, as sentence-transformers does
 * (Reimers and Gurevych, "Sentence-BERT", 2019); then the mean of all texts is taken away and the directions of largest
 * variance are kept, as many as the student has features.
 */
import {
  createPredictor,
  createRandom,
  defineStage,
  loadModel,
  openRuntime,
  openTokens,
  readTokens,
  type SplitName,
  splitNames,
  Type,
  writeEmbeddings,
} from 'roux';
import { principalDirections } from './eigenvectors.js';

export default defineStage({
  type: 'sentence-embeddings',
  version: 1,
  summary: "A teacher's embedding of every text, in its directions of largest variance",
  settings: Type.Object({
    size: Type.Integer({ minimum: 1, description: "Numbers of one embedding; the student's hidden size." }),
  }),
  inputs: {
    teacher: { kind: 'model', description: 'A sentence encoder: BERT with mean pooling.' },
    tokens: { kind: 'tokens', description: "Texts in the teacher's tokens." },
  },
  outputs: { embeddings: { kind: 'embeddings', description: 'One vector per text.' } },
  tensors: true,
  threads: 'all',
  async run({ settings, inputs, outputs, runtime: choice, signal, progress }) {
    const { model } = await loadModel(inputs.teacher.path, { random: createRandom(0) });
    const runtime = await openRuntime(choice.name, { threads: choice.threads });
    const encoder = createPredictor(model, runtime);
    try {
      const tokens = await openTokens(inputs.tokens.path);
      const { hiddenSize } = model.architecture.config;
      const embedded: Partial<Record<SplitName, Float32Array>> = {};
      for (const split of splitNames) {
        if (tokens.splits[split] === undefined) continue;
        const { examples, offsets, inputIds } = await readTokens(tokens, split);
        const sequences = Array.from({ length: examples }, (_, example) => ({
          inputIds: inputIds.subarray(offsets[example], offsets[example + 1]),
        }));
        const vectors = await encoder.meanStates(sequences, {
          signal,
          onProgress: (done, total) => progress({ done, total, unit: 'texts' }),
        });
        embedded[split] = unitRows(vectors, hiddenSize);
      }
      const train = embedded.train ?? new Float32Array();
      const mean = meanRow(train, hiddenSize);
      const { directions, share } = leadingDirections(train, mean, hiddenSize, settings.size);
      const projected = Object.entries(embedded).map(([split, rows]) => [
        split,
        project(rows, mean, directions, hiddenSize, settings.size),
      ]);
      await writeEmbeddings(outputs.embeddings.path, settings.size, Object.fromEntries(projected));
      const count = train.length / hiddenSize;
      return {
        metrics: { texts: count, variance_share: share },
        summary: `${count.toLocaleString('en')} texts, ${(100 * share).toFixed(1)} % of the variance kept`,
      };
    } finally {
      encoder.dispose();
      await runtime.dispose();
    }
  },
});

/** Vectors of length 1, one after the other. */
function unitRows(vectors: readonly Float32Array[], size: number): Float32Array {
  const rows = new Float32Array(vectors.length * size);
  vectors.forEach((vector, row) => {
    const length = Math.hypot(...vector);
    rows.set(
      vector.map((value) => value / length),
      row * size,
    );
  });
  return rows;
}

function meanRow(rows: Float32Array, size: number): Float64Array {
  const mean = new Float64Array(size);
  const count = rows.length / size;
  for (let index = 0; index < rows.length; index++) {
    mean[index % size] = (mean[index % size] ?? 0) + (rows[index] ?? 0) / count;
  }
  return mean;
}

/** The directions of largest variance, [count, size], and their share of all variance. */
function leadingDirections(rows: Float32Array, mean: Float64Array, size: number, count: number) {
  const covariance = new Float64Array(size * size);
  for (let start = 0; start < rows.length; start += size) {
    for (let first = 0; first < size; first++) {
      const value = (rows[start + first] ?? 0) - (mean[first] ?? 0);
      for (let second = 0; second < size; second++) {
        covariance[first * size + second] =
          (covariance[first * size + second] ?? 0) +
          value * ((rows[start + second] ?? 0) - (mean[second] ?? 0));
      }
    }
  }
  const directions = principalDirections(covariance, size, count);
  let total = 0;
  for (let index = 0; index < size; index++) total += covariance[index * size + index] ?? 0;
  let kept = 0;
  for (let row = 0; row < count; row++) {
    for (let first = 0; first < size; first++) {
      for (let second = 0; second < size; second++) {
        kept +=
          (directions[row * size + first] ?? 0) *
          (covariance[first * size + second] ?? 0) *
          (directions[row * size + second] ?? 0);
      }
    }
  }
  return { directions, share: total === 0 ? 1 : kept / total };
}

/** The coordinates of each row, without the mean, along the directions: [rows, count]. */
function project(
  rows: Float32Array,
  mean: Float64Array,
  directions: Float32Array,
  size: number,
  count: number,
): Float32Array {
  const examples = rows.length / size;
  const projected = new Float32Array(examples * count);
  for (let row = 0; row < examples; row++) {
    for (let direction = 0; direction < count; direction++) {
      let sum = 0;
      for (let index = 0; index < size; index++) {
        sum +=
          ((rows[row * size + index] ?? 0) - (mean[index] ?? 0)) *
          (directions[direction * size + index] ?? 0);
      }
      projected[row * count + direction] = sum;
    }
  }
  return projected;
}
