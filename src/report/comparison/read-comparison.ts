import type { Comparison } from '../../comparison/compare-runs.js';
import { readCurve } from '../../training/curve.js';
import type { RunCurve } from './comparison-content.js';

/** Reads the curves that the compared runs left, in their order. A damaged one is a `UserError`. */
export async function readCurves({ runs }: Comparison): Promise<readonly RunCurve[]> {
  const curves: RunCurve[] = [];
  for (const [run, { stages }] of runs.entries()) {
    for (const { name, outputs } of stages) {
      for (const { kind, folder } of outputs) {
        if (kind === 'curve' && folder !== undefined) {
          curves.push({ run, stage: name, rows: await readCurve(folder) });
        }
      }
    }
  }
  return curves;
}
