import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../../src/artifacts/metrics.js';
import { openTokens, readTokens, type TokenSplit } from '../../../src/artifacts/tokens.js';
import { createRandom } from '../../../src/data/random.js';
import { loadModel, saveModel } from '../../../src/models/model.js';
import type { InputArtifact } from '../../../src/plugin/define-stage.js';
import evaluate from '../../../src/stages/evaluate/evaluate.js';
import { drawExamples } from '../../../src/stages/forgetting/draw-examples.js';
import { beforeAndAfter } from '../../../src/stages/forgetting/figures.js';
import forgetting from '../../../src/stages/forgetting/forgetting.js';
import { withHeadOf } from '../../../src/stages/forgetting/previous-head.js';
import { createTinyProject, surroundings, type TinyProject } from '../tiny-project.js';

let project: TinyProject;
beforeAll(async () => {
  project = await createTinyProject();
});
afterAll(() => project.remove());

async function run(before: InputArtifact, after: InputArtifact, more: { readonly limit?: number } = {}) {
  const metrics = project.output(
    `forgetting ${before.path.length} ${after.path}`.replaceAll('/', ' '),
    'metrics',
  );
  await forgetting.run({
    ...surroundings(),
    settings: { batch_tokens: 256, mask_probability: 0.3, ...more },
    inputs: { before, after, tokens: project.tokens },
    outputs: { metrics },
  });
  return readMetrics(metrics.path);
}

describe('forgetting', () => {
  it('is zero when nothing was trained', async () => {
    const model = await project.model('masked-language-modeling');
    const { metrics } = await run(model, model);
    expect(metrics.forgetting).toBe(0);
    expect(metrics.loss_before).toBe(metrics.loss_after);
    expect(metrics.loss_before).toBeGreaterThan(0);
  });

  it('measures the encoder of a classifier under the head for masked tokens', async () => {
    const before = await project.model('masked-language-modeling');
    const after = await project.model('sequence-classification', { seed: 2 });
    const { metrics } = await run(before, after);
    expect(metrics.loss_after).not.toBe(metrics.loss_before);
    expect(metrics.forgetting).toBeCloseTo((metrics.loss_after ?? 0) - (metrics.loss_before ?? 0), 12);
  });

  it('gives the loss that the put-together model has', async () => {
    const before = await project.model('sequence-classification', { seed: 1 });
    const after = await project.model('sequence-classification', { seed: 2 });
    const joined = project.output('joined', 'model');
    await saveModel(
      withHeadOf((await loadModel(before.path)).model, (await loadModel(after.path)).model),
      joined.path,
    );
    const metrics = project.output('joined metrics', 'metrics');
    await evaluate.run({
      ...surroundings(),
      settings: {
        batch_tokens: 256,
        resamples: 0,
        confidence: 0.9,
        calibration_bins: 5,
        mask_probability: 0.15,
      },
      inputs: { model: { ...before, path: joined.path }, tokens: project.tokens, dataset: undefined },
      outputs: { metrics, predictions: project.output('joined predictions', 'predictions') },
    });
    const found = await run(before, after);
    expect(found.metrics.loss_after).toBeCloseTo((await readMetrics(metrics.path)).metrics.log_loss ?? 0, 5);
    expect(found.metrics).toHaveProperty('macro_f1_before');
  });

  it('measures no more examples than it is told, the same ones both times', async () => {
    const tokens = await openTokens(project.tokens.path);
    const split = await readTokens(tokens, 'test');
    const drawn = drawExamples(split, 3, createRandom(1));
    expect(drawn.examples).toBe(3);
    const texts = ({ examples, inputIds, offsets }: TokenSplit): readonly string[] =>
      Array.from({ length: examples }, (_, i) => inputIds.subarray(offsets[i], offsets[i + 1]).join());
    const all = texts(split);
    const places = texts(drawn).map((text) => all.indexOf(text));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(Array.from(drawn.rows)).toEqual([...drawn.rows].sort((a, b) => a - b));
    expect(drawExamples(split, 3, createRandom(1))).toEqual(drawn);
    expect(drawExamples(split, split.examples, createRandom(1))).toBe(split);
    const model = await project.model('masked-language-modeling');
    const { metrics, details } = await run(model, model, { limit: 3 });
    expect(metrics.forgetting).toBe(0);
    expect(details).toMatchObject({ examples: 3 });
  });

  it('puts figures side by side, also those that are not defined', () => {
    const { metrics, table } = beforeAndAfter({ loss: 1, perplexity: 2.5 }, { loss: 1.25, perplexity: null });
    expect(metrics).toEqual({
      forgetting: 0.25,
      loss_before: 1,
      loss_after: 1.25,
      loss_change: 0.25,
      perplexity_before: 2.5,
      perplexity_after: null,
      perplexity_change: null,
    });
    expect(table[2]).toEqual(['perplexity', '2.5000', 'not defined', 'not defined']);
  });

  it('refuses models with different encoders', async () => {
    const { model: before } = await loadModel((await project.model('masked-language-modeling')).path);
    const weights = { ...before.weights };
    delete weights['bert.embeddings.LayerNorm.bias'];
    expect(() => withHeadOf(before, { ...before, weights })).toThrow('the same encoder');
  });
});
