/** A row of the curve as figures with tags, the same in TensorBoard and in MLflow. */
import type { CurveRow } from '../curve.js';

/** `train/loss`, `train/learning_rate`, `validation/macro_f1`: what stands before the `/` is the group of a figure. */
export function scalarsOf({ step: _step, validation, ...training }: CurveRow): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(training)) scalars[`train/${name}`] = value;
  for (const [name, value] of Object.entries(validation ?? {})) scalars[`validation/${name}`] = value;
  return scalars;
}
