/**
 * Frozen layers below the lowest trained one, in the train stage: whether what they give is computed once and kept, and
 * where it is kept.
 */
import { type Activations, openActivations } from '../../artifacts/activations.js';
import type { TokenSplit } from '../../artifacts/tokens.js';
import type { Prefix } from '../../models/architecture.js';
import { frozenPrefix } from '../../models/frozen-prefix.js';
import type { Model } from '../../models/model.js';
import type { Progress, StageCache } from '../../plugin/define-stage.js';
import type { NamedHostTensors, Runtime } from '../../runtime/runtime.js';
import { featuresIdentity, featuresVersion, writeFeatures } from '../../training/frozen-features.js';
import { seesEveryExample, type TrainingShape } from '../../training/training-plan.js';
import type { TrainSettings } from './settings.js';

/** What is done about frozen layers. */
export interface FrozenLayers {
  readonly prefix: Prefix;
  /** They run once per example; else with every batch. */
  readonly fromFeatures: boolean;
}

/** How features are got. */
export interface FeatureSource {
  readonly cache: StageCache;
  readonly runtime: Runtime;
  readonly model: Model;
  readonly weights: NamedHostTensors;
  readonly settings: TrainSettings;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  readonly onMessage: (message: string) => void;
}

/**
 * Whether there is a frozen prefix, and whether its features are kept: not where masks change the inputs in every epoch,
 * nor where training ends before it has seen every example once.
 */
export function planFrozenLayers(
  settings: TrainSettings,
  model: Model,
  trainable: readonly string[],
  training: TrainingShape,
): FrozenLayers | undefined {
  if (settings.frozen_dropout) return undefined;
  const prefix = frozenPrefix(model.architecture, model.task, trainable);
  if (prefix === undefined) return undefined;
  const fromFeatures =
    settings.frozen_activations !== 'none' &&
    model.task === 'sequence-classification' &&
    seesEveryExample(training);
  return { prefix, fromFeatures };
}

/** The features of a split: those in the store, or new ones. */
export async function openFeatures(
  source: FeatureSource,
  prefix: Prefix,
  split: TokenSplit,
): Promise<Activations> {
  const { cache, runtime, model, weights, settings } = source;
  const precision = settings.frozen_activations === 'float16' ? 'float16' : 'float32';
  const options = { runtime, architecture: model.architecture, prefix, weights, split, precision } as const;
  let isNew = false;
  const folder = await cache.artifact(
    {
      name: 'frozen-activations',
      version: featuresVersion,
      kind: 'activations',
      data: featuresIdentity(options),
    },
    async (path) => {
      isNew = true;
      await writeFeatures(path, options, {
        signal: source.signal,
        onProgress: (done, total) => source.progress({ done, total, unit: 'examples' }),
      });
    },
  );
  const activations = await openActivations(folder);
  const rows = activations.offsets.at(-1) ?? 0;
  const bytes = rows * activations.width * (precision === 'float16' ? 2 : 4);
  source.onMessage(
    `Activations of the frozen ${describePrefix(prefix)} for ${split.examples.toLocaleString('en')} examples ` +
      `(${split.split}, ${megabytes(bytes)} MB): ${isNew ? 'computed once' : 'found in the store'}.`,
  );
  return activations;
}

function describePrefix({ layers, pooled }: Prefix): string {
  const encoder = layers === 1 ? 'embeddings and first layer' : `embeddings and first ${layers} layers`;
  return pooled ? `${encoder} and pooler` : encoder;
}

function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
