import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../../src/artifacts/metrics.js';
import { openPredictions, type Prediction, readPredictions } from '../../../src/artifacts/predictions.js';
import { UserError } from '../../../src/artifacts/user-error.js';
import { classificationMetrics, scalarMetrics } from '../../../src/metrics/classification-metrics.js';
import type { InputArtifact } from '../../../src/plugin/define-stage.js';
import evaluate from '../../../src/stages/evaluate/evaluate.js';
import { createTinyProject, LABELS, ROWS, surroundings, type TinyProject } from '../tiny-project.js';

const settings = {
  batch_tokens: 256,
  resamples: 20,
  confidence: 0.95,
  calibration_bins: 10,
  mask_probability: 0.3,
};

let project: TinyProject;
beforeAll(async () => {
  project = await createTinyProject();
});
afterAll(() => project.remove());

async function run(
  name: string,
  model: InputArtifact,
  more: Partial<Parameters<typeof evaluate.run>[0]> = {},
) {
  const metrics = project.output(`${name} metrics`, 'metrics');
  const predictions = project.output(`${name} predictions`, 'predictions');
  const result = await evaluate.run({
    ...surroundings(),
    settings,
    inputs: { model, tokens: project.tokens, dataset: project.dataset },
    outputs: { metrics, predictions },
    ...more,
  });
  const rows: Prediction[] = [];
  for await (const prediction of readPredictions(predictions.path)) rows.push(prediction);
  return {
    result,
    metrics: await readMetrics(metrics.path),
    labels: (await openPredictions(predictions.path)).labels,
    rows,
  };
}

describe('evaluate, on a classifier', () => {
  it('writes every prediction, with the text of the data set, in its order', async () => {
    const { rows, labels } = await run('texts', await project.model('sequence-classification'));
    expect(labels).toEqual(LABELS);
    expect(rows.map(({ id, text, label }) => ({ id, text, label }))).toEqual(
      ROWS.map((row) => ({ id: row.id, text: row.text, label: 'label' in row ? row.label : undefined })),
    );
    for (const { predicted, probabilities } of rows) {
      expect((probabilities[0] ?? 0) + (probabilities[1] ?? 0)).toBeCloseTo(1, 6);
      expect(predicted).toBe((probabilities[1] ?? 0) > (probabilities[0] ?? 0) ? 1 : 0);
    }
    expect(new Set(rows.map(({ probabilities }) => probabilities[0])).size).toBeGreaterThan(20);
  });

  it('measures the labelled ones', async () => {
    const { rows, metrics, result } = await run('figures', await project.model('sequence-classification'));
    const labelled = rows.filter(({ label }) => label !== undefined);
    const expected = scalarMetrics(
      classificationMetrics({
        labels: labelled.map(({ label }) => label ?? 0),
        probabilities: labelled.map(({ probabilities }) => probabilities),
        labelNames: LABELS,
      }),
    );
    expect(metrics.metrics.accuracy).toBe(expected.accuracy);
    expect(metrics.metrics.log_loss).toBeCloseTo(expected.log_loss ?? 0, 6);
    expect(result?.metrics?.macro_f1).toBe(expected.macro_f1);
    expect(metrics.intervals.accuracy?.resamples).toBe(20);
    expect(metrics.details).toMatchObject({ labels: LABELS, examples: labelled.length });
  });

  it('follows the label names where the model has them in another order', async () => {
    const model = await project.model('sequence-classification', { labels: ['spam', 'ham'] });
    const { rows } = await run('order', model);
    expect(rows[0]?.label).toBe(1);
  });

  it('decodes the tokens where no data set is wired', async () => {
    const model = await project.model('sequence-classification');
    const { rows } = await run('decoded', model, {
      inputs: { model, tokens: project.tokens, dataset: undefined },
    });
    expect(rows[0]?.text).toBe('she won a prize.');
  });

  it('gives the same again', async () => {
    const model = await project.model('sequence-classification');
    expect((await run('again', model)).metrics).toEqual((await run('and again', model)).metrics);
  });

  it.each([
    ['labels that the model does not know', { labels: ['a', 'b'] }, {}, "the label 'ham'"],
    ['a positive label that is none', {}, { positive_label: 'eggs' }, 'positive_label'],
    ['a split that the wiring contradicts', {}, { split: 'train' as const }, 'different splits'],
  ])('refuses %s', async (name, modelOptions, more, message) => {
    const model = await project.model('sequence-classification', modelOptions);
    const failed = run(name, model, { settings: { ...settings, ...more } });
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(message);
  });

  it('refuses an empty split', async () => {
    const model = await project.model('sequence-classification');
    const { part: _, ...tokens } = project.tokens;
    const failed = run('empty', model, {
      inputs: { model, tokens, dataset: undefined },
      settings: { ...settings, split: 'train' },
    });
    await expect(failed).rejects.toThrow("no example in the split 'train'");
  });
});

describe('evaluate, on a masked language model', () => {
  it('gives loss, perplexity and accuracy, and no predictions', async () => {
    const { metrics, rows } = await run('masked', await project.model('masked-language-modeling'));
    expect(metrics.type).toBe('language-model');
    const { loss, perplexity } = metrics.metrics;
    expect(perplexity).toBeCloseTo(Math.exp(loss ?? 0), 6);
    expect(rows).toEqual([]);
  });
});
