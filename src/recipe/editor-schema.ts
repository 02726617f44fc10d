/**
 * JSON Schemas for editors: `uses` decides what may stand under `with` and `in`, and `${params.x}` may stand wherever a
 * number or boolean is asked for.
 */
import type { StageFacts } from '../plugin/builtin-stages.js';
import type { InputPort } from '../plugin/define-stage.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { allowParams } from './allow-params.js';
import { isList, isObject, requiredNames } from './describe-schema.js';
import { inWords, stageInWords } from './editor-words.js';
import { paramSchema, recipeSchema, stageSchema } from './recipe-schema.js';

/**
 * The schema of a recipe that may use these stage types.
 *
 * @param plugins `known`: no plugins define others; `unknown`: those of recipes that name some may
 */
export function editorRecipeSchema(
  stages: readonly StageFacts[],
  plugins: 'known' | 'unknown' = 'unknown',
): JsonObject {
  const sections = propertiesOf(recipeSchema);
  const stage = propertiesOf(stageSchema);
  const uses: JsonObject = {
    description: 'The stage type.',
    anyOf: [
      ...stages.map((facts) => ({
        const: facts.type,
        description: facts.summary,
        markdownDescription: stageInWords(facts),
      })),
      { type: 'string' },
    ],
  };
  const { required: _, ...recipeShape } = recipeSchema;
  const recipe = (stageShape: JsonObject): JsonObject => ({
    ...recipeShape,
    properties: {
      ...sections,
      params: { ...sections.params, additionalProperties: paramOrDefault },
      stages: {
        ...sections.stages,
        additionalProperties: { ...stageSchema, properties: { ...stage, uses }, ...stageShape },
      },
    },
  });
  const consequences = stages.map((facts) => ifUses(facts.type, stageConsequence(facts)));
  const requirements = stages.flatMap((facts) => {
    const required = requirementsOf(facts);
    return required ? [ifUses(facts.type, required)] : [];
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    required: ['recipe'],
    defaultSnippets: [skeleton],
    // A recipe that extends another may leave out what that one says, and remove what it says by null.
    if: { required: ['extends'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: allowParams(recipe({ required: [], allOf: consequences }), { removal: true }),
    else: {
      ...allowParams(recipe({ required: ['uses'], allOf: [...consequences, ...requirements] })),
      required: ['stages'],
      ...(plugins === 'known'
        ? { allOf: [onlyKnownTypes(stages)] }
        : { if: { required: ['plugins'] }, else: onlyKnownTypes(stages) }),
    },
  };
}

/** A stage is of one of these types, a recipe of its own, or what a parameter says. */
function onlyKnownTypes(stages: readonly StageFacts[]): JsonObject {
  const uses: JsonObject = {
    anyOf: [
      { enum: stages.map(({ type }) => type) },
      { pattern: '\\.[yY][aA]?[mM][lL]$|^npm:|^\\.{0,2}/|\\$\\{' },
    ],
  };
  return { properties: { stages: { additionalProperties: { properties: { uses } } } } };
}

/** A pattern, not a constant: completion takes `train` for the beginning of `train-tokenizer`. */
function ifUses(type: string, consequence: JsonObject): JsonObject {
  return {
    if: { required: ['uses'], properties: { uses: { pattern: `^${type}$` } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: consequence,
  };
}

/** What editors offer in an empty file. */
const skeleton: JsonObject = {
  label: 'a recipe that fine-tunes a classifier',
  description: 'Data, a model, tokens, training, evaluation.',
  body: {
    recipe: 1,
    name: '$' + '{1:my-classifier}',
    stages: {
      data: { uses: 'load-dataset', with: { path: '$' + '{2:data/examples.tsv}' } },
      base: {
        uses: 'load-model',
        in: { dataset: 'data' },
        with: { from: '$' + '{3:npm:roux/models/base}', task: 'sequence-classification' },
      },
      tokens: { uses: 'tokenize', in: { dataset: 'data', model: 'base' } },
      train: { uses: 'train', in: { model: 'base', tokens: 'tokens' } },
      evaluate: { uses: 'evaluate', in: { model: 'train', tokens: 'tokens.test' } },
    },
  },
};

/** What has `default` or `type` is the long form; anything else is a default. */
const paramOrDefault: JsonObject = {
  if: { type: 'object', anyOf: [{ required: ['default'] }, { required: ['type'] }] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: paramSchema,
};

/** The schema of one stage type's settings on its own. */
export function editorStageSchema({ type, summary, settings }: StageFacts): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: type,
    description: summary,
    ...withoutDefaulted(settings),
  };
}

/** Which settings and inputs a stage type knows. */
function stageConsequence(facts: StageFacts): JsonObject {
  const { type, settings, inputs } = facts;
  const ports = Object.entries(inputs).map(([name, port]) => [name, portSchema(port)] as const);
  const map: JsonObject = {
    title: `inputs of ${type}`,
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(ports),
  };
  const { required: _, ...shape } = withoutDefaulted(settings);
  return {
    title: type,
    description: facts.summary,
    markdownDescription: stageInWords(facts),
    properties: {
      with: { title: `settings of ${type}`, ...inWords(shape) },
      in: { anyOf: [map, { type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    },
  };
}

/** Which of them must be written. */
function requirementsOf({ settings, inputs }: StageFacts): JsonObject | undefined {
  const needed = requiredNames(settings);
  const wired = Object.entries(inputs).flatMap(([name, port]) => (port.optional ? [] : [name]));
  const keys = [...(needed.length > 0 ? ['with'] : []), ...(wired.length > 0 ? ['in'] : [])];
  if (keys.length === 0) return undefined;
  return {
    required: keys,
    properties: {
      ...(needed.length > 0 && { with: { required: needed } }),
      ...(wired.length > 0 && { in: { required: wired } }),
    },
  };
}

/** What has a default need not be written. */
function withoutDefaulted(schema: JsonObject): JsonObject {
  const changed = Object.entries(schema).map(([keyword, value]): [string, Json] => {
    if (keyword === 'required') return [keyword, requiredNames(schema)];
    if (keyword === 'properties' && isObject(value)) {
      return [
        keyword,
        Object.fromEntries(
          Object.entries(value).map(([name, child]) => [
            name,
            isObject(child) ? withoutDefaulted(child) : child,
          ]),
        ),
      ];
    }
    if (keyword === 'items' && isObject(value)) return [keyword, withoutDefaulted(value)];
    if (keyword === 'anyOf' && isList(value))
      return [keyword, value.map((child) => (isObject(child) ? withoutDefaulted(child) : child))];
    return [keyword, value];
  });
  return Object.fromEntries(
    changed.filter(([keyword, value]) => keyword !== 'required' || !isList(value) || value.length > 0),
  );
}

function portSchema({ kind, description, many }: InputPort): JsonObject {
  const kinds = typeof kind === 'string' ? kind : kind.join(', ');
  const words = { description: `${description} (${kinds})` };
  return many
    ? { ...words, anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }
    : { ...words, type: 'string' };
}

function propertiesOf(schema: JsonObject): { readonly [name: string]: JsonObject } {
  const { properties } = schema;
  if (!isObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, child]) => (isObject(child) ? [[name, child]] : [])),
  );
}
