import { Type } from '@sinclair/typebox';
import { type Penalty, readPenalty, writePenalty } from '../../artifacts/penalty.js';
import { UserError } from '../../artifacts/user-error.js';
import type { Parameter } from '../../models/architecture.js';
import { type Model, taskParameters, weightsOf } from '../../models/model.js';
import { defineStage } from '../../plugin/define-stage.js';
import { openRuntime } from '../../runtime/open-runtime.js';
import type { NamedHostTensors } from '../../runtime/runtime.js';
import { createObjective, createObjectiveData } from '../../training/objectives/index.js';
import { estimateFisher, type FisherKind, LARGEST_EXACT_CLASSES } from '../../training/penalties/fisher.js';
import { addFisher, meanFisher, scaleFisher } from '../../training/penalties/online.js';
import { loadOldModel, openTokensOf, readTokensFor, trainableWeights } from '../train/inputs.js';

export default defineStage({
  type: 'ewc',
  version: 2,
  summary: 'Measures which weights matter for what a model knows, as a penalty for later training',
  description: `Elastic weight consolidation (Kirkpatrick et al. 2017): the diagonal of the Fisher information of the old task, on the old
task's data, with the old task's head. Wired into \`train\` as a penalty it adds strength / 2 x sum F (weight - old weight)^2 to
the loss.

\`fisher\` says where labels come from. \`exact\` takes the expectation over all labels (classification only; for two labels it costs
no more than one label), \`sampled\` draws one from the model, \`empirical\` takes the data's. In masked language modelling an example
is a sequence with its masks, its log-likelihood the sum over its masked tokens.

Several penalties wired into one \`train\` add up. With \`previous\` wired they become one (online EWC, Schwarz et al. 2018):
F = gamma x F(previous) x strength(previous) / strength + F(this task), held at this model's weights, so that each
task counts with the strength that it was given. Both need the same \`normalize\`.

Frozen weights and, unless \`include_head\` is set, the weights of the head are left out.`,
  settings: Type.Object(
    {
      strength: Type.Number({
        default: 1000,
        minimum: 0,
        description:
          'Lambda: how much the old task counts. 0 for none; useful values differ by orders of magnitude.',
      }),
      samples: Type.Integer({
        default: 512,
        minimum: 1,
        description: 'Examples that the estimate is made from, drawn without replacement.',
      }),
      fisher: Type.Optional(
        Type.Union([Type.Literal('exact'), Type.Literal('sampled'), Type.Literal('empirical')], {
          description: `Where labels come from. Default: exact for classification with at most ${LARGEST_EXACT_CLASSES} labels, sampled otherwise.`,
        }),
      ),
      gamma: Type.Number({
        default: 1,
        minimum: 0,
        maximum: 1,
        description: 'With `previous`: how much older tasks still count.',
      }),
      normalize: Type.Union([Type.Literal('none'), Type.Literal('mean')], {
        default: 'none',
        description:
          'none: the Fisher information as it is. mean: divided by its mean over all parameters, so that a strength means about the same for different models and tasks.',
      }),
      include_head: Type.Boolean({
        default: false,
        description: "Hold the head's weights too; for a next task with the same head.",
      }),
      mask_probability: Type.Number({
        default: 0.15,
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description: 'Masked language modelling: share of tokens that is masked.',
      }),
    },
    { additionalProperties: false },
  ),
  inputs: {
    model: { kind: 'model', description: 'The model that knows the old task, with its head.' },
    tokens: { kind: 'tokens', description: "The old task's data; its split `train` unless a part is wired." },
    previous: { kind: 'penalty', description: 'The penalty of older tasks, for online EWC.', optional: true },
  },
  outputs: { penalty: { kind: 'penalty', description: 'Fisher information and old weights.' } },
  seeded: true,
  tensors: true,
  threads: 'all',
  async run({ settings, inputs, outputs, seed, runtime: choice, signal, log, progress }) {
    const previous = inputs.previous === undefined ? undefined : await readPenalty(inputs.previous.path);
    if (previous !== undefined) checkScale(previous, settings.normalize);
    const { tokens, split } = await openTokensOf(inputs.tokens);
    const model = await loadOldModel(inputs.model, tokens);
    const data = await readTokensFor(inputs.tokens, tokens, split, model);
    const kind = fisherKindOf(settings.fisher, model, data.train.labels);
    const { weights, denseWeights } = trainableWeights(model);
    const parameters = heldParameters(model, settings.include_head);
    const names = parameters.map(({ name }) => name);
    const objectiveSettings = { maskProbability: settings.mask_probability };
    const runtime = await openRuntime(choice.name, { ...choice, onFallback: log.warning });
    try {
      const estimate = await estimateFisher({
        runtime,
        objective: createObjective(model.architecture, model.task, objectiveSettings),
        weights,
        parameters: names,
        data: createObjectiveData(model.architecture, model.task, tokens, data.train, objectiveSettings),
        kind,
        samples: settings.samples,
        maximumLength: model.architecture.config.maximumLength,
        denseWeights,
        seed,
        signal,
        onProgress: (done, total) => progress({ done, total, unit: 'examples' }),
      });
      if (estimate.samples < settings.samples) {
        log.info(`The data has only ${estimate.samples} examples; all of them were used.`);
      }
      const mean = meanFisher(estimate.fisher);
      if (mean === 0) log.warning('The Fisher information is 0 everywhere: this penalty holds nothing.');
      const scale = settings.normalize === 'mean' && mean > 0 ? 1 / mean : 1;
      const own: Penalty = {
        strength: settings.strength,
        fisher: kind,
        samples: estimate.samples,
        scale,
        task: model.task,
        tasks: 1,
        fisherInformation: float32(scale === 1 ? estimate.fisher : scaleFisher(estimate.fisher, scale)),
        anchor: float32(weightsOf(model, parameters)),
      };
      const penalty = previous === undefined ? own : joined(previous, own, settings.gamma);
      await writePenalty(outputs.penalty.path, penalty);
      return {
        metrics: {
          samples: estimate.samples,
          parameters: parameters.reduce((sum, { shape }) => sum + size(shape), 0),
          mean_fisher: mean,
        },
        summary: `${kind} Fisher information of ${names.length} tensors from ${estimate.samples} examples, mean ${mean.toExponential(2)}`,
        table: tableOf(parameters, estimate.fisher),
      };
    } finally {
      await runtime.dispose();
    }
  },
});

