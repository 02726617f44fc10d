import { type Static, Type } from '@sinclair/typebox';
import { openDataset } from '../../artifacts/dataset.js';
import { openTokens } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import { createRandom, type Random } from '../../data/random.js';
import { requireVocabulary } from '../../data/require-vocabulary.js';
import { loadTokenizer } from '../../data/tokenizer.js';
import { JsonFields } from '../../formats/json.js';
import type { ModelTask } from '../../models/architecture.js';
import { completeConfig } from '../../models/families.js';
import { createModel, type LoadedModel, loadModel, modelParameters, saveModel } from '../../models/model.js';
import { formatCount, parameterGroups } from '../../models/parameter-groups.js';
import { defineStage, type InputArtifact } from '../../plugin/define-stage.js';
import { PathSetting } from '../../plugin/path-setting.js';

/** Names that Hugging Face's pipelines and classes use for the tasks. */
const tasks: Readonly<Record<string, ModelTask>> = {
  'sequence-classification': 'sequence-classification',
  'text-classification': 'sequence-classification',
  'masked-language-modeling': 'masked-language-modeling',
  'fill-mask': 'masked-language-modeling',
  'masked-lm': 'masked-language-modeling',
};

const ConfigSetting = Type.Object(
  {
    model_type: Type.Literal('bert', { default: 'bert', description: 'The model family.' }),
    num_hidden_layers: Type.Integer({ minimum: 1, description: 'Layers of the encoder.' }),
    hidden_size: Type.Integer({ minimum: 1, description: 'Features of each token.' }),
    num_attention_heads: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Default: one per 64 features. A divisor of hidden_size.' }),
    ),
    intermediate_size: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Width of the feed-forward layers; default 4 x hidden_size.' }),
    ),
    max_position_embeddings: Type.Optional(
      Type.Integer({ minimum: 1, description: 'The longest sequence, in tokens; default 512.' }),
    ),
    type_vocab_size: Type.Optional(Type.Integer({ minimum: 1, description: 'Token types; default 2.' })),
    hidden_act: Type.Optional(
      Type.Union([Type.Literal('gelu'), Type.Literal('gelu_new'), Type.Literal('relu')], {
        description: 'Activation of the feed-forward layers; default gelu.',
      }),
    ),
    hidden_dropout_prob: Type.Optional(
      Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'Dropout of activations; default 0.1.' }),
    ),
    attention_probs_dropout_prob: Type.Optional(
      Type.Number({ minimum: 0, exclusiveMaximum: 1, description: 'Dropout of attention; default 0.1.' }),
    ),
    initializer_range: Type.Optional(
      Type.Number({ minimum: 0, description: 'Standard deviation of fresh weights; default 0.02.' }),
    ),
    layer_norm_eps: Type.Optional(
      Type.Number({ minimum: 0, description: 'Epsilon of layer normalization; default 1e-12.' }),
    ),
  },
  {
    additionalProperties: false,
    description: 'A fresh model with random weights, in the words of config.json; needs a tokenizer.',
  },
);

