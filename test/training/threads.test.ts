import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { TokenSplit } from '../../src/artifacts/tokens.js';
import { createRandom } from '../../src/data/random.js';
import { JsonFields } from '../../src/formats/json.js';
import { bertConfigFields } from '../../src/models/bert-config.js';
import { createModel } from '../../src/models/model.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import { createObjective } from '../../src/training/objectives/index.js';
import { classificationData } from '../../src/training/objectives/sequence-classification.js';
import { train } from '../../src/training/trainer.js';

const vocabularySize = 200;
const length = 48;

/** Large enough that sums are divided among threads. */
const model = createModel(
  new JsonFields(
    bertConfigFields({
      vocab_size: vocabularySize,
      pad_token_id: 0,
      num_hidden_layers: 2,
      hidden_size: 128,
      num_attention_heads: 4,
      intermediate_size: 512,
      max_position_embeddings: 64,
    }),
    'config.json',
  ),
  { task: 'sequence-classification', labels: ['a', 'b'], random: createRandom(1), tokenizer: null },
);

/** Sequences in which the same few tokens come again and again, whose gradients are added up. */
function tokens(examples: number): TokenSplit {
  const random = createRandom(2);
  return {
    split: 'train',
    examples,
    inputIds: Int32Array.from({ length: examples * length }, () => random.integer(20)),
    tokenTypeIds: new Uint8Array(examples * length),
    offsets: Int32Array.from({ length: examples + 1 }, (_, example) => example * length),
    labels: Int32Array.from({ length: examples }, () => random.integer(2)),
    rows: Int32Array.from({ length: examples }, (_, row) => row),
  };
}

async function digestOfTraining(threads: number): Promise<string> {
  const runtime = await openRuntime('onnx', { threads });
  try {
    const { weights, curve } = await train({
      runtime,
      objective: createObjective(model.architecture, model.task),
      weights: model.weights,
      trainable: Object.keys(model.weights),
      data: classificationData(tokens(64), { labels: 2, paddingId: 0 }),
      penalties: [],
      settings: {
        epochs: 2,
        batchSize: 16,
        gradientAccumulation: 1,
        learningRate: 1e-3,
        schedule: 'constant',
        warmup: 0,
        optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        weightDecay: 0.01,
        maximumGradientNorm: 1,
        best: { metric: 'loss', mode: 'min', minimumDifference: 0 },
        keep: 'last',
      },
      maximumLength: 64,
      denseWeights: 4e5,
      seed: 3,
      clock: () => 0,
    });
    const hash = createHash('sha256').update(JSON.stringify(curve));
    for (const name of Object.keys(weights).sort()) {
      const data = weights[name]?.data ?? new Float32Array();
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return hash.digest('hex');
  } finally {
    await runtime.dispose();
  }
}

it('two threads give the same bytes every time', async () => {
  const first = await digestOfTraining(2);
  for (let again = 0; again < 3; again += 1) expect(await digestOfTraining(2)).toBe(first);
});
