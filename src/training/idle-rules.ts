/** Rules for groups of parameters that change nothing. */
import type { Parameter } from '../models/architecture.js';
import { selectParameters } from '../models/parameter-patterns.js';
import { type GroupRule, isDecayed } from './optimizer-groups.js';

/** A pattern of a rule whose settings reach no parameter that training changes. */
export interface IdlePattern {
  /** The rule's place in the list, from 0. */
  readonly rule: number;
  readonly pattern: string;
  /** The settings that are of no account. */
  readonly settings: readonly RuleSetting[];
  readonly reason: 'frozen-in-model' | 'frozen-by-rule' | 'replaced' | 'never-decayed' | 'several';
}

/** What a rule sets. */
export type RuleSetting = Exclude<keyof GroupRule, 'match'>;

/**
 * The patterns whose rule sets something that changes no parameter they choose: because all of them are frozen, because later
 * rules set the same anew, or because weight decay leaves biases and LayerNorm out.
 *
 * @param parameters all parameters of the task.
 * @param trainable names of those that are not frozen in the model.
 */
export function idlePatterns(
  parameters: readonly Parameter[],
  trainable: readonly string[],
  rules: readonly GroupRule[],
): readonly IdlePattern[] {
  const isTrainable = new Set(trainable);
  const choices = rules.map(({ match }) => selectParameters(parameters, match));
  /** The last rule that says this of the parameter. */
  const deciding = (name: string, setting: RuleSetting) =>
    rules.findLastIndex((rule, index) => rule[setting] !== undefined && choices[index]?.has(name));
  const obstacle = (name: string, rule: number, setting: RuleSetting): IdlePattern['reason'] | undefined => {
    if (!isTrainable.has(name)) return 'frozen-in-model';
    if (deciding(name, setting) !== rule) return 'replaced';
    if (setting === 'isFrozen') return undefined;
    if (rules[deciding(name, 'isFrozen')]?.isFrozen) return 'frozen-by-rule';
    return setting === 'weightDecay' && !isDecayed(name) ? 'never-decayed' : undefined;
  };

  return rules.flatMap(({ match, ...own }, rule) =>
    match.flatMap((pattern) => {
      const names = [...selectParameters(parameters, [pattern])];
      const idle = (Object.keys(own) as RuleSetting[])
        .filter((setting) => own[setting] !== undefined)
        .map((setting) => ({ setting, obstacles: names.map((name) => obstacle(name, rule, setting)) }))
        .filter(({ obstacles }) => !obstacles.includes(undefined));
      if (idle.length === 0) return [];
      const reasons = new Set(idle.flatMap(({ obstacles }) => obstacles));
      const [only] = reasons;
      const reason = reasons.size > 1 || only === undefined ? 'several' : only;
      return [{ rule, pattern, settings: idle.map(({ setting }) => setting), reason }];
    }),
  );
}
