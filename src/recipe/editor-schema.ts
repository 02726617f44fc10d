/**
 * JSON Schemas for editors: `uses` decides what may stand under `with` and `in`, and `${params.x}` may stand wherever a
 * number or boolean is asked for.
 */
import type { StageFacts } from '../plugin/builtin-stages.js';
import type { InputPort } from '../plugin/define-stage.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { isList, isObject, requiredNames } from './describe-schema.js';
import { appendKey } from './merge-recipes.js';
import { paramSchema, recipeSchema, stageSchema } from './recipe-schema.js';

/** The schema of a recipe that may use these stage types, and others that plugins define. */
export function editorRecipeSchema(stages: readonly StageFacts[]): JsonObject {
  const sections = propertiesOf(recipeSchema);
  const stage = propertiesOf(stageSchema);
  const uses: JsonObject = {
    description: 'The stage type.',
    anyOf: [
      ...stages.map(({ type, summary }) => ({ const: type, description: summary })),
      { type: 'string' },
    ],
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'roux recipe',
    ...allowParams({
      ...recipeSchema,
      properties: {
        ...sections,
        params: { ...sections.params, additionalProperties: paramOrDefault },
        stages: {
          ...sections.stages,
          additionalProperties: {
            ...stageSchema,
            // A null removes a stage of a recipe that is extended; what extends one need not repeat its type.
            type: ['object', 'null'],
            required: [],
            properties: { ...stage, uses },
            allOf: stages.map((facts) => ({
              if: { required: ['uses'], properties: { uses: { const: facts.type } } },
              // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
              then: stageConsequence(facts),
            })),
          },
        },
      },
    }),
  };
}

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

function stageConsequence({ summary, settings, inputs }: StageFacts): JsonObject {
  const needsSettings = requiredNames(settings).length > 0;
  const ports = Object.entries(inputs).map(([name, port]) => [name, portSchema(port)] as const);
  const required = Object.entries(inputs).flatMap(([name, port]) => (port.optional ? [] : [name]));
  const map: JsonObject = {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(ports),
    ...(required.length > 0 && { required }),
  };
  return {
    description: summary,
    properties: {
      with: withoutDefaulted(settings),
      in: { anyOf: [map, { type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    },
    ...(needsSettings && { required: ['with'] }),
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

const reference: JsonObject = { type: 'string', pattern: '^\\$\\{[^}]+\\}$' };

/** Lets every value below `properties` and the like also be one reference to a parameter. */
function allowParams(schema: JsonObject): JsonObject {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([keyword, value]): [string, Json] => {
      if (keyword === 'properties' && isObject(value)) {
        return [
          keyword,
          Object.fromEntries(
            Object.entries(value).map(([name, child]) => [name, child === true ? true : allowed(child)]),
          ),
        ];
      }
      if (keyword === 'allOf' && isList(value))
        return [keyword, value.map((child) => (isObject(child) ? consequences(child) : child))];
      if ((keyword === 'items' || keyword === 'additionalProperties') && isObject(value))
        return [keyword, allowed(value)];
      return [keyword, value];
    }),
  );
  return inner;
}

/** The condition of an if/then stays as it is: it asks what is written. */
function consequences(schema: JsonObject): JsonObject {
  return isObject(schema.then) ? { ...schema, ...thenOf(allowParams(schema.then)) } : schema;
}

function thenOf(schema: JsonObject): JsonObject {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { then: schema };
}

function allowed(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const { description, default: standard, ...rest } = allowParams(schema);
  if (takesAnyText(rest)) return schema;
  const words = {
    ...(description !== undefined && { description }),
    ...(standard !== undefined && { default: standard }),
  };
  if (isList(rest.anyOf) && Object.keys(rest).length === 1) {
    const isText = rest.anyOf.some((branch) => isObject(branch) && takesAnyText(branch));
    return isText ? { ...words, ...rest } : { ...words, anyOf: [...rest.anyOf, reference] };
  }
  return { ...words, anyOf: [rest, reference, ...(rest.type === 'array' ? [appending(rest)] : [])] };
}

/** `{ $append: [...] }`, which adds to the list of a recipe that is extended. */
function appending(list: JsonObject): JsonObject {
  const { minItems: _, ...items } = list;
  return {
    type: 'object',
    required: [appendKey],
    additionalProperties: false,
    properties: { [appendKey]: items },
  };
}

function takesAnyText(schema: JsonObject): boolean {
  const isNarrow = ['const', 'enum', 'pattern', 'format', 'maxLength'].some((keyword) => keyword in schema);
  return schema.type === 'string' && !isNarrow;
}

function propertiesOf(schema: JsonObject): { readonly [name: string]: JsonObject } {
  const { properties } = schema;
  if (!isObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, child]) => (isObject(child) ? [[name, child]] : [])),
  );
}
