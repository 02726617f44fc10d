/**
 * How parameters are declared: `epochs: 3`, or the long form `epochs: { type: integer, default: 3, minimum: 1 }`.
 *
 * A map with `default` or `type` is the long form; any other value is the default itself, and its type is inferred.
 */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import {
  entriesOf,
  excerptOf,
  type MapEntry,
  type MapNode,
  type Origin,
  type RecipeNode,
  toJson,
  valueAt,
} from './recipe-node.js';
import { paramNamePattern, paramTypes } from './recipe-schema.js';

/** What a parameter's value may be. */
export type ParamType = (typeof paramTypes)[number];

/** A declared parameter. */
export interface ParamDeclaration {
  readonly name: string;
  /** Where its name is written. */
  readonly key: Origin;
  /** Where it is said what values are allowed, in the file that says so: a recipe that is extended may. */
  readonly rule: Origin;
  /** Any of these; `any` where nothing is said and nothing can be inferred. */
  readonly types: readonly ParamType[];
  /** Absent where the parameter must be set from outside. */
  readonly default?: RecipeNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly Json[];
  readonly description?: string;
  /** The environment variable that may set it. */
  readonly env?: { readonly name: string; readonly place: Origin };
}

/** Writes every declaration of a recipe's `params` in the long form, so that declarations can be merged by key. */
export function inLongForm(recipe: MapNode): MapNode {
  return declarationsOf(recipe, longForm);
}

/** After merging: a null that removed nothing is a default. */
export function withNullDefaults(recipe: MapNode): MapNode {
  return declarationsOf(recipe, (entry) => {
    const isNull = entry.value.kind === 'scalar' && !entry.value.unknown;
    return isNull ? { ...entry, value: asDefault(entry.value, entry.key) } : entry;
  });
}

/** Reads `params`, after `inLongForm` and merging. What its schema says is checked with the recipe's structure. */
export function readDeclarations(
  recipe: MapNode,
  diagnostics: Diagnostics,
): ReadonlyMap<string, ParamDeclaration> {
  const declarations = new Map<string, ParamDeclaration>();
  for (const entry of entriesOf(valueAt(recipe, 'params'))) {
    if (!new RegExp(paramNamePattern).test(entry.name)) {
      diagnostics.add({
        code: 'params/name',
        message: `'${entry.name}' cannot be the name of a parameter`,
        location: excerptOf(entry.key),
        expected: 'a letter, then letters, digits, hyphens and underscores, at most 100',
      });
    }
    declarations.set(entry.name, readDeclaration(entry, diagnostics));
  }
  return declarations;
}

/** The declaration as a JSON Schema: what values it allows. */
export function schemaOf({ types, minimum, maximum, choices }: ParamDeclaration): JsonObject {
  if (choices) return { enum: choices };
  const schemas = types.map(
    (type): JsonObject =>
      type === 'number' || type === 'integer'
        ? { type, ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) }
        : type === 'any'
          ? {}
          : { type: schemaTypes[type] },
  );
  const [only] = schemas;
  return schemas.length === 1 && only ? only : { anyOf: schemas };
}

/** Whether a value has one of the declaration's types. A null is allowed where the default is null. */
export function isOfType(value: RecipeNode, { types, default: standard }: ParamDeclaration): boolean {
  const isNull = value.kind === 'scalar' && value.value === null;
  if (isNull && standard?.kind === 'scalar' && standard.value === null) return true;
  return types.some((type) => hasParamType(value, type));
}

const schemaTypes = { string: 'string', boolean: 'boolean', list: 'array', map: 'object' } as const;

function hasParamType(node: RecipeNode, type: ParamType): boolean {
  if (type === 'any') return true;
  if (node.kind !== 'scalar') return node.kind === type;
  return type === 'integer' ? Number.isInteger(node.value) : typeof node.value === type;
}

