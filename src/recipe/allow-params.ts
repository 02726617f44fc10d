/** Schemas for editors, in which `${params.x}` may stand wherever a value does, and `null` where it removes one. */
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { constantsOf, isList, isObject } from './describe-schema.js';
import { appendKey } from './merge-recipes.js';

/** What may stand in the place of a value besides it. */
interface AllowedInstead {
  /** `null`, which removes what an extended recipe says under the key. */
  readonly removal: boolean;
}

/** Lets every value below `properties` and the like also be one reference to a parameter. */
export function allowParams(schema: JsonObject, instead: AllowedInstead = { removal: false }): JsonObject {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([keyword, value]): [string, Json] => {
      if (keyword === 'properties' && isObject(value)) {
        return [
          keyword,
          Object.fromEntries(
            Object.entries(value).map(([name, child]) => [
              name,
              child === true ? true : underKey(child, instead),
            ]),
          ),
        ];
      }
      if (keyword === 'allOf' && isList(value))
        return [keyword, value.map((child) => (isObject(child) ? consequences(child, instead) : child))];
      // The maps among the alternatives; they have keys to remove.
      if (keyword === 'anyOf' && isList(value) && instead.removal)
        return [keyword, value.map((child) => (isMap(child) ? allowParams(child, instead) : child))];
      if (keyword === 'items' && isObject(value)) return [keyword, allowed(value, instead)];
      if (keyword === 'additionalProperties' && isObject(value)) return [keyword, underKey(value, instead)];
      return [keyword, value];
    }),
  );
  return inner;
}

/** The condition of an if/then stays as it is: it asks what is written. */
function consequences(schema: JsonObject, instead: AllowedInstead): JsonObject {
  return isObject(schema.then) ? { ...schema, ...thenOf(allowParams(schema.then, instead)) } : schema;
}

function thenOf(schema: JsonObject): JsonObject {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { then: schema };
}

/** What a key may have as its value. */
function underKey(schema: Json, instead: AllowedInstead): Json {
  return allowed(instead.removal && isObject(schema) ? orNull(schema) : schema, instead);
}

function orNull(schema: JsonObject): JsonObject {
  const { type } = schema;
  if (typeof type === 'string') return { ...schema, type: [type, 'null'] };
  if (isList(type)) return { ...schema, type: [...new Set([...type, 'null'])] };
  if (isList(schema.anyOf)) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  return schema;
}

function allowed(schema: Json, instead: AllowedInstead): Json {
  if (!isObject(schema)) return schema;
  const { description, markdownDescription, default: standard, ...rest } = allowParams(schema, instead);
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
  const otherwise = isOfType(rest, 'array') ? { anyOf: [rest, appended(rest)] } : rest;
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
  return isOfType(schema, 'string') && !isNarrow;
}

function isMap(schema: Json): schema is JsonObject {
  return isObject(schema) && (isObject(schema.properties) || isObject(schema.additionalProperties));
}

function isOfType({ type }: JsonObject, name: string): boolean {
  return type === name || (isList(type) && type.includes(name));
}

const reference: JsonObject = { type: 'string', pattern: '^\\$\\{[^}]+\\}$' };
