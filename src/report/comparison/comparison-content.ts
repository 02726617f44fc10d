/** Everything that a page about several runs shows. */
import type { Comparison } from '../../comparison/compare-runs.js';
import type { ComparedSweep } from '../../comparison/compared-sweep.js';
import type { CurveRow } from '../../training/curve.js';

/** The curve of a stage of a run. */
export interface RunCurve {
  /** Index into the comparison's runs. */
  readonly run: number;
  readonly stage: string;
  readonly rows: readonly CurveRow[];
}

/** The whole page. */
export interface ComparisonContent {
  readonly title: string;
  readonly description: string;
  readonly comparison: Comparison;
  readonly curves: readonly RunCurve[];
  /** Where the runs are trials of a sweep. */
  readonly sweep?: ComparedSweep;
}
