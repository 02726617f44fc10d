/** Settings of the train stage that change nothing with this model and these inputs. */
import type { ModelPart } from '../../models/architecture.js';
import type { Model } from '../../models/model.js';
import { type IdlePattern, idlePatterns, type RuleSetting } from '../../training/idle-rules.js';
import { groupRules } from './group-settings.js';
import type { TrainSettings } from './settings.js';

/** What the settings meet. */
export interface Circumstances {
  readonly model: Model;
  /** Further parts of the model that training computes with. */
  readonly further: readonly ModelPart[];
  /** Names of the parameters that are not frozen in the model. */
  readonly trainable: readonly string[];
  readonly hasValidation: boolean;
  readonly hasPenalties: boolean;
}

/**
 * A sentence for every setting that is of no account. They are no errors: the points of a sweep over what is frozen share their other
 * settings.
 */
export function idleSettings(settings: TrainSettings, circumstances: Circumstances): readonly string[] {
  const { model, further, trainable, hasValidation, hasPenalties } = circumstances;
  const parameters = model.architecture.parameters([...further, ...model.architecture.partsOf(model.task)]);
  const sentences = idlePatterns(parameters, trainable, groupRules(settings)).map(sentenceOf);
  if (!hasPenalties && settings.penalty_scale !== undefined) {
    sentences.push('penalty_scale has no effect: no penalty is wired in (penalties: [...]).');
  }
  if (!hasValidation) {
    for (const name of ['evaluate_every', 'best_metric'] as const) {
      if (settings[name] === undefined) continue;
      sentences.push(
        `${name} has no effect: nothing is evaluated without a validation split (wire tokens as a whole).`,
      );
    }
  }
  return sentences;
}

const settingNames: Readonly<Record<RuleSetting, string>> = {
  learningRate: 'learning_rate',
  weightDecay: 'weight_decay',
  isFrozen: 'frozen',
};

const reasons: Readonly<Record<IdlePattern['reason'], string>> = {
  'frozen-in-model': 'all that the pattern matches is frozen in the model (freeze-layers)',
  'frozen-by-rule': 'all that the pattern matches is frozen by a group of this stage',
  replaced: 'a later group sets the same for all that the pattern matches',
  'never-decayed': 'the pattern matches biases and LayerNorm alone, which have no weight decay',
  several: 'all that the pattern matches is frozen, set anew by a later group, or has no weight decay',
};

function sentenceOf({ rule, pattern, settings, reason }: IdlePattern): string {
  const names = settings.map((setting) => settingNames[setting]).join(' and ');
  const verb = settings.length === 1 ? 'has' : 'have';
  return `${names} of groups[${rule}] ${verb} no effect on '${pattern}': ${reasons[reason]}.`;
}
