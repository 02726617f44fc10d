/** Everything that a report shows, read from the artifacts: data without markup. */
import type { DatasetDescription, DatasetSplit } from '../artifacts/dataset.js';
import type { MetricsFile } from '../artifacts/metrics.js';
import type { Prediction } from '../artifacts/predictions.js';
import type { ProvenanceStage } from '../plugin/provenance.js';
import type { CurveRow } from '../training/curve.js';

/** Where something in the report comes from. */
export interface Origin {
  /** The stage's name, with the port where a stage has several outputs: 'train.curve'. */
  readonly name: string;
  /** The stage alone; absent where the history is not known. */
  readonly stage?: string;
  readonly digest: string;
}

/** A metrics artifact. */
export interface ReportMetrics extends Origin {
  readonly file: MetricsFile;
}

/** A curve artifact. */
export interface ReportCurve extends Origin {
  readonly rows: readonly CurveRow[];
}

/** A predictions artifact: its errors, the most confident first. */
export interface ReportPredictions extends Origin {
  readonly labels: readonly string[];
  readonly examples: number;
  readonly labelled: number;
  readonly wrong: number;
  readonly worst: readonly Prediction[];
}

/** A dataset artifact. */
export interface ReportDataset extends Origin {
  readonly labels: DatasetDescription['labels'];
  readonly splits: Readonly<Record<string, DatasetSplit>>;
  readonly statistics: DatasetDescription['statistics'];
}

/** Anything else that was wired: its name and size are told. */
export interface ReportArtifact extends Origin {
  readonly kind: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** The whole report. */
export interface ReportContent {
  readonly title: string;
  readonly description: string;
  /** Names of the figures to show largest; empty: chosen by what was measured. */
  readonly headline: readonly string[];
  /** Every stage behind the wired artifacts, each after its inputs; empty when nothing is known. */
  readonly stages: readonly ProvenanceStage[];
  readonly metrics: readonly ReportMetrics[];
  readonly curves: readonly ReportCurve[];
  readonly predictions: readonly ReportPredictions[];
  readonly datasets: readonly ReportDataset[];
  readonly artifacts: readonly ReportArtifact[];
}
