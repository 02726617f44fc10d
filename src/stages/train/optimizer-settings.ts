/** The settings of the train stage that say how weights are updated. */
import { type Static, Type } from '@sinclair/typebox';
import { onlyWith } from '../../plugin/conditional-setting.js';
import { defaultOptimizers, type OptimizerOptions } from '../../training/optimizers/index.js';
import { scheduleNames } from '../../training/schedules.js';
import type { TrainingSettings } from '../../training/training-options.js';

const decayShapes = ['cosine', 'linear', '1-sqrt'] as const;

/** Optimizer, its constants, and the course of the learning rate. */
export const optimizerSettings = {
  optimizer: Type.Union(
    [Type.Literal('adamw'), Type.Literal('adafactor'), Type.Literal('sgd'), Type.Literal('lion')],
    {
      default: 'adamw',
      description:
        'How gradients become new weights: adamw; adafactor (little memory); sgd, with `momentum` if given; lion (a tenth of the learning rate of adamw, and ten times its weight decay).',
    },
  ),
  learning_rate: Type.Number({
    default: 5e-5,
    exclusiveMinimum: 0,
    description: 'The largest learning rate, reached after warmup.',
  }),
  weight_decay: Type.Number({
    default: 0,
    minimum: 0,
    description:
      'Weight decay of all weights but biases and those of LayerNorm; decoupled from the gradient, but for sgd, where it is added to it.',
  }),
  beta1: Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      description:
        'Decay rate of the mean of gradients (adafactor: of updates). Default: 0.9; adafactor: 0, none.',
      ...onlyWith('optimizer', ['adamw', 'lion', 'adafactor']),
    }),
  ),
  beta2: Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      description:
        'Decay rate of the mean of squared gradients; lion: of its momentum. Default: 0.999; lion: 0.99.',
      ...onlyWith('optimizer', ['adamw', 'lion']),
    }),
  ),
  epsilon: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description:
        'adamw: added to the square root of the second moment; adafactor: added to squared gradients. Default: 1e-8; adafactor: 1e-30.',
      ...onlyWith('optimizer', ['adamw', 'adafactor']),
    }),
  ),
  momentum: Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      description: 'sgd: share of the last direction that is kept. Default: 0.',
      ...onlyWith('optimizer', ['sgd']),
    }),
  ),
  nesterov: Type.Optional(
    Type.Boolean({
      description: "sgd: Nesterov's momentum. Default: false.",
      ...onlyWith('momentum'),
    }),
  ),
  decay_rate: Type.Optional(
    Type.Number({
      exclusiveMaximum: 0,
      description:
        'adafactor: squared gradients are remembered with the rate 1 - step^decay_rate. Default: -0.8.',
      ...onlyWith('optimizer', ['adafactor']),
    }),
  ),
  clip_threshold: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'adafactor: updates are scaled down to this root mean square. Default: 1.',
      ...onlyWith('optimizer', ['adafactor']),
    }),
  ),
  scale_parameter: Type.Optional(
    Type.Boolean({
      description:
        'adafactor: learning rates are relative to the root mean square of each parameter. Default: false.',
      ...onlyWith('optimizer', ['adafactor']),
    }),
  ),
  max_gradient_norm: Type.Number({
    default: 1,
    minimum: 0,
    description:
      'Gradients of loss and penalties, added up, are scaled down to this norm, all parameters together; 0 for no clipping.',
  }),
  schedule: Type.Union(
    scheduleNames.map((name) => Type.Literal(name)),
    {
      default: 'linear',
      description:
        'How the learning rate goes on after warmup: down to 0 on a line, on half a cosine, on several (`cycles`) or on a power of a line (`power`); level; down with the inverse root of the step; level and down at the end (`decay`); or up and down once, beginning at a 25th (one-cycle).',
    },
  ),
  warmup: Type.Optional(
    Type.Number({
      minimum: 0,
      description:
        'Rise of the learning rate at the start: a ratio of all steps below 1, or a number of steps. Default: 0; one-cycle: 0.3.',
    }),
  ),
  cycles: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'cosine-with-restarts: how many times the cosine is run through. Default: 1.',
      ...onlyWith('schedule', ['cosine-with-restarts']),
    }),
  ),
  power: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'polynomial: its degree. Default: 1.',
      ...onlyWith('schedule', ['polynomial']),
    }),
  ),
  final_learning_rate: Type.Optional(
    Type.Number({
      minimum: 0,
      description: 'Where the schedule ends. Default: 0.',
      ...onlyWith('schedule', ['cosine', 'polynomial', 'warmup-stable-decay']),
    }),
  ),
  decay: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description:
        'warmup-stable-decay: the falling part, as a ratio of all steps below 1 or a number of steps. Default: 0.1.',
      ...onlyWith('schedule', ['warmup-stable-decay']),
    }),
  ),
  decay_shape: Type.Optional(
    Type.Union(
      decayShapes.map((name) => Type.Literal(name)),
      {
        description: 'warmup-stable-decay: the shape of the fall. Default: cosine.',
        ...onlyWith('schedule', ['warmup-stable-decay']),
      },
    ),
  ),
};

const optimizerObject = Type.Object(optimizerSettings);

/** These settings after defaults. */
export type OptimizerSettings = Static<typeof optimizerObject>;

/** The settings as training takes them. */
export function updateSettings(
  settings: OptimizerSettings,
): Pick<
  TrainingSettings,
  | 'optimizer'
  | 'learningRate'
  | 'weightDecay'
  | 'maximumGradientNorm'
  | 'schedule'
  | 'warmup'
  | 'cycles'
  | 'power'
  | 'finalLearningRate'
  | 'decay'
  | 'decayShape'
> {
  const { cycles, power, final_learning_rate: finalLearningRate, decay, decay_shape: decayShape } = settings;
  return {
    optimizer: optimizerOptions(settings),
    learningRate: settings.learning_rate,
    weightDecay: settings.weight_decay,
    maximumGradientNorm: settings.max_gradient_norm,
    schedule: settings.schedule,
    warmup: settings.warmup ?? (settings.schedule === 'one-cycle' ? ONE_CYCLE_WARMUP : 0),
    ...(cycles === undefined ? {} : { cycles }),
    ...(power === undefined ? {} : { power }),
    ...(finalLearningRate === undefined ? {} : { finalLearningRate }),
    ...(decay === undefined ? {} : { decay }),
    ...(decayShape === undefined ? {} : { decayShape }),
  };
}

/** PyTorch's `pct_start`. */
const ONE_CYCLE_WARMUP = 0.3;

function optimizerOptions(settings: OptimizerSettings): OptimizerOptions {
  const { optimizer, beta1, beta2, epsilon, momentum, nesterov } = settings;
  const given = <Value extends object>(value: Value): Partial<Value> =>
    Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<Value>;
  switch (optimizer) {
    case 'adamw':
      return { ...defaultOptimizers.adamw, ...given({ beta1, beta2, epsilon }) };
    case 'lion':
      return { ...defaultOptimizers.lion, ...given({ beta1, beta2 }) };
    case 'sgd':
      return { ...defaultOptimizers.sgd, ...given({ momentum, nesterov }) };
    case 'adafactor':
      return {
        ...defaultOptimizers.adafactor,
        ...given({
          beta1,
          epsilon,
          decayRate: settings.decay_rate,
          clipThreshold: settings.clip_threshold,
          scaleParameter: settings.scale_parameter,
        }),
      };
  }
}
