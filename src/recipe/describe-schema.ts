/** JSON Schemas and values in words: 'a whole number from 1 to 100'. */
import { listOfNames } from '../diagnostics/suggest.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';

/** What a schema allows, as a phrase that follows 'expected:'. */
export function describeSchema(schema: JsonObject): string {
  if ('const' in schema) return describeConstant(schema.const);
  const choices = constantsOf(schema);
  if (choices)
    return choices.every((choice) => typeof choice === 'string')
      ? listOfNames(choices.map(String))
      : choices.map(describeConstant).join(' or ');
  const branches = branchesOf(schema);
  if (branches.length > 0) return [...new Set(branches.map(describeSchema))].join(' or ');
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'string':
      return describeString(schema);
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return describeArray(schema);
    case 'object':
      return describeObject(schema);
    default:
      return 'another value';
  }
}

/** A value in few words, for 'found:'. */
export function describeValue(value: Json): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `the text ${shorten(JSON.stringify(value))}`;
  if (typeof value !== 'object') return String(value);
  if (isList(value))
    return value.length === 0 ? 'an empty list' : `the list ${shorten(JSON.stringify(value))}`;
  const keys = Object.keys(value);
  return keys.length === 0
    ? 'an empty map'
    : `a map with ${listOfNames(keys.slice(0, 4), 'and')}${keys.length > 4 ? ' and more' : ''}`;
}

/** The values that a schema lists, by `enum`, `const` or a union of constants. */
export function constantsOf(schema: JsonObject): readonly Json[] | undefined {
  if ('const' in schema && schema.const !== undefined) return [schema.const];
  if (isList(schema.enum)) return schema.enum;
  const branches = branchesOf(schema);
  if (branches.length === 0) return undefined;
  const constants = branches.map(constantsOf);
  return constants.every((constant) => constant !== undefined) ? constants.flat() : undefined;
}

/** The alternatives of a union. */
export function branchesOf(schema: JsonObject): readonly JsonObject[] {
  const branches = schema.anyOf ?? schema.oneOf;
  return isList(branches) ? branches.filter(isObject) : [];
}

/** Whether a value has the type that a schema asks for, whatever else it asks. */
export function hasType(value: Json, schema: JsonObject): boolean {
  const constants = constantsOf(schema);
  if (constants) return constants.some((constant) => typeof constant === typeof value);
  const branches = branchesOf(schema);
  if (branches.length > 0) return branches.some((branch) => hasType(value, branch));
  switch (schema.type) {
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'array':
      return isList(value);
    case 'object':
      return isObject(value);
    case 'null':
      return value === null;
    case undefined:
      return true;
    default:
      return typeof value === schema.type;
  }
}

/** The names of the properties that must be written: required, and without a default that would be filled in. */
export function requiredNames(schema: JsonObject): readonly string[] {
  const properties = isObject(schema.properties) ? schema.properties : {};
  return (isList(schema.required) ? schema.required : []).map(String).filter((name) => {
    const property = properties[name];
    return !(isObject(property) && property.default !== undefined);
  });
}

/** Narrows a JSON value to a list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Narrows a JSON value to an object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

const longestValue = 60;

function shorten(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function describeConstant(value: Json | undefined): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

function range(schema: JsonObject): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const parts: string[] = [];
  if (minimum !== undefined && maximum !== undefined) parts.push(`from ${minimum} to ${maximum}`);
  else if (minimum !== undefined) parts.push(`of at least ${minimum}`);
  else if (maximum !== undefined && exclusiveMinimum === undefined) parts.push(`of at most ${maximum}`);
  if (exclusiveMinimum !== undefined) parts.push(`greater than ${exclusiveMinimum}`);
  if (exclusiveMinimum !== undefined && maximum !== undefined) parts.push(`at most ${maximum}`);
  if (exclusiveMaximum !== undefined) parts.push(`less than ${exclusiveMaximum}`);
  if (multipleOf !== undefined) parts.push(`a multiple of ${multipleOf}`);
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}

function describeString(schema: JsonObject): string {
  if (schema['x-roux-path'] !== undefined) return 'a path';
  if (typeof schema.pattern === 'string') return `a text like /${schema.pattern}/`;
  const minimum = typeof schema.minLength === 'number' ? schema.minLength : 0;
  return minimum === 1
    ? 'a text that is not empty'
    : minimum > 1
      ? `a text of at least ${minimum} characters`
      : 'a text';
}

function describeArray(schema: JsonObject): string {
  const { minItems, maxItems } = schema;
  const count =
    minItems !== undefined && minItems === maxItems
      ? ` with ${minItems} items`
      : minItems !== undefined && minItems !== 0
        ? ` with at least ${minItems} item${minItems === 1 ? '' : 's'}`
        : maxItems !== undefined
          ? ` with at most ${maxItems} items`
          : '';
  const items = isObject(schema.items) ? `, each ${describeSchema(schema.items)}` : '';
  return `a list${count}${items}${schema.uniqueItems === true ? ', none of them twice' : ''}`;
}

function describeObject(schema: JsonObject): string {
  const minimum =
    typeof schema.minProperties === 'number' && schema.minProperties > 0 ? ' that is not empty' : '';
  const keys = isObject(schema.properties) ? Object.keys(schema.properties) : [];
  return keys.length === 0 ? `a map${minimum}` : `a map with ${listOfNames(keys, 'and')}`;
}
