import { type Static, Type } from '@sinclair/typebox';
import { someAboveKeyword } from '../../plugin/setting-keywords.js';
import { trainingMetrics } from '../../training/objective.js';
import { penalizedLoss } from '../../training/penalized-evaluator.js';
import { groupSettings } from './group-settings.js';
import { logSettings } from './log-settings.js';
import { optimizerSettings } from './optimizer-settings.js';

const Metric = (description: string) =>
  Type.Union(
    [...trainingMetrics, penalizedLoss].map((name) => Type.Literal(name)),
    { description },
  );

/** The settings of the train stage. Names and defaults are those of transformers' Trainer where it has them. */
export const trainSettings = Type.Object(
  {
    epochs: Type.Number({
      default: 3,
      exclusiveMinimum: 0,
      description: 'Passes over the training data; a fraction ends within one.',
    }),
    max_steps: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Updates of the weights; when given, `epochs` is of no account.',
      }),
    ),
    batch_size: Type.Integer({ default: 32, minimum: 1, description: 'Examples of one batch.' }),
    batch_tokens: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'Instead of `batch_size`: padded tokens of one batch, so that batches of short texts have more of them.',
      }),
    ),
    gradient_accumulation: Type.Integer({
      default: 1,
      minimum: 1,
      description:
        'Batches that make up one update. It is the update of one batch of so many times the size: of the same examples, equal up to rounding.',
    }),
    recompute: Type.Optional(
      Type.Boolean({
        description:
          'Classification: keep only what each layer hands on, and compute the rest once more in the backward pass. Long texts and large batches then take less memory, and every step more time. Default: false.',
      }),
    ),
    ...optimizerSettings,
    ...groupSettings,
    dropout: Type.Optional(
      Type.Number({
        minimum: 0,
        exclusiveMaximum: 1,
        description: "Dropout in training, everywhere in the model. Default: the model's config.json.",
      }),
    ),
    frozen_dropout: Type.Boolean({
      default: false,
      description:
        "Dropout in frozen layers below the lowest trained one. Off, they give the same in every epoch and run once per example; Hugging Face's Trainer has it on.",
    }),
    frozen_activations: Type.Union([Type.Literal('float32'), Type.Literal('float16'), Type.Literal('none')], {
      default: 'float32',
      description:
        'How what these layers give is kept in the store: as it is, in half the space, or not at all: they then run with every batch.',
    }),
    class_weights: Type.Optional(
      Type.Union(
        [
          Type.Literal('balanced'),
          Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
            additionalProperties: false,
            [someAboveKeyword]: 0,
          }),
        ],
        {
          description:
            'Classification: `balanced` (inversely proportional to how often a label occurs), or a weight by label, one of them at least above 0; 1 for labels that are left out.',
        },
      ),
    ),
    label_smoothing: Type.Number({
      default: 0,
      minimum: 0,
      exclusiveMaximum: 1,
      description: 'Classification: share of the target that is spread evenly over all labels.',
    }),
    mask_probability: Type.Number({
      default: 0.15,
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'Masked language modelling: share of tokens that is to be predicted.',
    }),
    distillation: Type.Number({
      default: 1,
      minimum: 0,
      description:
        "With `targets`: the weight of the teacher's part, 1 - cosine, against the masked-language loss.",
    }),
    penalty_scale: Type.Optional(
      Type.Number({
        minimum: 0,
        description:
          'Factor on the strengths of all penalties: trainings of different strengths then share one penalty. Default: 1.',
      }),
    ),
    evaluate_every: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Steps from one evaluation on the validation split to the next. Default: once an epoch.',
      }),
    ),
    best_metric: Type.Optional(
      Metric(
        'What the best evaluation is told by: loss, penalized_loss (loss and penalties together), accuracy, macro_f1 (classification), perplexity (masked language modelling), cosine (with `targets`). Default: the metric of `early_stopping`, else penalized_loss where there are penalties and loss where there are none.',
      ),
    ),
    keep: Type.Optional(
      Type.Union([Type.Literal('best'), Type.Literal('last')], {
        description:
          'The weights that come out: those of the best evaluation, as `best_metric` tells it (with penalties: loss and penalties together), or the last ones. Default: best where there is a validation split.',
      }),
    ),
    early_stopping: Type.Optional(
      Type.Object(
        {
          patience: Type.Integer({
            default: 3,
            minimum: 1,
            description: 'Evaluations without a better one after which training stops.',
          }),
          metric: Type.Optional(Metric('What is watched, as `best_metric`. Default: loss.')),
          mode: Type.Optional(
            Type.Union([Type.Literal('min'), Type.Literal('max')], {
              description:
                'Whether small or large values are good. Default: min for losses, max for all else.',
            }),
          ),
          min_difference: Type.Number({
            default: 0,
            minimum: 0,
            description: 'Only a larger difference counts as better.',
          }),
        },
        {
          additionalProperties: false,
          description: 'Stops before the last step when evaluations get no better.',
        },
      ),
    ),
    log_every: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Steps from one row of the curve to the next. Default: some 500 rows in all.',
      }),
    ),
    keep_state: Type.Boolean({
      default: true,
      description:
        'Keep the state in which the training ends, so that one with more `epochs` or `max_steps` goes on from there, where the schedule allows it. Takes up to four times the space of the trained weights. Changes no result.',
    }),
    ...logSettings,
    checkpoint_every_seconds: Type.Number({
      default: 60,
      minimum: 0,
      description:
        'How often to write a checkpoint, from which a killed training goes on. Changes no result.',
    }),
  },
  { additionalProperties: false },
);

/** The settings of the train stage. */
export type TrainSettings = Static<typeof trainSettings>;
