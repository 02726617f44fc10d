/**
 * When a training with more epochs goes on where a shorter one ended: as long as the learning rates of the steps already done
 * do not depend on the number of steps in all.
 */
import type { AnewRule } from '../../plugin/define-stage.js';

/** The same as `isIndependentOfLength` of the schedules, for `roux why`, which computes nothing. */
export const startsAnew: readonly AnewRule[] = [
  {
    setting: 'schedule',
    unless: ['constant', 'inverse-sqrt'],
    because: 'the learning rates of the steps already done depend on the number of steps in all',
  },
  {
    setting: 'warmup',
    between: [0, 1],
    because: 'warmup is a share of all steps, so that the first steps have other learning rates',
  },
];
