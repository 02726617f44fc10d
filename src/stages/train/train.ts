import type { Activations } from '../../artifacts/activations.js';
import { readPenalty } from '../../artifacts/penalty.js';
import { noLabel } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import { createRandom } from '../../data/random.js';
import type { Architecture, ModelPart } from '../../models/architecture.js';
import { withConfigFields } from '../../models/families.js';
import { prefixParameters } from '../../models/frozen-prefix.js';
import { type Model, saveModel } from '../../models/model.js';
import { defineStage, type InputArtifact, type Progress } from '../../plugin/define-stage.js';
import { openRuntime } from '../../runtime/open-runtime.js';
import { modeOf } from '../../training/best.js';
import { exampleLengths } from '../../training/collate.js';
import { writeCurve } from '../../training/curve.js';
import type { TrainingEnd } from '../../training/logs/curve-log.js';
import { balancedClassWeights } from '../../training/losses.js';
import type { Objective } from '../../training/objective.js';
import { distilledData } from '../../training/objectives/distilled-language-model.js';
import {
  createObjective,
  createObjectiveData,
  type ObjectiveSettings,
} from '../../training/objectives/index.js';
import { penalizedLoss } from '../../training/penalized-evaluator.js';
import type { QuadraticPenalty } from '../../training/penalties/quadratic.js';
import { train } from '../../training/trainer.js';
import type { TrainingProgress, TrainingResult, TrainingSettings } from '../../training/training-options.js';
import { startsAnew } from './continuation.js';
import { openFeatures, planFrozenLayers } from './frozen-layers.js';
import { groupsOf } from './group-settings.js';
import { idleSettings } from './idle-settings.js';
import {
  loadModelFor,
  type ModelTokens,
  openTokensOf,
  readTokensFor,
  requireSeveralLabels,
  trainableWeights,
} from './inputs.js';
import { createLog } from './log-settings.js';
import { updateSettings } from './optimizer-settings.js';
import { type TrainSettings, trainSettings } from './settings.js';
import { readTargets, requireDistillable } from './targets.js';

