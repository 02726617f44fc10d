/** The settings of the train stage that treat parts of the model differently. */
import { type Static, Type } from '@sinclair/typebox';
import type { ModelPart } from '../../models/architecture.js';
import type { Model } from '../../models/model.js';
import { formKeyword } from '../../plugin/setting-keywords.js';
import { type GroupRule, type OptimizerGroup, optimizerGroups } from '../../training/optimizer-groups.js';
import { nothingToTrain } from './inputs.js';

const Pattern = Type.String({ minLength: 1, [formKeyword]: 'parameter-pattern' });

/** Rates by part of the model, layers that start late, and the average of the weights. */
export const groupSettings = {
  layer_decay: Type.Number({
    default: 1,
    exclusiveMinimum: 0,
    maximum: 1,
    description:
      'Factor on the learning rate for every layer below the head: the last layer has it once, the embeddings once more than the first layer. 1: equal rates.',
  }),
  groups: Type.Optional(
    Type.Array(
      Type.Object(
        {
          match: Type.Union([Pattern, Type.Array(Pattern, { minItems: 1 })], {
            description: 'Which parameters: patterns as `freeze-layers` takes them.',
          }),
          learning_rate: Type.Optional(
            Type.Number({
              exclusiveMinimum: 0,
              description: 'Their largest learning rate, whatever `layer_decay` says.',
            }),
          ),
          weight_decay: Type.Optional(
            Type.Number({
              minimum: 0,
              description: 'Their weight decay; biases and LayerNorm are left out of it as elsewhere.',
            }),
          ),
          frozen: Type.Optional(
            Type.Boolean({
              description: 'They stay as they are in this training; the model does not remember it.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      {
        description:
          'Settings for some parameters. Where several groups match one, each setting is that of the last. A pattern that matches nothing is an error; one that matches frozen parameters alone is a warning.',
      },
    ),
  ),
  gradual_unfreezing: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description:
        'The head is trained first; after so many epochs the last layer too, then the one below it, at last the embeddings (ULMFiT).',
    }),
  ),
  ema: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description:
        'Decay of an exponential moving average of the weights, 0.999 for example; the average is what is evaluated and what comes out.',
    }),
  ),
};

const groupObject = Type.Object(groupSettings);

/** These settings after defaults, and the rates that groups start from. */
export type GroupSettings = Static<typeof groupObject> & {
  readonly learning_rate: number;
  readonly weight_decay: number;
};

/** The parameters of the task and of further parts that are trained, with their rates. Throws a UserError when none is left. */
export function groupsOf(
  model: Model,
  trainable: readonly string[],
  settings: GroupSettings,
  further: readonly ModelPart[] = [],
): { readonly groups: readonly OptimizerGroup[]; readonly trainable: readonly string[] } {
  const { architecture, task } = model;
  const parameters = architecture.parameters([...further, ...architecture.partsOf(task)]);
  const groups = optimizerGroups(parameters, trainable, {
    learningRate: settings.learning_rate,
    weightDecay: settings.weight_decay,
    layerDecay: settings.layer_decay,
    unfreezeEvery: settings.gradual_unfreezing ?? 0,
    rules: groupRules(settings),
  });
  const trained = new Set(groups.flatMap(({ parameters }) => parameters));
  if (trained.size === 0) throw nothingToTrain('Freeze less in the groups of this stage.');
  return { groups, trainable: trainable.filter((name) => trained.has(name)) };
}

/** The groups as rules for parameters. */
export function groupRules({ groups = [] }: Pick<GroupSettings, 'groups'>): readonly GroupRule[] {
  return groups.map(({ match, ...own }) => ({
    match: typeof match === 'string' ? [match] : match,
    ...(own.learning_rate === undefined ? {} : { learningRate: own.learning_rate }),
    ...(own.weight_decay === undefined ? {} : { weightDecay: own.weight_decay }),
    ...(own.frozen === undefined ? {} : { isFrozen: own.frozen }),
  }));
}
