/**
 * Settings that several stages that measure models share.
 */
import { Type } from '@sinclair/typebox';
import { splitNames } from '../../artifacts/kinds.js';

/** The split to look at. */
export const SplitSetting = Type.Optional(
  Type.Union(
    splitNames.map((name) => Type.Literal(name)),
    {
      description:
        'The split to look at, where the whole artifact is wired. Default: test. Wiring a part (`tokens.test`) says the same.',
    },
  ),
);

/** The positive class. */
export const PositiveLabelSetting = Type.Optional(
  Type.String({
    minLength: 1,
    description: 'The label that counts as positive. Default with two labels: the second one.',
  }),
);

/** Tokens of one batch. */
export const BatchTokensSetting = Type.Optional(
  Type.Integer({
    minimum: 1,
    description:
      'Tokens that go through the model at once, padding included; changes speed and memory, and results by rounding at most. ' +
      'Default: 512 where a classifier gives probabilities on the processor, else 4096.',
  }),
);

/** How often the bootstrap draws. */
export const ResamplesSetting = Type.Integer({
  default: 1000,
  minimum: 0,
  maximum: 100_000,
  description: 'Bootstrap resamples behind each interval; 0 for no intervals.',
});

/** How much an interval covers. */
export const ConfidenceSetting = Type.Number({
  default: 0.95,
  exclusiveMinimum: 0,
  exclusiveMaximum: 1,
  description: 'The share of resamples that an interval covers.',
});

/** The share of tokens that is hidden. */
export const MaskProbabilitySetting = Type.Number({
  default: 0.15,
  exclusiveMinimum: 0,
  exclusiveMaximum: 1,
  description: 'The share of tokens that a masked language model has to guess.',
});
