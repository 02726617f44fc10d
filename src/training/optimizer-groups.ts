/**
 * Parameters with rates of their own: weight decay that leaves biases out, learning rates by pattern and by layer, layers
 * that start late.
 */
import type { Parameter } from '../models/architecture.js';
import { selectParameters } from '../models/parameter-patterns.js';

/** Parameters that are updated with the same rates. */
export interface OptimizerGroup {
  /** Tells the group from the others of the training. */
  readonly name: string;
  readonly parameters: readonly string[];
  /** The largest learning rate, before the schedule. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Passes over the data after which training of the parameters begins; until then they are frozen. */
  readonly startEpoch: number;
}

/** A group in a training whose number of steps is known. */
export interface TimedGroup extends OptimizerGroup {
  /** The first update that changes the parameters, from 0. */
  readonly startStep: number;
}

/** Settings for the parameters that a pattern chooses. */
export interface GroupRule {
  /** Patterns as `freeze-layers` takes them. */
  readonly match: readonly string[];
  /** Replaces the learning rate, also what layer decay would make of it. */
  readonly learningRate?: number;
  readonly weightDecay?: number;
  /** Leaves the parameters as they are. */
  readonly isFrozen?: boolean;
}

/** What groups are made from. */
export interface GroupOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** The learning rate is multiplied by this once for every layer below the head; 1 for equal rates. */
  readonly layerDecay: number;
  /** In order; where several choose a parameter, each setting is that of the last one. */
  readonly rules: readonly GroupRule[];
  /**
   * Gradual unfreezing (Howard and Ruder, "Universal language model fine-tuning for text classification", 2018, section
   * 3.3): passes over the data after which the next lower layer starts, the head being first; 0 for all at once.
   */
  readonly unfreezeEvery: number;
}

/**
 * The groups of a training, from the head down.
 *
 * @param parameters all parameters of the task, in the model's order.
 * @param trainable names of those that training may change. A rule's pattern that chooses no parameter at all is a
 * `UserError`.
 */
export function optimizerGroups(
  parameters: readonly Parameter[],
  trainable: readonly string[],
  options: GroupOptions,
): readonly OptimizerGroup[] {
  const settings = ruleSettings(parameters, options.rules);
  const isTrained = new Set(trainable);
  const trained = parameters.filter(({ name }) => isTrained.has(name) && !settings.get(name)?.isFrozen);
  const depths = depthsOf(parameters);
  const trainedDepths = [...new Set(trained.map(({ group }) => depths.get(group) ?? 0))].sort(ascending);
  const groups = new Map<string, OptimizerGroup>();
  for (const { name, group } of trained) {
    const depth = depths.get(group) ?? 0;
    const own = settings.get(name);
    const learningRate = own?.learningRate ?? options.learningRate * options.layerDecay ** depth;
    const weightDecay = isDecayed(name) ? (own?.weightDecay ?? options.weightDecay) : 0;
    const startEpoch = trainedDepths.indexOf(depth) * options.unfreezeEvery;
    const key = JSON.stringify([startEpoch, learningRate, weightDecay]);
    const members = groups.get(key)?.parameters ?? [];
    groups.set(key, {
      name: groups.get(key)?.name ?? String(groups.size),
      parameters: [...members, name],
      learningRate,
      weightDecay,
      startEpoch,
    });
  }
  return [...groups.values()];
}

/** Two groups, with weight decay and without, for parameters of which nothing is known but their names. */
export function plainGroups(
  trainable: readonly string[],
  { learningRate, weightDecay }: Pick<GroupOptions, 'learningRate' | 'weightDecay'>,
): readonly OptimizerGroup[] {
  const group = (name: string, parameters: readonly string[], decay: number): OptimizerGroup[] =>
    parameters.length === 0 ? [] : [{ name, parameters, learningRate, weightDecay: decay, startEpoch: 0 }];
  return [
    ...group('decayed', trainable.filter(isDecayed), weightDecay),
    ...group(
      'not-decayed',
      trainable.filter((name) => !isDecayed(name)),
      0,
    ),
  ];
}

/** The groups with the step at which each of them begins. */
export function timedGroups(groups: readonly OptimizerGroup[], stepsPerEpoch: number): readonly TimedGroup[] {
  return groups.map((group) => ({ ...group, startStep: Math.round(group.startEpoch * stepsPerEpoch) }));
}

/** The groups whose parameters the update with this index, from 0, changes. */
export function activeGroups(groups: readonly TimedGroup[], step: number): readonly TimedGroup[] {
  return groups.filter(({ startStep }) => startStep <= step);
}

/**
 * Whether weight decay applies to a parameter: not to biases and not to the weights of LayerNorm, as in transformers'
 * Trainer, told by their names in Hugging Face's layout.
 */
export function isDecayed(name: string): boolean {
  return !/(^|\.)bias$/.test(name) && !/layer_?norm/i.test(name);
}

/** Layers between a part of the model and its output: 0 for heads and pooler, 1 for the last layer, most for the embeddings. */
function depthsOf(parameters: readonly Parameter[]): ReadonlyMap<string, number> {
  const groups = [...new Set(parameters.map(({ group }) => group))];
  const layers = groups.flatMap((group) => layerOf(group) ?? []);
  const count = layers.length === 0 ? 0 : Math.max(...layers) + 1;
  return new Map(
    groups.map((group) => {
      const layer = layerOf(group);
      return [group, layer !== undefined ? count - layer : group === 'embeddings' ? count + 1 : 0];
    }),
  );
}

function layerOf(group: string): number | undefined {
  const layer = /^layers\.(\d+)$/.exec(group)?.[1];
  return layer === undefined ? undefined : Number(layer);
}

function ruleSettings(
  parameters: readonly Parameter[],
  rules: readonly GroupRule[],
): ReadonlyMap<string, Omit<GroupRule, 'match'>> {
  const settings = new Map<string, Omit<GroupRule, 'match'>>();
  for (const { match, ...own } of rules) {
    for (const name of selectParameters(parameters, match)) {
      settings.set(name, { ...settings.get(name), ...own });
    }
  }
  return settings;
}

function ascending(left: number, right: number): number {
  return left - right;
}
