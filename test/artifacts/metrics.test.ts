import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { definedMetrics, readMetrics, writeMetrics } from '../../src/artifacts/metrics.js';
import { openPredictions, readPredictions, writePredictions } from '../../src/artifacts/predictions.js';
import { UserError } from '../../src/artifacts/user-error.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-metrics-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('metrics', () => {
  it('come back as they were written, details with snake_case keys', async () => {
    await writeMetrics(folder, {
      type: 'classification',
      metrics: { accuracy: 0.5, auroc: null },
      intervals: { accuracy: { low: 0.25, high: 0.75, resamples: 10 }, auroc: null },
      details: { perClass: [{ label: 'aB', meanConfidence: 1 }] },
    });
    expect(await readMetrics(folder)).toEqual({
      type: 'classification',
      metrics: { accuracy: 0.5, auroc: null },
      intervals: { accuracy: { low: 0.25, high: 0.75, resamples: 10 }, auroc: null },
      details: { per_class: [{ label: 'aB', mean_confidence: 1 }] },
    });
  });

  it('that JSON cannot hold are not written', async () => {
    await expect(writeMetrics(folder, { type: 'x', metrics: { loss: Number.NaN } })).rejects.toThrow('loss');
  });

  it('a folder without metrics is refused', async () => {
    await expect(readMetrics(folder)).rejects.toThrow(UserError);
    writeFileSync(join(folder, 'metrics.json'), '{ "version": 2 }');
    await expect(readMetrics(folder)).rejects.toThrow(UserError);
  });

  it('that are not defined are left out for expect', () => {
    expect(definedMetrics({ accuracy: 1, auroc: null })).toEqual({ accuracy: 1 });
  });
});

describe('predictions', () => {
  it('come back as they were written', async () => {
    const predictions = [
      { id: '1', text: 'a\nb', label: 1, predicted: 0, probabilities: [0.75, 0.25] },
      { id: '2', text: 'c', textPair: 'd', predicted: 1, probabilities: [0, 1] },
    ];
    await writePredictions(folder, ['ham', 'spam'], predictions);
    expect(await openPredictions(folder)).toEqual({ labels: ['ham', 'spam'], examples: 2 });
    expect(await allPredictions(folder)).toEqual(predictions);
  });

  it('keep float32 values exactly, in few digits', async () => {
    const value = Math.fround(0.1);
    await writePredictions(folder, ['a'], [{ id: '1', text: '', predicted: 0, probabilities: [value] }]);
    const [prediction] = await allPredictions(folder);
    expect(Math.fround(prediction?.probabilities[0] ?? 0)).toBe(value);
    expect(readFileSync(join(folder, 'predictions.jsonl'), 'utf8')).toContain('[0.100000001]');
  });

  it('a broken line is refused with its number', async () => {
    writeFileSync(join(folder, 'predictions.jsonl'), '{"id": "1"}\n');
    await expect(allPredictions(folder)).rejects.toThrow('predictions.jsonl:1');
  });
});

async function allPredictions(path: string) {
  const predictions = [];
  for await (const prediction of readPredictions(path)) predictions.push(prediction);
  return predictions;
}
