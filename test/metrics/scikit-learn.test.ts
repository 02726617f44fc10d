import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accuracy, balancedAccuracy } from '../../src/metrics/accuracy.js';
import { auroc } from '../../src/metrics/auroc.js';
import { averagePrecision } from '../../src/metrics/average-precision.js';
import { calibration } from '../../src/metrics/calibration.js';
import { classificationMetrics } from '../../src/metrics/classification-metrics.js';
import { confusionMatrix } from '../../src/metrics/confusion-matrix.js';
import { logLoss } from '../../src/metrics/log-loss.js';
import { matthewsCorrelation } from '../../src/metrics/matthews-correlation.js';
import { precisionRecallF1 } from '../../src/metrics/precision-recall.js';
import { checkPredictions } from '../../src/metrics/predictions.js';
import { expectClose } from './expect-close.js';

const CASES = [
  'binary',
  'five-classes',
  'binary-ties',
  'four-classes-ties',
  'absent-classes',
  'three-classes-weighted',
  'certain',
  'one-class-only',
];

describe.each(CASES)('metrics agree with scikit-learn to 1e-9: %s', (name) => {
  const fixture = readFixture(name);
  const { expected } = fixture;
  const predictions = checkPredictions(fixture.predictions);
  const weights = fixture.weights ? Float64Array.from(fixture.weights) : predictions.unitWeights;
  const confusion = confusionMatrix(predictions, weights);

  it('accuracy and balanced accuracy', () => {
    expectClose(accuracy(confusion), expected.accuracy);
    expectClose(balancedAccuracy(confusion), expected.balancedAccuracy);
  });

  it('precision, recall and F1', () => {
    const { perClass, macro, micro, weighted } = precisionRecallF1(confusion);
    expectClose(
      perClass.map(({ precision, recall, f1, support }) => ({ precision, recall, f1, support })),
      expected.perClass,
    );
    expectClose({ macro, micro, weighted }, pick(expected, ['macro', 'micro', 'weighted']));
  });

  it('Matthews correlation', () => {
    expectClose(matthewsCorrelation(confusion), expected.matthewsCorrelation);
  });

  it('confusion matrix', () => {
    expectClose(confusion.counts, expected.confusion);
  });

  it('AUROC', () => {
    expectClose(auroc(predictions, weights), expected.auroc);
  });

  it('average precision', () => {
    expectClose(averagePrecision(predictions, weights), expected.averagePrecision);
  });

  it('log loss', () => {
    expectClose(logLoss(predictions, weights), expected.logLoss);
  });

  it('calibration', () => {
    const { reliability, ...scores } = calibration(predictions, weights);
    expectClose(
      scores,
      pick(expected, ['expectedCalibrationError', 'maximumCalibrationError', 'brierScore']),
    );
    expectClose(
      reliability.map(({ count, meanConfidence, accuracy: share }) => ({
        count,
        meanConfidence,
        accuracy: share,
      })),
      expected.reliability,
    );
  });
});

describe('bootstrap intervals', () => {
  it('equal numpy quantiles of scikit-learn metrics over the same draws, to 1e-9', () => {
    const fixture = JSON.parse(readFileSync(fixturePath('bootstrap'), 'utf8'));
    const draws: number[] = fixture.draws.flat();
    let position = 0;
    const random = { next: () => 0, integer: () => draws[position++] ?? 0 };
    const { intervals } = classificationMetrics(predictionsOf(fixture), {
      bootstrap: { random, resamples: fixture.resamples, confidence: fixture.confidence },
    });
    for (const [statistic, bounds] of Object.entries(fixture.expected)) {
      expectClose([intervals[statistic]?.low, intervals[statistic]?.high], bounds);
    }
    expect(position).toBe(draws.length);
  });
});

function fixturePath(name: string): URL {
  return new URL(`../fixtures/metrics/${name}.json`, import.meta.url);
}

function readFixture(name: string) {
  const fixture = JSON.parse(readFileSync(fixturePath(name), 'utf8'));
  return {
    predictions: predictionsOf(fixture),
    weights: fixture.weights as number[] | undefined,
    expected: fixture.expected,
  };
}

function predictionsOf(fixture: { labels: number[]; probabilities: number[][]; scale: number }) {
  const classes = fixture.probabilities[0]?.length ?? 0;
  return {
    labels: fixture.labels,
    probabilities: fixture.probabilities.map((row) => row.map((cell) => cell / fixture.scale)),
    labelNames: Array.from({ length: classes }, (_, index) => `class ${index}`),
  };
}

function pick(object: Record<string, unknown>, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, object[name]]));
}