function declarationsOf(recipe: MapNode, change: (entry: MapEntry) => MapEntry): MapNode {
  const section = recipe.entries.get('params');
  if (section?.value.kind !== 'map') return recipe;
  const entries = entriesOf(section.value).map((entry): [string, MapEntry] => [entry.name, change(entry)]);
  const value: MapNode = { ...section.value, entries: new Map(entries) };
  return { ...recipe, entries: new Map(recipe.entries).set('params', { ...section, value }) };
}

function longForm(entry: MapEntry): MapEntry {
  const { value } = entry;
  // While recipes are merged a null removes the parameter; what is left of it afterwards is a default.
  if (value.kind === 'scalar' && value.value === null && !value.unknown) return entry;
  if (value.kind === 'map' && (value.entries.has('default') || value.entries.has('type'))) {
    const standard = value.entries.get('default');
    if (standard?.value.kind !== 'scalar' || standard.value.value !== null) return entry;
    const literal = { ...standard, value: { ...standard.value, literal: true as const } };
    return { ...entry, value: { ...value, entries: new Map(value.entries).set('default', literal) } };
  }
  return { ...entry, value: asDefault(value, entry.key) };
}

function asDefault(value: RecipeNode, key: Origin): MapNode {
  const entries = new Map([['default', { name: 'default', key, value }]]);
  return { kind: 'map', origin: value.origin, folder: value.folder, entries };
}

function readDeclaration({ name, key, value }: MapEntry, diagnostics: Diagnostics): ParamDeclaration {
  const standard = valueAt(value, 'default');
  const minimum = numberIn(value, 'minimum');
  const maximum = numberIn(value, 'maximum');
  const choices = valueAt(value, 'choices');
  const description = valueAt(value, 'description');
  const env = valueAt(value, 'env');
  const upper = valueAt(value, 'maximum');
  if (minimum !== undefined && maximum !== undefined && minimum > maximum && upper) {
    diagnostics.add({
      code: 'params/declaration',
      message: `the maximum of the parameter '${name}' is below its minimum`,
      location: excerptOf(upper.origin),
      found: `${maximum}, below ${minimum}`,
    });
  }
  const rules = ['choices', 'maximum', 'minimum', 'type'].flatMap((rule) => valueAt(value, rule) ?? []);
  const rule = rules.find(({ origin }) => origin.source !== key.source)?.origin ?? key;
  return {
    name,
    key,
    rule,
    types: typesOf(valueAt(value, 'type'), standard, choices),
    ...(standard && { default: standard }),
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(choices?.kind === 'list' && choices.items.length > 0 && { choices: choices.items.map(toJson) }),
    ...(description?.kind === 'scalar' && { description: String(description.value) }),
    ...(env?.kind === 'scalar' &&
      typeof env.value === 'string' && { env: { name: env.value, place: env.origin } }),
  };
}

function typesOf(
  written: RecipeNode | undefined,
  standard: RecipeNode | undefined,
  choices: RecipeNode | undefined,
): readonly ParamType[] {
  const nodes = written?.kind === 'list' ? written.items : written ? [written] : [];
  const types = nodes.flatMap((node) =>
    paramTypes.filter((type) => node.kind === 'scalar' && node.value === type),
  );
  if (types.length > 0) return types;
  return written || choices ? ['any'] : [inferredType(standard)];
}

/** The type of a default. A whole number may become a fraction: the stage's setting says whether that is right. */
function inferredType(node: RecipeNode | undefined): ParamType {
  if (!node || node.unknown) return 'any';
  if (node.kind !== 'scalar') return node.kind;
  if (typeof node.value === 'number') return 'number';
  if (typeof node.value === 'boolean') return 'boolean';
  return typeof node.value === 'string' && !node.value.includes('${') ? 'string' : 'any';
}

function numberIn(node: RecipeNode, name: string): number | undefined {
  const value = valueAt(node, name);
  return value?.kind === 'scalar' && typeof value.value === 'number' ? value.value : undefined;
}
