/** What a schema validator found, as diagnostics in the places where the values were written. */
import type { NewDiagnostic } from '../diagnostics/diagnostic.js';
import { closest, listOfNames } from '../diagnostics/suggest.js';
import type { Json, JsonObject, SettingsError } from '../plugin/stage-info.js';
import {
  branchesOf,
  constantsOf,
  describeSchema,
  describeValue,
  hasType,
  isList,
  isObject,
} from './describe-schema.js';
import { excerptOf, follow, type Origin, pointerSegments, type RecipeNode, toJson } from './recipe-node.js';

/** What the validated value is, in the words of the messages. */
export interface SchemaSubject {
  /** Begins the diagnostics' codes: `setting` makes `setting/unknown`. */
  readonly code: 'recipe' | 'setting';
  /** `stage 'train'`; shown where the place alone does not say it. */
  readonly owner: (pointer: string) => string;
  /** What a key is called: 'setting', 'key'. */
  readonly keyNoun: string;
  /** The place to blame where the value itself was not written at all. */
  readonly fallback: Origin;
  /** More to say about a key that is not known. */
  readonly unknownKeyHelp?: (pointer: string, key: string) => string | undefined;
  /** What to do about a wrong value, where there is more to say than its schema does. */
  readonly valueHelp?: (pointer: string, value: Json) => string | undefined;
}

/** Translates the errors; those that follow from others, or from unknown values, are left out. */
export function schemaDiagnostics(
  errors: readonly SettingsError[],
  schema: JsonObject,
  root: RecipeNode,
  subject: SchemaSubject,
): readonly NewDiagnostic[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const diagnostics: NewDiagnostic[] = [];
  const blamed = new Set<string>();
  for (const error of errors) {
    if (isRefined(error, unions, schema, root) || isHiddenByUnion(error, unions, schema, root)) continue;
    if (!isKeyError(error) && blamed.has(error.instancePath)) continue;
    const diagnostic = translate(error, schema, root, subject);
    if (!diagnostic) continue;
    if (!isKeyError(error)) blamed.add(error.instancePath);
    diagnostics.push(diagnostic);
  }
  return diagnostics;
}

/** The schemas that may apply to the value at a JSON pointer. */
export function schemasAt(schema: JsonObject, pointer: string): readonly JsonObject[] {
  let schemas: readonly JsonObject[] = [schema];
  for (const name of pointerSegments(pointer))
    schemas = schemas.flatMap((candidate) => childSchemas(candidate, name));
  return schemas;
}

function childSchemas(schema: JsonObject, name: string): readonly JsonObject[] {
  const children = branchesOf(schema).flatMap((branch) => childSchemas(branch, name));
  const { properties, patternProperties, additionalProperties, items } = schema;
  const property = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (isObject(property)) return [...children, property];
  for (const [pattern, child] of Object.entries(isObject(patternProperties) ? patternProperties : {})) {
    if (isObject(child) && new RegExp(pattern, 'u').test(name)) return [...children, child];
  }
  if (isObject(additionalProperties)) return [...children, additionalProperties];
  if (/^\d+$/.test(name)) {
    const item = isList(items) ? items[Number(name)] : items;
    if (isObject(item)) return [...children, item];
  }
  return children;
}

function isKeyError({ keyword }: SettingsError): boolean {
  return keyword === 'additionalProperties' || keyword === 'required' || keyword === 'dependentRequired';
}

/** A union's error says nothing when one alternative has the value's type: that alternative's errors say more. */
function isRefined(
  error: SettingsError,
  unions: readonly SettingsError[],
  schema: JsonObject,
  root: RecipeNode,
): boolean {
  return unions.includes(error) && fittingBranch(error, schema, root) !== undefined;
}

/** Errors of the alternatives that are not meant. */
function isHiddenByUnion(
  error: SettingsError,
  unions: readonly SettingsError[],
  schema: JsonObject,
  root: RecipeNode,
): boolean {
  return unions.some((union) => {
    const prefix = `${union.schemaPath ?? ''}/`;
    if (error === union || !error.schemaPath?.startsWith(prefix) || !within(error, union)) return false;
    const branch = Number(error.schemaPath.slice(prefix.length).split('/')[0]);
    return fittingBranch(union, schema, root) !== branch;
  });
}

