/**
 * The optimizers by name.
 */
import { identified } from '../../runtime/identity.js';
import { type AdafactorOptions, adafactor } from './adafactor.js';
import { type AdamWOptions, adamW } from './adamw.js';
import { type LionOptions, lion } from './lion.js';
import type { Optimizer } from './optimizer.js';
import { type SgdOptions, sgd } from './sgd.js';

/** An optimizer's name and settings. */
export type OptimizerOptions = AdamWOptions | AdafactorOptions | SgdOptions | LionOptions;

/** The names of the optimizers. */
export type OptimizerName = OptimizerOptions['name'];

/** An optimizer with settings. */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  return identified(makeOptimizer(options), { ...options });
}

function makeOptimizer(options: OptimizerOptions): Optimizer {
  switch (options.name) {
    case 'adamw':
      return adamW(options);
    case 'adafactor':
      return adafactor(options);
    case 'sgd':
      return sgd(options);
    case 'lion':
      return lion(options);
  }
}

/** The settings that an optimizer has where nothing is said: those of PyTorch, of transformers' Trainer, and of Lion's paper. */
export const defaultOptimizers = {
  adamw: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  adafactor: {
    name: 'adafactor',
    beta1: 0,
    decayRate: -0.8,
    clipThreshold: 1,
    scaleParameter: false,
    epsilon: 1e-30,
    parameterEpsilon: 1e-3,
  },
  sgd: { name: 'sgd', momentum: 0, nesterov: false },
  lion: { name: 'lion', beta1: 0.9, beta2: 0.99 },
} as const satisfies { readonly [Name in OptimizerName]: Extract<OptimizerOptions, { name: Name }> };
