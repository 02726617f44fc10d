/**
 * What the evaluate stage writes of a classifier.
 */
import { definedMetrics, type MetricsContent } from '../../artifacts/metrics.js';
import {
  type ClassificationMetrics,
  type ClassificationMetricsOptions,
  classificationMetrics,
  scalarMetrics,
} from '../../metrics/classification-metrics.js';
import type { Predictions } from '../../metrics/predictions.js';
import type { StageResult } from '../../plugin/define-stage.js';

/** The contents of metrics.json and what the stage tells. */
export interface ClassificationReport {
  readonly content: MetricsContent;
  readonly result: StageResult;
}

/**
 * Measures predictions and lays the result out.
 *
 * `details` of metrics.json: `labels`, `examples`, `positive_label` (null with more than two classes), `absent_labels`,
 * `confusion_matrix` (rows are true labels), `per_label` [{ label, precision, recall, f1, support, predicted, auroc,
 * average_precision }], `reliability` [{ lower, upper, count, mean_confidence, accuracy }], `bootstrap` { resamples,
 * confidence } or null.
 */
export function reportClassification(
  predictions: Predictions,
  options: ClassificationMetricsOptions,
): ClassificationReport {
  const measured = classificationMetrics(predictions, options);
  const { labelNames, positiveClass } = measured;
  const metrics = scalarMetrics(measured);
  const { bootstrap } = options;
  return {
    content: {
      type: 'classification',
      metrics,
      intervals: measured.intervals,
      details: {
        labels: labelNames,
        examples: measured.count,
        positiveLabel: positiveClass === null ? null : (labelNames[positiveClass] ?? null),
        absentLabels: measured.absentClasses,
        confusionMatrix: measured.confusionMatrix.counts,
        perLabel: labelNames.map((label, index) => ({
          label,
          ...measured.precisionRecallF1.perClass[index],
          auroc: measured.auroc.perClass[index] ?? null,
          averagePrecision: measured.averagePrecision.perClass[index] ?? null,
        })),
        reliability: measured.calibration.reliability,
        bootstrap: bootstrap
          ? { resamples: bootstrap.resamples ?? null, confidence: bootstrap.confidence ?? null }
          : null,
      },
    },
    result: {
      metrics: definedMetrics(metrics),
      summary: summaryOf(measured),
      table: tableOf(measured),
    },
  };
}

/** Figures of the table; everything else is in metrics.json. */
const TABLE_METRICS = [
  'accuracy',
  'macro_f1',
  'weighted_f1',
  'mcc',
  'auroc',
  'average_precision',
  'log_loss',
  'expected_calibration_error',
];

function tableOf(measured: ClassificationMetrics): readonly (readonly (string | number)[])[] {
  const metrics = scalarMetrics(measured);
  return [
    ['metric', 'value', 'interval'],
    ...TABLE_METRICS.flatMap((name) => {
      const value = metrics[name];
      if (value === null || value === undefined) return [];
      const interval = measured.intervals[name];
      return [
        [name, value.toFixed(4), interval ? `${interval.low.toFixed(4)} - ${interval.high.toFixed(4)}` : ''],
      ];
    }),
  ];
}

function summaryOf(measured: ClassificationMetrics): string {
  const count = measured.count.toLocaleString('en-US');
  const macroF1 = measured.precisionRecallF1.macro.f1;
  return `${count} examples, accuracy ${measured.accuracy.toFixed(4)}, macro F1 ${macroF1.toFixed(4)}`;
}
