/**
 * The JSON Schema of a recipe's structure, after parameters were filled in; what stands under `with` is checked by the
 * stage type's own schema. `schemas/recipe.schema.json` for editors is made from it.
 */
import type { JsonObject } from '../plugin/stage-info.js';
import { runtimeNames } from './runtime-names.js';

/** What a stage may be called; the name appears in references, messages and folder names. */
export const stageNamePattern = '^[A-Za-z][A-Za-z0-9_-]{0,99}$';

/** What a parameter may be called; the name appears in `${params.name}`. */
export const paramNamePattern = '^[A-Za-z_][A-Za-z0-9_-]{0,99}$';

/** What a parameter may be declared to be. */
export const paramTypes = ['string', 'number', 'integer', 'boolean', 'list', 'map', 'any'] as const;

/** The long form of a parameter's declaration. */
export const paramSchema: JsonObject = {
  description: 'A parameter: its default, and what else it may be.',
  type: 'object',
  additionalProperties: false,
  properties: {
    type: {
      description: 'What the value may be; by default what the default value is.',
      anyOf: [{ enum: paramTypes }, { type: 'array', items: { enum: paramTypes }, minItems: 1 }],
    },
    default: { description: 'The value where nothing else is said; without it the parameter must be set.' },
    minimum: { description: 'The smallest number that is allowed.', type: 'number' },
    maximum: { description: 'The largest number that is allowed.', type: 'number' },
    choices: { description: 'The only values that are allowed.', type: 'array', minItems: 1 },
    description: { description: 'What the parameter is for, in words.', type: 'string' },
    env: {
      description: 'The environment variable that may set it.',
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    },
  },
};

const seed: JsonObject = {
  description: 'Where everything random starts from: the same seed gives the same bytes.',
  type: 'integer',
  minimum: 0,
  maximum: 4294967295,
};

const runtime: JsonObject = {
  description:
    'What executes tensor code. onnx-cuda and onnx-webgpu are onnx on a graphics processor, or on the processor where there is none.',
  enum: runtimeNames,
};

const threads: JsonObject = {
  description: 'The number of threads that may be used.',
  type: 'integer',
  minimum: 1,
  maximum: 1024,
};

const reference: JsonObject = {
  description:
    'A stage, stage.port, stage.part or stage.port.part: tokens, tokens.test; with variants: train[*].',
  type: 'string',
  minLength: 1,
};

const kind: JsonObject = {
  description: 'The kind of an artifact: dataset, tokens, model, metrics.',
  type: 'string',
  minLength: 1,
};

const references: JsonObject = {
  anyOf: [reference, { type: 'array', items: reference }],
};

const expectation: JsonObject = {
  description: "A comparison with a number: '>= 0.90'.",
  type: 'string',
  minLength: 1,
};

const axis: JsonObject = {
  description: 'The values, or the values by the names that stages get from them.',
  anyOf: [
    { type: 'array', minItems: 1 },
    { type: 'object', minProperties: 1 },
  ],
};

/** One stage. */
export const stageSchema: JsonObject = {
  description: 'One step: a stage type with its settings and inputs.',
  type: 'object',
  required: ['uses'],
  additionalProperties: false,
  properties: {
    uses: {
      description: 'The stage type (`roux stages` lists them), or the path of a recipe.',
      type: 'string',
      minLength: 1,
    },
    foreach: {
      description: `Makes one such stage for every value, which \`\${foreach.NAME}\` stands for.`,
      type: 'object',
      minProperties: 1,
      additionalProperties: axis,
    },
    description: { description: 'What the stage is for, in words.', type: 'string' },
    with: { description: "The stage type's settings.", type: 'object' },
    in: {
      description:
        'What the stage reads, by input port; or only the references, which then go to the ports they fit.',
      anyOf: [
        reference,
        { type: 'array', items: reference },
        { type: 'object', additionalProperties: references },
      ],
    },
    expect: {
      description: 'What must hold for the metrics of the stage; it fails otherwise.',
      type: 'object',
      additionalProperties: { anyOf: [expectation, { type: 'array', items: expectation }] },
    },
    seed,
    runtime,
    threads,
  },
};

const dimension: JsonObject = {
  description: 'What a parameter is tried with: a list of values, or a range.',
  anyOf: [
    { type: 'array', minItems: 1 },
    {
      type: 'object',
      required: ['minimum', 'maximum'],
      additionalProperties: false,
      properties: {
        minimum: { description: 'The smallest number to try.', type: 'number' },
        maximum: { description: 'The largest number to try.', type: 'number' },
        scale: {
          description: 'On a log scale equal ratios are equally likely: for learning rates.',
          enum: ['linear', 'log'],
        },
        type: { description: 'Whole numbers only, or any.', enum: ['integer', 'number'] },
      },
    },
  ],
};