export default defineStage({
  type: 'load-model',
  version: 1,
  summary: 'Reads a model folder, or makes a fresh model, and adds the head of a task',
  description: `The model comes from one of three places: \`from\` (a folder in Hugging Face layout: config.json, model.safetensors,
tokenizer.json), the input \`model\` (a model that another stage made, for its next task), or \`config\` (a fresh model with
random weights, of the size of the wired tokenizer's vocabulary).

What the task needs and the model lacks (a pooler, a classifier, the masked-language head) is added with random weights;
the seed decides them. Heads that the task does not need are kept, so that forgetting can be measured. The classes are
those of \`labels\`, or of the wired data set or tokens, or the model's own; a classifier for other classes is replaced.`,
  settings: Type.Object(
    {
      from: Type.Optional(PathSetting({ description: 'A folder in Hugging Face layout.' })),
      config: Type.Optional(ConfigSetting),
      task: Type.Optional(
        Type.Union(
          [
            Type.Literal('sequence-classification'),
            Type.Literal('masked-language-modeling'),
            Type.Literal('text-classification'),
            Type.Literal('fill-mask'),
            Type.Literal('masked-lm'),
          ],
          {
            description:
              'What the model is for; `text-classification` is `sequence-classification`, `fill-mask` and `masked-lm` are `masked-language-modeling`. Default: what it was made for.',
          },
        ),
      ),
      labels: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          minItems: 2,
          uniqueItems: true,
          description:
            "Names of the classes. Default: those of the wired data set or tokens, or the model's.",
        }),
      ),
    },
    { additionalProperties: false },
  ),
  inputs: {
    model: { kind: 'model', optional: true, description: 'A model that another stage made.' },
    tokenizer: {
      kind: 'tokenizer',
      optional: true,
      description: 'The tokenizer of a fresh model, or of a folder without one.',
    },
    dataset: {
      kind: ['dataset', 'tokens'],
      optional: true,
      description: 'Names the classes.',
    },
  },
  outputs: { model: { kind: 'model', description: 'The model, ready to be trained for the task.' } },
  seeded: true,
  async run({ settings, inputs, outputs, seed, log }) {
    const random = createRandom(seed).fork('load-model');
    const labels = settings.labels ?? (await wiredLabels(inputs.dataset));
    const task = settings.task === undefined ? undefined : tasks[settings.task];
    const source = chooseSource(settings.from, settings.config, inputs.model);
    const { model, fresh, ignored } =
      source.kind === 'fresh'
        ? await freshModel(source.config, task, labels, inputs.tokenizer, random)
        : await loadModel(source.path, {
            random,
            ...(task === undefined ? {} : { task }),
            ...(labels === undefined ? {} : { labels }),
          });
    const tokenizerFolder = inputs.tokenizer?.path ?? model.tokenizer;
    if (tokenizerFolder !== null) {
      requireVocabulary(await loadTokenizer(tokenizerFolder), model.architecture.config.vocabularySize);
    }
    if (ignored.length > 0) {
      log.warning(
        `${ignored.length} tensors are not used: ${ignored.slice(0, 5).join(', ')}${ignored.length > 5 ? ', ...' : ''}`,
      );
    }
    if (source.kind === 'folder' && fresh.length > 0) {
      log.info(`not in the model and therefore fresh, with random weights: ${fresh.join(', ')}`);
    }
    await saveModel(
      { ...model, frozen: [], tokenizer: tokenizerFolder, training: undefined },
      outputs.model.path,
    );

    const groups = parameterGroups(modelParameters(model), new Set());
    const parameters = groups.reduce((sum, { size }) => sum + size, 0);
    const { layers, hiddenSize, modelType } = model.architecture.config;
    const classes = model.task === 'sequence-classification' ? model.architecture.config.labels : [];
    const freshGroups = new Set(
      source.kind === 'fresh' ? groups.map(({ name }) => name) : fresh.map(groupOfPart),
    );
    return {
      metrics: { parameters, layers, hidden_size: hiddenSize },
      summary: `${modelType}, ${layers} layers of ${hiddenSize}, ${formatCount(parameters)} parameters${
        classes.length > 0 ? `, ${classes.length} labels` : ''
      }`,
      table: [
        ['part', 'parameters', 'weights'],
        ...groups.map(({ name, size }) => [name, size, freshGroups.has(name) ? 'fresh' : 'loaded']),
      ],
    };
  },
});

type Source =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'fresh'; readonly config: Static<typeof ConfigSetting> };

function chooseSource(
  from: string | undefined,
  config: Static<typeof ConfigSetting> | undefined,
  model: InputArtifact | undefined,
): Source {
  const sources: Source[] = [];
  if (from !== undefined) sources.push({ kind: 'folder', path: from });
  if (model !== undefined) sources.push({ kind: 'folder', path: model.path });
  if (config !== undefined) sources.push({ kind: 'fresh', config });
  const [source] = sources;
  if (source !== undefined && sources.length === 1) return source;
  throw new UserError({
    code: 'load-model/source',
    message:
      source === undefined
        ? 'load-model is not told where the model comes from'
        : 'load-model is told several places where the model comes from',
    expected: 'exactly one of `with: { from: FOLDER }`, `with: { config: {...} }` and `in: { model: STAGE }`',
  });
}

async function freshModel(
  config: Static<typeof ConfigSetting>,
  task: ModelTask | undefined,
  labels: readonly string[] | undefined,
  tokenizerInput: InputArtifact | undefined,
  random: Random,
): Promise<LoadedModel> {
  if (tokenizerInput === undefined) {
    throw new UserError({
      code: 'load-model/no-tokenizer',
      message: 'a fresh model needs a tokenizer',
      help: 'Wire one: in: { tokenizer: STAGE }, where STAGE is of type train-tokenizer.',
    });
  }
  if (task === undefined) {
    throw new UserError({
      code: 'load-model/no-task',
      message: 'a fresh model needs a task',
      expected: 'task: sequence-classification or task: masked-language-modeling',
    });
  }
  const tokenizer = await loadTokenizer(tokenizerInput.path);
  const fields = completeConfig(
    new JsonFields(
      {
        ...config,
        vocab_size: tokenizer.vocabularySize,
        pad_token_id: tokenizer.specialTokenIds.padding ?? 0,
      },
      'config',
    ),
  );
  const model = createModel(fields, { task, labels, random, tokenizer: tokenizerInput.path });
  return { model, fresh: model.parts, ignored: [] };
}

async function wiredLabels(input: InputArtifact | undefined): Promise<readonly string[] | undefined> {
  if (input === undefined) return undefined;
  const { labels } = input.kind === 'tokens' ? await openTokens(input.path) : await openDataset(input.path);
  return labels ?? undefined;
}

function groupOfPart(part: LoadedModel['fresh'][number]): string {
  switch (part) {
    case 'pooler':
      return 'pooler';
    case 'sequence-classification':
      return 'classifier';
    case 'masked-language-modeling':
      return 'masked-language-head';
  }
}