export default defineStage({
  type: 'train',
  version: 6,
  summary: 'Trains a model on tokens',
  description: `What is trained for follows from the model's task: cross entropy for classification, masked language modelling with masks
drawn anew in every epoch otherwise. Frozen weights (\`freeze-layers\`) stay as they are. A classifier whose head has
other classes than the data gets a fresh one.

Where the embeddings and the lowest layers are frozen, a classifier's training computes them once per example, without
dropout, and keeps what they give in the store, for every later training that has the same layers frozen.

Wired as a whole, tokens are trained on their split \`train\` and evaluated on \`validation\`; wired as a part
(\`tokens.train\`), on that part, without evaluation.

The weights of the best evaluation come out. A training that was cancelled writes a checkpoint; one that was killed has the
last one, at most \`checkpoint_every_seconds\` old. Both go on from there and end with the same bytes as a training that
nothing disturbed.`,
  settings: trainSettings,
  inputs: {
    model: { kind: 'model', description: 'The model to start from.' },
    tokens: { kind: 'tokens', description: 'What to learn from.' },
    penalties: {
      kind: 'penalty',
      description: 'Penalties of older tasks (`ewc`), which add up.',
      optional: true,
      many: true,
    },
    targets: {
      kind: 'embeddings',
      description:
        "A teacher's embedding of every example: a masked language model also learns to sum texts up as the teacher does (`distillation`).",
      optional: true,
    },
  },
  outputs: {
    model: { kind: 'model', description: 'The trained model.' },
    curve: {
      kind: 'curve',
      description:
        'Loss, learning rate and validation by step: JSONL, CSV and an event file for TensorBoard.',
    },
  },
  seeded: true,
  tensors: true,
  threads: 'all',
  stopSeconds: 20,
  continuation: { extent: ['epochs', 'max_steps'], anew: startsAnew },
  keyless: ['checkpoint_every_seconds', 'keep_state', 'log_to'],
  async run({ settings, inputs, outputs, seed, runtime: choice, signal, log, progress, ...folders }) {
    const { scratch, cache, continuation } = folders;
    const { tokens, split } = await openTokensOf(inputs.tokens);
    const { model, replaced } = await loadModelFor(inputs.model, tokens, createRandom(seed).fork('head'));
    if (replaced) log.info(`The classifier starts anew, for the labels ${list(tokens.labels ?? [])}.`);
    const data = await readTokensFor(inputs.tokens, tokens, split, model);
    const { labels } = model.architecture.config;
    if (model.task === 'sequence-classification') requireSeveralLabels(inputs.tokens, data.train, labels);
    const { targets } = inputs;
    if (targets !== undefined) requireDistillable(targets, model);
    const further: readonly ModelPart[] = targets === undefined ? [] : ['pooler'];
    const { weights, denseWeights, ...unfrozen } = trainableWeights(model, further);
    const { groups, trainable } = groupsOf(model, unfrozen.trainable, settings, further);
    const penalties = await readPenalties(inputs.penalties ?? [], settings.penalty_scale ?? 1);
    const idle = idleSettings(settings, {
      model,
      further,
      trainable: unfrozen.trainable,
      hasValidation: data.validation !== undefined,
      hasPenalties: penalties.length > 0,
    });
    for (const sentence of idle) log.warning(sentence);
    if (replaced && holdsClassifier(penalties, model, trainable)) {
      log.warning(
        'A penalty holds the new classifier at the head of the model that it was measured with (include_head of its ewc stage): leave that out unless that head is of the same labels.',
      );
    }

    const architecture = withDropout(model.architecture, settings.dropout);
    const objectiveSettings = {
      ...objectiveSettingsOf(settings, model, data),
      ...(targets === undefined ? {} : { distillationWeight: settings.distillation }),
    };
    const trainingSettings = trainingSettingsOf(
      settings,
      createObjective(architecture, model.task, objectiveSettings),
      data,
      penalties.length > 0,
    );
    const { maximumLength } = architecture.config;
    const frozen = planFrozenLayers(settings, model, trainable, {
      data: { lengths: exampleLengths(data.train) },
      settings: trainingSettings,
      maximumLength,
      denseWeights,
    });
    const partly = { ...objectiveSettings, ...frozen };
    const objective = createObjective(architecture, model.task, partly);

    // What changes no result must not reach an artifact.
    const { checkpoint_every_seconds: _often, keep_state: _kept, log_to: logTo = {}, ...training } = settings;
    const curveLog = createLog(logTo, {
      training,
      environment: process.env,
      now: Date.now,
      onFailure: (message) => log.warning(message),
    });
    let end: TrainingEnd = 'failed';

    const runtime = await openRuntime(choice.name, { ...choice, onFallback: log.warning });
    const opened: Activations[] = [];
    const dataOf = async (part: ModelTokens['train']) => {
      if (frozen?.fromFeatures !== true) {
        const plain = createObjectiveData(architecture, model.task, tokens, part, partly);
        return targets === undefined ? plain : distilledData(plain, await readTargets(targets, model, part));
      }
      const source = { cache, runtime, model, weights, settings, signal, progress };
      const activations = await openFeatures({ ...source, onMessage: log.info }, frozen.prefix, part);
      opened.push(activations);
      return createObjectiveData(architecture, model.task, tokens, part, partly, activations);
    };
    try {
      const result = await train({
        runtime,
        objective,
        weights,
        trainable,
        groups,
        ...(frozen?.fromFeatures === true ? { unread: prefixParameters(architecture, frozen.prefix) } : {}),
        data: await dataOf(data.train),
        ...(data.validation === undefined ? {} : { validation: await dataOf(data.validation) }),
        penalties,
        settings: trainingSettings,
        maximumLength,
        denseWeights,
        seed,
        signal,
        ...(continuation !== undefined && settings.keep_state ? { continuation } : {}),
        checkpoints: { folder: scratch, everySeconds: settings.checkpoint_every_seconds },
        clock: () => performance.now() / 1000,
        log: curveLog,
        onProgress: (state) => progress(shown(state)),
        onMessage: (message) => log.info(message),
      });
      const weightsNow = { ...model.weights, ...result.weights };
      await saveModel(
        { ...model, weights: weightsNow, training, maximumTrainedLength: tokens.maxLength },
        outputs.model.path,
      );
      await writeCurve(outputs.curve.path, result.curve);
      end = 'finished';
      return { metrics: metricsOf(result), summary: summaryOf(result) };
    } finally {
      await curveLog.end(signal.aborted ? 'cancelled' : end);
      for (const activations of opened) activations.close();
      await runtime.dispose();
    }
  },
});