function within(error: SettingsError, union: SettingsError): boolean {
  return error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`);
}

/** The only alternative of a union that has the value's type. */
function fittingBranch(union: SettingsError, schema: JsonObject, root: RecipeNode): number | undefined {
  const { node } = follow(root, union.instancePath);
  const value = toJson(node);
  const owner = schemasAt(schema, union.instancePath).find((candidate) => branchesOf(candidate).length > 0);
  if (!owner || constantsOf(owner)) return undefined;
  const fitting = branchesOf(owner).flatMap((branch, index) => (hasType(value, branch) ? [index] : []));
  return fitting.length === 1 ? fitting[0] : undefined;
}

function translate(
  error: SettingsError,
  schema: JsonObject,
  root: RecipeNode,
  subject: SchemaSubject,
): NewDiagnostic | undefined {
  const target = follow(root, error.instancePath);
  if (target.unknown) return undefined;
  if (error.keyword === 'additionalProperties') return unknownKey(error, schema, root, subject);
  const isWritten = target.node.origin.end > target.node.origin.start;
  if (error.keyword === 'required') {
    const missing = String(error.params.missingProperty);
    const place = target.entry?.key ?? (error.instancePath === '' ? subject.fallback : target.node.origin);
    const expected = schemasAt(schema, `${error.instancePath}/${missing}`)[0];
    return {
      code: `${subject.code}/missing`,
      message: `${subject.owner(error.instancePath)} lacks the ${subject.keyNoun} '${missing}'`,
      location: excerptOf(place),
      ...(expected && { expected: `${missing}: ${describeSchema(expected)}` }),
    };
  }
  const [expected] = schemasAt(schema, error.instancePath);
  const value = toJson(target.node);
  const name = nameOf(error.instancePath);
  const help = subject.valueHelp?.(error.instancePath, value) ?? (expected && valueHelp(value, expected));
  return {
    code: `${subject.code}/${kindOfMistake(error, expected)}`,
    message:
      name === undefined ? `${subject.owner('')} has a wrong value` : `the value of ${name} is not allowed`,
    location: excerptOf(isWritten ? target.node.origin : (target.entry?.key ?? subject.fallback)),
    found: describeValue(value),
    expected: expected ? describeSchema(expected) : (error.message ?? 'another value'),
    ...(help && { help }),
    related: target.node.from
      ? [{ location: excerptOf(target.node.from.origin), message: 'the value comes from here' }]
      : [],
  };
}

/** What is wrong with a value, as the end of a code. */
function kindOfMistake(
  { keyword }: SettingsError,
  expected: JsonObject | undefined,
): 'choice' | 'format' | 'length' | 'range' | 'type' | 'value' {
  const isUnion = keyword === 'anyOf' || keyword === 'oneOf';
  if (isUnion) return expected && constantsOf(expected) ? 'choice' : 'type';
  return mistakes[keyword] ?? 'value';
}

const mistakes: Readonly<Record<string, 'choice' | 'format' | 'length' | 'range' | 'type'>> = {
  const: 'choice',
  enum: 'choice',
  exclusiveMaximum: 'range',
  exclusiveMinimum: 'range',
  format: 'format',
  maximum: 'range',
  maxItems: 'length',
  maxLength: 'length',
  minimum: 'range',
  minItems: 'length',
  minLength: 'length',
  minProperties: 'length',
  multipleOf: 'range',
  pattern: 'format',
  type: 'type',
  uniqueItems: 'length',
};

/** `'epochs'`, `item 2 of 'freeze'`; undefined for the root. */
function nameOf(pointer: string): string | undefined {
  const segments = pointerSegments(pointer);
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  return /^\d+$/.test(last) && segments.length > 1
    ? `item ${Number(last) + 1} of '${segments.at(-2)}'`
    : `'${last}'`;
}

function unknownKey(
  error: SettingsError,
  schema: JsonObject,
  root: RecipeNode,
  subject: SchemaSubject,
): NewDiagnostic {
  const key = String(error.params.additionalProperty);
  const { node } = follow(root, error.instancePath);
  const place = node.kind === 'map' ? node.entries.get(key)?.key : undefined;
  const known = schemasAt(schema, error.instancePath).flatMap((candidate) =>
    [candidate, ...branchesOf(candidate)].flatMap(({ properties }) =>
      isObject(properties) ? Object.keys(properties) : [],
    ),
  );
  const near = closest(key, known);
  const help =
    near === undefined ? subject.unknownKeyHelp?.(error.instancePath, key) : `did you mean '${near}'?`;
  return {
    code: `${subject.code}/unknown`,
    message: `${subject.owner(error.instancePath)} has no ${subject.keyNoun} '${key}'`,
    location: excerptOf(place ?? subject.fallback),
    expected: known.length === 0 ? 'nothing; it has none' : listOfNames(known),
    ...(help && { help }),
  };
}

function valueHelp(value: Json, schema: JsonObject): string | undefined {
  const constants = constantsOf(schema);
  if (constants && typeof value === 'string') {
    const near = closest(
      value,
      constants.filter((constant) => typeof constant === 'string'),
    );
    if (near !== undefined) return `did you mean '${near}'?`;
  }
  if (typeof value === 'string' && value.trim() !== '') {
    const isNumber = Number.isFinite(Number(value)) && hasType(Number(value), schema);
    const isBoolean = (value === 'true' || value === 'false') && hasType(true, schema);
    if ((isNumber || isBoolean) && !hasType(value, schema)) return 'remove the quotes';
    if (/^(yes|no|on|off)$/i.test(value) && hasType(true, schema))
      return 'YAML 1.2 knows only true and false';
  }
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  if (isPlain && !hasType(value, schema) && hasType('', schema)) return 'put it in quotes';
  if (schema.type === 'array' && isObject(schema.items) && value !== null && hasType(value, schema.items)) {
    return 'put it in brackets: [ ]';
  }
  return undefined;
}
