/** Schemas for editors, in which `${params.x}` may stand wherever a value does. */
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { constantsOf, isList, isObject } from './describe-schema.js';
import { appendKey } from './merge-recipes.js';

/** Lets every value below `properties` and the like also be one reference to a parameter. */
export function allowParams(schema: JsonObject): JsonObject {
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
  const { description, markdownDescription, default: standard, ...rest } = allowParams(schema);
  if (takesAnyText(rest)) return schema;
  const words = {
    ...(description !== undefined && { description }),
    ...(markdownDescription !== undefined && { markdownDescription }),
    ...(standard !== undefined && { default: standard }),
  };
  if (isList(rest.anyOf) && rest.anyOf.some((branch) => isObject(branch) && takesAnyText(branch)))
    return { ...words, ...rest };
  // Editors complete choices only where a union lists them.
  if (constantsOf(rest))
    return { ...words, anyOf: [...(isList(rest.anyOf) ? rest.anyOf : [rest]), reference] };
  // Not a union: editors would show, complete and complain about its alternatives as well.
  const otherwise = rest.type === 'array' ? { anyOf: [rest, appended(rest)] } : rest;
  return { ...words, if: reference, else: otherwise };
}

/** More items for a list of the recipe that is extended. */
function appended(list: JsonObject): JsonObject {
  const { minItems: _, ...items } = list;
  return {
    title: 'more items',
    type: 'object',
    required: [appendKey],
    additionalProperties: false,
    properties: {
      [appendKey]: { description: 'Items added to the list of the recipe that is extended.', ...items },
    },
  };
}

function takesAnyText(schema: JsonObject): boolean {
  const isNarrow = ['const', 'enum', 'pattern', 'format', 'maxLength'].some((keyword) => keyword in schema);
  return schema.type === 'string' && !isNarrow;
}

const reference: JsonObject = { type: 'string', pattern: '^\\$\\{[^}]+\\}$' };