async function readPenalties(
  inputs: readonly InputArtifact[],
  scale: number,
): Promise<readonly QuadraticPenalty[]> {
  const penalties: QuadraticPenalty[] = [];
  for (const { path } of inputs) {
    const { strength, fisherInformation, anchor } = await readPenalty(path);
    penalties.push({ strength: strength * scale, fisher: fisherInformation, anchor });
  }
  return penalties;
}

/** Whether training would draw the classifier to old weights. */
function holdsClassifier(
  penalties: readonly QuadraticPenalty[],
  model: Model,
  trainable: readonly string[],
): boolean {
  return model.architecture
    .parameters(['sequence-classification'])
    .some(
      ({ name, group }) =>
        group === 'classifier' &&
        trainable.includes(name) &&
        penalties.some(({ strength, anchor }) => strength > 0 && Object.hasOwn(anchor, name)),
    );
}

/** Dropout is a matter of this training: config.json keeps what the model came with. */
function withDropout(architecture: Architecture, dropout: number | undefined): Architecture {
  if (dropout === undefined) return architecture;
  return withConfigFields(architecture, {
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    classifier_dropout: dropout,
  });
}

function objectiveSettingsOf(settings: TrainSettings, model: Model, data: ModelTokens): ObjectiveSettings {
  if (model.task === 'masked-language-modeling') {
    if (settings.recompute === true) {
      throw new UserError({
        code: 'train/classification-only',
        message: 'recompute is for classification; this model is a masked language model.',
        help: 'Use a smaller batch_size with gradient_accumulation, or load the model with task: sequence-classification.',
      });
    }
    if (settings.class_weights !== undefined || settings.label_smoothing > 0) {
      throw new UserError({
        code: 'train/classification-only',
        message:
          'class_weights and label_smoothing are for classification; this model is a masked language model.',
        help: 'Leave them out, or load the model with task: sequence-classification.',
      });
    }
    return { maskProbability: settings.mask_probability };
  }
  const classWeights = classWeightsOf(settings.class_weights, model, data);
  return {
    recompute: settings.recompute ?? false,
    labelSmoothing: settings.label_smoothing,
    ...(classWeights === undefined ? {} : { classWeights }),
  };
}

function classWeightsOf(
  setting: TrainSettings['class_weights'],
  model: Model,
  data: ModelTokens,
): readonly number[] | undefined {
  const { labels } = model.architecture.config;
  if (setting === undefined) return undefined;
  if (setting === 'balanced') {
    const given = (data.train.labels ?? new Int32Array()).filter((label) => label !== noLabel);
    return balancedClassWeights(given, labels.length);
  }
  const unknown = Object.keys(setting).find((label) => !labels.includes(label));
  if (unknown !== undefined) {
    throw new UserError({
      code: 'train/class-weights',
      message: `class_weights names the label '${unknown}', which the data does not have.`,
      found: unknown,
      expected: `one of ${list(labels)}`,
    });
  }
  const weights = labels.map((label) => setting[label] ?? 1);
  const learned = [...new Set(data.train.labels ?? [])].filter((label) => label !== noLabel);
  if (learned.length > 0 && learned.every((label) => weights[label] === 0)) {
    throw new UserError({
      code: 'train/class-weights',
      message:
        'class_weights gives every label of the training data the weight 0, so there is nothing to learn.',
      found: list(learned.map((label) => `${labels[label] ?? label}: 0`)),
      expected: 'a weight above 0 for a label that the training data has',
    });
  }
  return weights;
}