const sweep: JsonObject = {
  description: 'A search over params, for `roux sweep`.',
  type: 'object',
  required: ['matrix', 'best'],
  additionalProperties: false,
  properties: {
    method: {
      description: 'How the space is searched; default: grid if all are lists, otherwise tpe.',
      enum: ['grid', 'random', 'tpe'],
    },
    trials: {
      description: 'How many points are tried; default: all of a grid, otherwise 20.',
      type: 'integer',
      minimum: 1,
      maximum: 100000,
    },
    seed: {
      description: 'Where the search starts from; default 0.',
      type: 'integer',
      minimum: 0,
      maximum: 4294967295,
    },
    matrix: {
      description: 'The params that are searched.',
      type: 'object',
      minProperties: 1,
      additionalProperties: dimension,
    },
    best: {
      description: 'What counts.',
      type: 'object',
      required: ['stage', 'metric'],
      additionalProperties: false,
      properties: {
        stage: { description: 'The stage that measures.', type: 'string', minLength: 1 },
        metric: { description: 'The metric of that stage.', type: 'string', minLength: 1 },
        mode: { description: 'Whether more is better or less; default max.', enum: ['max', 'min'] },
      },
    },
    early_stopping: {
      description: 'Asynchronous successive halving: trials begin with a small budget, and the best go on.',
      type: 'object',
      required: ['budget', 'minimum', 'maximum'],
      additionalProperties: false,
      properties: {
        budget: {
          description: 'The parameter that is the budget: epochs, max_steps.',
          type: 'string',
          minLength: 1,
        },
        minimum: { description: 'What every trial begins with.', type: 'number', exclusiveMinimum: 0 },
        maximum: { description: 'The whole budget.', type: 'number', exclusiveMinimum: 0 },
        eta: {
          description: 'One in so many goes on, with so many times the budget; default 3.',
          type: 'number',
          minimum: 1.5,
          maximum: 100,
        },
      },
    },
  },
};

/** A whole recipe. */
export const recipeSchema: JsonObject = {
  description: 'A graph of stages that fine-tunes, measures and exports language models.',
  type: 'object',
  required: ['recipe', 'stages'],
  additionalProperties: false,
  patternProperties: {
    '^x-': { description: 'A place for anchors (`x-defaults: &defaults ...`); nothing else reads it.' },
  },
  properties: {
    recipe: { description: 'The version of the recipe language.', const: 1 },
    name: {
      description: "What the recipe is called; by default its file's name.",
      type: 'string',
      minLength: 1,
    },
    description: { description: 'What the recipe is for, in words.', type: 'string' },
    extends: {
      description:
        'A recipe, or several, that this one builds on: maps are merged by key, other values replaced.',
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 } },
      ],
    },
    params: {
      description: `Values that \`\${params.NAME}\` stands for; profiles, \`--params FILE\` and \`--set NAME=VALUE\` override them.`,
      type: 'object',
      additionalProperties: paramSchema,
    },
    profiles: {
      description: 'Named sets of other values for params; `--profile NAME` chooses one.',
      type: 'object',
      additionalProperties: { description: 'Other values for params.', type: 'object' },
    },
    matrix: {
      description:
        'Params with several values each: every stage that depends on them is made once per combination.',
      type: 'object',
      additionalProperties: axis,
    },
    inputs: {
      description: 'What the recipe takes where it is a stage of another: kinds of artifacts by name.',
      type: 'object',
      additionalProperties: {
        anyOf: [
          kind,
          {
            type: 'object',
            required: ['kind'],
            additionalProperties: false,
            properties: {
              kind,
              description: { description: 'What is read there, in words.', type: 'string' },
              optional: { description: 'It may be left open.', type: 'boolean' },
              many: { description: 'It takes several.', type: 'boolean' },
            },
          },
        ],
      },
    },
    outputs: {
      description: 'What the recipe makes where it is a stage of another: artifacts of its stages by name.',
      type: 'object',
      additionalProperties: {
        anyOf: [
          reference,
          {
            type: 'object',
            required: ['from'],
            additionalProperties: false,
            properties: {
              from: reference,
              kind,
              description: { description: 'What it is, in words.', type: 'string' },
            },
          },
        ],
      },
    },
    plugins: {
      description: 'Files (relative to the recipe) and packages that define more stage types.',
      type: 'array',
      items: { type: 'string', minLength: 1 },
    },
    sweep,
    seed,
    runtime,
    threads,
    stages: {
      description: 'The stages by name.',
      type: 'object',
      minProperties: 1,
      additionalProperties: stageSchema,
    },
  },
};
