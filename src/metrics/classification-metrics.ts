/**
 * Everything that is measured of a classifier, in one object.
 */
import { accuracy, balancedAccuracy } from './accuracy.js';
import { type Auroc, auroc } from './auroc.js';
import { type AveragePrecision, averagePrecision } from './average-precision.js';
import { type BootstrapOptions, bootstrapIntervals, type Intervals, type Statistics } from './bootstrap.js';
import { type Calibration, calibration } from './calibration.js';
import { type ConfusionMatrix, confusionMatrix } from './confusion-matrix.js';
import { logLoss } from './log-loss.js';
import { matthewsCorrelation } from './matthews-correlation.js';
import { type AveragedPrecisionRecallF1, precisionRecallF1 } from './precision-recall.js';
import { type CheckedPredictions, checkPredictions, type Predictions, type Weights } from './predictions.js';

/** The metrics of one set of predictions. */
export interface ClassificationMetrics {
  /** How many examples were measured. */
  readonly count: number;
  readonly labelNames: readonly string[];
  /** With two classes the index of the one that `binary` values speak of, else null. */
  readonly positiveClass: number | null;
  readonly accuracy: number;
  /** Mean recall over the classes that occur. */
  readonly balancedAccuracy: number;
  readonly precisionRecallF1: AveragedPrecisionRecallF1;
  readonly matthewsCorrelation: number;
  readonly auroc: Auroc;
  readonly averagePrecision: AveragePrecision;
  /** Mean cross-entropy in nats. */
  readonly logLoss: number;
  readonly calibration: Calibration;
  readonly confusionMatrix: ConfusionMatrix;
  /** The classes without a single example here: their AUROC and average precision are null. */
  readonly absentClasses: readonly string[];
  /** Bootstrap intervals of the values of `scalarMetrics`, by the same names; empty unless asked for. */
  readonly intervals: Intervals;
}

/** What is measured and how. */
export interface ClassificationMetricsOptions {
  /** With two classes: the index of the positive one; default 1. */
  readonly positiveClass?: number;
  /** The number of equal-width bins of the reliability table; default 15. */
  readonly calibrationBins?: number;
  /** Asks for bootstrap intervals. */
  readonly bootstrap?: BootstrapOptions;
}

/**
 * All metrics of a classifier's predictions.
 *
 * Agrees with scikit-learn; what happens with absent classes and zero division is said at each family. With one class
 * only among the labels everything but AUROC (null) is defined. Throws what `checkPredictions` throws.
 */
export function classificationMetrics(
  predictions: Predictions,
  options: ClassificationMetricsOptions = {},
): ClassificationMetrics {
  const checked = checkPredictions(predictions);
  const { positiveClass = 1 } = options;
  if (!Number.isInteger(positiveClass) || positiveClass < 0 || positiveClass >= checked.classes) {
    throw new RangeError(
      `positiveClass must be a class index below ${checked.classes}, not ${positiveClass}`,
    );
  }
  const metrics = measure(checked, checked.unitWeights, options);
  if (options.bootstrap === undefined) return metrics;
  return {
    ...metrics,
    intervals: bootstrapIntervals(
      checked.size,
      (weights) => scalarMetrics(measure(checked, weights, options)),
      options.bootstrap,
    ),
  };
}

/**
 * Checks predictions once and gives the function that computes `scalarMetrics` under any weights: what a bootstrap calls for
 * every resample. Throws what `classificationMetrics` throws.
 */
export function weightedStatistics(
  predictions: Predictions,
  options: Omit<ClassificationMetricsOptions, 'bootstrap'> = {},
): (weights: Weights) => Statistics {
  const checked = checkPredictions(predictions);
  return (weights) => scalarMetrics(measure(checked, weights, options));
}

/**
 * The single numbers among the metrics, by the names used in recipes (`expect: { macro_f1: ">= 0.9" }`) and in
 * metrics.json; null where one is not defined.
 *
 * With two classes `precision`, `recall`, `f1`, `auroc` and `average_precision` speak of the positive class; with more,
 * `auroc` and `average_precision` are the macro means and the other three are left out.
 */
export function scalarMetrics(metrics: ClassificationMetrics): Statistics {
  const { macro, micro, weighted, perClass } = metrics.precisionRecallF1;
  const positive = metrics.positiveClass === null ? undefined : perClass[metrics.positiveClass];
  return {
    accuracy: metrics.accuracy,
    balanced_accuracy: metrics.balancedAccuracy,
    ...(positive ? { precision: positive.precision, recall: positive.recall, f1: positive.f1 } : {}),
    macro_precision: macro.precision,
    macro_recall: macro.recall,
    macro_f1: macro.f1,
    micro_precision: micro.precision,
    micro_recall: micro.recall,
    micro_f1: micro.f1,
    weighted_precision: weighted.precision,
    weighted_recall: weighted.recall,
    weighted_f1: weighted.f1,
    mcc: metrics.matthewsCorrelation,
    auroc: positive ? metrics.auroc.binary : metrics.auroc.macro,
    macro_auroc: metrics.auroc.macro,
    weighted_auroc: metrics.auroc.weighted,
    average_precision: positive ? metrics.averagePrecision.binary : metrics.averagePrecision.macro,
    macro_average_precision: metrics.averagePrecision.macro,
    weighted_average_precision: metrics.averagePrecision.weighted,
    log_loss: metrics.logLoss,
    brier_score: metrics.calibration.brierScore,
    expected_calibration_error: metrics.calibration.expectedCalibrationError,
    maximum_calibration_error: metrics.calibration.maximumCalibrationError,
  };
}

function measure(
  checked: CheckedPredictions,
  weights: Weights,
  options: ClassificationMetricsOptions,
): ClassificationMetrics {
  const { positiveClass = 1, calibrationBins } = options;
  const confusion = confusionMatrix(checked, weights);
  return {
    count: confusion.total,
    labelNames: checked.labelNames,
    positiveClass: checked.classes === 2 ? positiveClass : null,
    accuracy: accuracy(confusion),
    balancedAccuracy: balancedAccuracy(confusion),
    precisionRecallF1: precisionRecallF1(confusion),
    matthewsCorrelation: matthewsCorrelation(confusion),
    auroc: auroc(checked, weights, positiveClass),
    averagePrecision: averagePrecision(checked, weights, positiveClass),
    logLoss: logLoss(checked, weights),
    calibration: calibration(checked, weights, calibrationBins),
    confusionMatrix: confusion,
    absentClasses: checked.labelNames.filter((_, index) => confusion.actual[index] === 0),
    intervals: {},
  };
}