function trainingSettingsOf(
  settings: TrainSettings,
  objective: Objective,
  data: ModelTokens,
  isPenalized: boolean,
): TrainingSettings {
  const stopping = settings.early_stopping;
  const metric = settings.best_metric ?? stopping?.metric ?? (isPenalized ? penalizedLoss : 'loss');
  requireMetric(metric, [...objective.metrics, ...(isPenalized ? [penalizedLoss] : [])], settings);
  if (data.validation === undefined && (stopping !== undefined || settings.keep === 'best')) {
    throw new UserError({
      code: 'train/no-validation',
      message: 'There is no validation split to find the best step with.',
      found: stopping === undefined ? 'keep: best' : 'early_stopping',
      expected: 'tokens with a split named validation, wired as a whole (tokens, not tokens.train)',
      help: 'Give load-dataset a validation split (split: { train: 0.8, validation: 0.1, test: 0.1 }) or use keep: last.',
    });
  }
  return {
    epochs: settings.epochs,
    ...(settings.max_steps === undefined ? {} : { maximumSteps: settings.max_steps }),
    batchSize: settings.batch_size,
    ...(settings.batch_tokens === undefined ? {} : { batchTokens: settings.batch_tokens }),
    gradientAccumulation: settings.gradient_accumulation,
    ...updateSettings(settings),
    ...(settings.ema === undefined ? {} : { averageDecay: settings.ema }),
    ...(settings.evaluate_every === undefined ? {} : { evaluateEvery: settings.evaluate_every }),
    best: {
      metric,
      mode: stopping?.mode ?? modeOf(metric),
      ...(stopping === undefined ? {} : { patience: stopping.patience }),
      minimumDifference: stopping?.min_difference ?? 0,
    },
    keep: settings.keep ?? (data.validation === undefined ? 'last' : 'best'),
    ...(settings.log_every === undefined ? {} : { logEvery: settings.log_every }),
  };
}

function requireMetric(metric: string, measured: readonly string[], settings: TrainSettings): void {
  const other = settings.early_stopping?.metric;
  if (settings.best_metric !== undefined && other !== undefined && other !== settings.best_metric) {
    throw new UserError({
      code: 'train/two-metrics',
      message: 'best_metric and early_stopping.metric name different metrics.',
      found: `${settings.best_metric} and ${other}`,
      help: 'One is enough: it tells the best evaluation and when to stop.',
    });
  }
  if (measured.includes(metric)) return;
  throw new UserError({
    code: 'train/metric',
    message: `Evaluations during training do not measure '${metric}'.`,
    found: metric,
    expected: `one of ${list(measured)}`,
  });
}

function shown({ step, totalSteps, figures, tokensPerSecond, validation }: TrainingProgress): Progress {
  const held = Object.entries(validation ?? {}).map(
    ([name, value]) => [`validation_${name}`, value] as const,
  );
  return {
    done: step,
    total: totalSteps,
    unit: 'steps',
    values: {
      loss: figures.loss,
      ...(figures.penalty > 0 ? { penalty: figures.penalty } : {}),
      learning_rate: figures.learningRate,
      tokens_per_second: tokensPerSecond,
      ...Object.fromEntries(held),
    },
  };
}

function metricsOf(result: TrainingResult): Record<string, number> {
  const validation = Object.entries(result.validation ?? {});
  return {
    train_loss: result.trainingLoss,
    ...Object.fromEntries(validation.map(([name, value]) => [`validation_${name}`, value])),
    steps: result.steps,
    best_step: result.keptStep,
  };
}

function summaryOf(result: TrainingResult): string {
  const { steps, trainingLoss, validation, keptStep, stoppedEarly } = result;
  const parts = [`${steps.toLocaleString('en')} steps`, `loss ${trainingLoss.toFixed(4)}`];
  if (validation?.loss !== undefined) parts.push(`validation loss ${validation.loss.toFixed(4)}`);
  if (validation?.macro_f1 !== undefined) parts.push(`macro F1 ${validation.macro_f1.toFixed(4)}`);
  if (stoppedEarly) parts.push('stopped early');
  if (keptStep !== steps) parts.push(`best at step ${keptStep.toLocaleString('en')}`);
  return parts.join(', ');
}

function list(names: readonly string[]): string {
  const shownNames = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${shownNames} and ${names.length - 10} more` : shownNames;
}
