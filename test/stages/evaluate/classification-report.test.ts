import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/data/random.js';
import { reportClassification } from '../../../src/stages/evaluate/classification-report.js';
import { predictionsByRow } from '../../../src/stages/evaluate/rows.js';

describe('the report on a classifier', () => {
  const predictions = {
    labels: [0, 1, 1, 0],
    probabilities: [
      [0.75, 0.25],
      [0.25, 0.75],
      [0.625, 0.375],
      [0.875, 0.125],
    ],
    labelNames: ['ham', 'spam'],
  };

  it('holds figures, intervals and tables', () => {
    const { content, result } = reportClassification(predictions, {
      bootstrap: { random: createRandom(1), resamples: 10, confidence: 0.9 },
    });
    expect(content).toMatchObject({
      type: 'classification',
      metrics: { accuracy: 0.75, recall: 0.5, auroc: 1 },
      details: {
        labels: ['ham', 'spam'],
        examples: 4,
        positiveLabel: 'spam',
        confusionMatrix: [
          [2, 0],
          [1, 1],
        ],
        perLabel: [{ label: 'ham', support: 2, auroc: 1 }, { label: 'spam' }],
        bootstrap: { resamples: 10, confidence: 0.9 },
      },
    });
    expect(content.intervals).toHaveProperty('macro_f1.low');
    expect(result.metrics).toMatchObject({ accuracy: 0.75 });
    expect(result.summary).toBe('4 examples, accuracy 0.7500, macro F1 0.7333');
    expect(result.table?.[0]).toEqual(['metric', 'value', 'interval']);
  });

  it('leaves out of the figures what is not defined', () => {
    const { content, result } = reportClassification({ ...predictions, labels: [1, 1, 1, 1] }, {});
    expect(content.metrics.auroc).toBeNull();
    expect(result.metrics).not.toHaveProperty('auroc');
    expect(content.details).toMatchObject({ absentLabels: ['ham'], bootstrap: null });
  });
});

describe('rows', () => {
  it('that were split into several examples get the mean of their probabilities', () => {
    expect(
      predictionsByRow(['a', 'b', 'b'], Int32Array.of(1, 0, 0), [
        [0, 1],
        [1, 0],
        [0.5, 0.5],
      ]),
    ).toEqual([
      { id: 'a', examples: [0], label: 1, probabilities: [0, 1] },
      { id: 'b', examples: [1, 2], label: 0, probabilities: [0.75, 0.25] },
    ]);
  });

  it('without a label have none', () => {
    expect(predictionsByRow(['a'], Int32Array.of(-100), [[1, 0]])[0]).not.toHaveProperty('label');
    expect(predictionsByRow(['a'], null, [[1, 0]])[0]).not.toHaveProperty('label');
  });
});