function fisherKindOf(
  setting: FisherKind | undefined,
  { task, architecture }: Model,
  labels: Int32Array | null,
): FisherKind {
  const classes = architecture.config.labels.length;
  if (task === 'masked-language-modeling') {
    if (setting !== 'exact') return setting ?? 'sampled';
    throw new UserError({
      code: 'ewc/exact',
      message: 'The exact Fisher information of masked language modelling would need a pass for every word.',
      found: 'fisher: exact',
      expected: 'sampled or empirical',
    });
  }
  if (setting === 'empirical' && labels === null) {
    throw new UserError({
      code: 'ewc/no-labels',
      message: 'The empirical Fisher information needs labels, and the data has none.',
      found: 'fisher: empirical',
      expected: 'exact or sampled, which take labels from the model',
    });
  }
  return setting ?? (classes <= LARGEST_EXACT_CLASSES ? 'exact' : 'sampled');
}

/** What the penalty holds: what training could change, without the head that the next task has no use for. */
function heldParameters(model: Model, includeHead: boolean): readonly Parameter[] {
  const frozen = new Set(model.frozen);
  const heads = new Set(['classifier', 'masked-language-head']);
  const held = taskParameters(model).filter(
    ({ name, group }) => !frozen.has(name) && (includeHead || !heads.has(group)),
  );
  if (held.length > 0) return held;
  throw new UserError({
    code: 'ewc/nothing-held',
    message: 'The penalty would hold nothing: all parameters but those of the head are frozen.',
    help: 'Freeze less, leave the ewc stage out, or set include_head.',
  });
}

/** Fisher information as it is and divided by its mean differ by orders of magnitude: their sum would mean nothing. */
function checkScale(previous: Penalty, normalize: 'none' | 'mean'): void {
  // Information that is 0 everywhere is not scaled; it adds nothing either way.
  if (meanFisher(previous.fisherInformation) === 0 || (previous.scale === 1) === (normalize === 'none'))
    return;
  throw new UserError({
    code: 'ewc/normalize',
    message: 'The previous penalty and this one are not of the same scale, so that they cannot be added.',
    found: `normalize: ${normalize} here, ${normalize === 'mean' ? 'none' : 'mean'} in the previous penalty`,
    expected: 'the same normalize in both stages',
  });
}

/**
 * Online EWC: one penalty for all tasks so far, held at the newest weights.
 *
 * A penalty has one strength, so older information is taken times the ratio of the strengths. With strength 0 the newest
 * task adds nothing, and the older strength stays.
 */
function joined(previous: Penalty, own: Penalty, gamma: number): Penalty {
  const isSilent = own.strength === 0 && previous.strength > 0;
  const strength = isSilent ? previous.strength : own.strength;
  const older = strength === 0 ? gamma : (gamma * previous.strength) / strength;
  const newest = isSilent ? scaleFisher(own.fisherInformation, 0) : own.fisherInformation;
  return {
    ...own,
    strength,
    tasks: previous.tasks + 1,
    fisherInformation: float32(addFisher(previous.fisherInformation, newest, older)),
    anchor: { ...previous.anchor, ...own.anchor },
  };
}

/** Mean Fisher information by part of the model. */
function tableOf(
  parameters: readonly Parameter[],
  fisher: NamedHostTensors,
): readonly (readonly (string | number)[])[] {
  const groups = new Map<string, Record<string, NamedHostTensors[string]>>();
  for (const { name, group } of parameters) {
    const tensor = fisher[name];
    if (tensor !== undefined) groups.set(group, { ...groups.get(group), [name]: tensor });
  }
  const rows = Array.from(groups, ([group, tensors]) => [
    group,
    Object.values(tensors).reduce((sum, { shape }) => sum + size(shape), 0),
    meanFisher(tensors).toExponential(2),
  ]);
  return [['part', 'parameters', 'mean Fisher information'], ...rows];
}

function float32(tensors: NamedHostTensors): Penalty['anchor'] {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      if (tensor.dtype !== 'float32') throw new Error(`${name} is not float32`);
      return [name, tensor];
    }),
  );
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
