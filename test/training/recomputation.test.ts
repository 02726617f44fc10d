/** Activations that are computed again in the backward pass give the gradients of those that are kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/data/random.js';
import { JsonFields } from '../../src/formats/json.js';
import type { Prefix } from '../../src/models/architecture.js';
import { bertConfigFields } from '../../src/models/bert-config.js';
import { withConfigFields } from '../../src/models/families.js';
import { createModel, type Model } from '../../src/models/model.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { Runtime } from '../../src/runtime/runtime.js';
import { createObjective } from '../../src/training/objectives/index.js';
import { classificationData } from '../../src/training/objectives/sequence-classification.js';
import { defaultOptimizers } from '../../src/training/optimizers/index.js';
import { train } from '../../src/training/trainer.js';
import type { TrainingSettings } from '../../src/training/training-options.js';
import { relativeDifference } from './fixtures.js';
import { tokenSplit } from './tiny-bert.js';

let runtime: Runtime;
let model: Model;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
  const shape = {
    vocab_size: 20,
    hidden_size: 12,
    num_hidden_layers: 4,
    num_attention_heads: 2,
    intermediate_size: 20,
    max_position_embeddings: 16,
    initializer_range: 0.25,
    pad_token_id: 0,
  };
  model = createModel(new JsonFields({ ...bertConfigFields(shape) }, 'config.json'), {
    task: 'sequence-classification',
    labels: ['0', '1'],
    random: createRandom(1),
    tokenizer: null,
  });
});
afterAll(() => runtime.dispose());

const split = tokenSplit(
  Array.from({ length: 12 }, (_, example) => {
    const ids = [2, ...Array.from({ length: 2 + (example % 5) }, (_, word) => 5 + ((example + word) % 9)), 3];
    return { ids, types: ids.map(() => 0), label: example % 2 };
  }),
);

interface Run {
  readonly recompute: boolean;
  readonly dropout?: number;
  readonly prefix?: Prefix;
  readonly isTrained?: (name: string) => boolean;
  readonly settings?: Partial<TrainingSettings>;
  readonly on?: Runtime;
}

async function run({ recompute, dropout = 0, prefix, isTrained = () => true, settings = {}, on }: Run) {
  const architecture = withConfigFields(model.architecture, {
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    classifier_dropout: dropout,
  });
  const objective = createObjective(architecture, 'sequence-classification', {
    recompute,
    ...(prefix === undefined ? {} : { prefix }),
  });
  const labels = architecture.config.labels.length;
  const { weights, curve } = await train({
    runtime: on ?? runtime,
    objective,
    weights: model.weights,
    trainable: Object.keys(model.weights).filter(isTrained),
    data: classificationData(split, { labels, paddingId: 0 }),
    penalties: [],
    settings: {
      epochs: 3,
      batchSize: 4,
      gradientAccumulation: 1,
      learningRate: 0.1,
      schedule: 'constant',
      warmup: 0,
      // Its steps are in proportion to the gradients.
      optimizer: defaultOptimizers.sgd,
      weightDecay: 0,
      maximumGradientNorm: 1,
      best: { metric: 'loss', mode: 'min', minimumDifference: 0 },
      keep: 'last',
      logEvery: 1,
      ...settings,
    },
    maximumLength: 16,
    denseWeights: 1,
    seed: 3,
    clock: () => 0,
  });
  return { weights, curve };
}

type Trained = Awaited<ReturnType<typeof run>>;

function expectEqual(found: Trained, expected: Trained): void {
  const names = Object.keys(expected.weights);
  expect(Object.keys(found.weights)).toEqual(names);
  for (const name of names) {
    const [one, other] = [found.weights[name]?.data ?? [], expected.weights[name]?.data ?? []];
    // Softmax does not see what is added to all scores of a query alike: the gradient is 0 but for rounding.
    if (name.endsWith('self.key.bias')) {
      expect(Math.max(...[...one, ...other].map(Math.abs)), name).toBeLessThan(1e-6);
    } else {
      expect(relativeDifference(one, other), name).toBeLessThan(1e-5);
    }
  }
  const norms = ({ curve }: Trained) => curve.map(({ gradient_norm = 0 }) => gradient_norm);
  expect(relativeDifference(norms(found), norms(expected))).toBeLessThan(1e-5);
  const losses = ({ curve }: Trained) => curve.map(({ loss = 0 }) => loss);
  expect(relativeDifference(losses(found), losses(expected))).toBeLessThan(1e-5);
  expect(Math.min(...norms(found))).toBeGreaterThan(0);
}

describe('activations that are computed again', () => {
  it.each<[string, Omit<Run, 'recompute'>]>([
    ['all weights', {}],
    ['accumulated batches', { settings: { gradientAccumulation: 3 } }],
    ['the head and the embeddings alone', { isTrained: (name) => /classifier|embeddings/.test(name) }],
    ['the head alone', { isTrained: (name) => /classifier/.test(name) }],
  ])('train %s as kept ones do', async (_, changes) => {
    const kept = await run({ recompute: false, ...changes });
    expectEqual(await run({ recompute: true, ...changes }), kept);
  });

  it('are those of layers above a frozen prefix too', async () => {
    const prefix: Prefix = { layers: 2, rows: 'all', pooled: false };
    const isTrained = (name: string) => !/embeddings|layer\.[01]\./.test(name);
    const changes = { prefix, isTrained };
    expectEqual(await run({ recompute: true, ...changes }), await run({ recompute: false, ...changes }));
  });

  it('have the masks of the forward pass, others in every part, and the same bytes again', async () => {
    const seeds = new Map<string, number[]>();
    const noting: Runtime = {
      ...runtime,
      createVariables: (values) => runtime.createVariables(values),
      compile: async (fn, options) => {
        const compiled = await runtime.compile(fn, options);
        return {
          run(feeds, given) {
            const part = /^part-\d+/.exec(options.name)?.[0];
            if (part !== undefined) seeds.set(part, [...(seeds.get(part) ?? []), given?.seed ?? 0]);
            return compiled.run(feeds, given);
          },
          dispose: () => compiled.dispose(),
        };
      },
    };
    const first = await run({ recompute: true, dropout: 0.2, on: noting });
    expect(seeds.size).toBe(model.architecture.config.layers - 1);
    for (const drawn of seeds.values()) {
      const [forwards, backwards] = [0, 1].map((rest) => drawn.filter((_, index) => index % 2 === rest));
      expect(backwards).toEqual(forwards);
      expect(new Set(forwards).size).toBe(9);
    }
    const all = [...seeds.values()].map((drawn) => drawn[0]);
    expect(new Set(all).size).toBe(all.length);
    const again = await run({ recompute: true, dropout: 0.2 });
    expect(again).toEqual(first);
    expect(again.curve).not.toEqual((await run({ recompute: true })).curve);
  });
});
