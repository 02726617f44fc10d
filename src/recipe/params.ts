/**
 * The values of parameters. From the weakest to the strongest: the default in the recipe, a declared environment variable, the
 * profile, the params files in order, `--set` in order, a trial of a sweep.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Diagnostics, type NewDiagnostic } from '../diagnostics/diagnostic.js';
import { SourceText } from '../diagnostics/source-text.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import type { JsonObject } from '../plugin/stage-info.js';
import type { Axis } from './axis.js';
import type { Interpolation } from './interpolate.js';
import { type ParamDeclaration, readDeclarations } from './param-declaration.js';
import { type Assignment, fromEnvironment, readAssignment, typedValue } from './param-texts.js';
import { parseRecipe } from './parse-recipe.js';
import { readSource } from './read-source.js';
import {
  entriesOf,
  excerptOf,
  fromJson,
  type MapEntry,
  type MapNode,
  type Origin,
  type RecipeNode,
  type ValueLayer,
  valueAt,
} from './recipe-node.js';

/** A parameter with the value that counts. */
export interface Param {
  readonly declaration: ParamDeclaration;
  /** As it was written, references in it not yet filled in; absent when nothing sets it. */
  readonly value?: RecipeNode;
  /** What `matrix` varies it over, unless something stronger sets it. */
  readonly axis?: Axis;
  /** What fills in references in the value, where that is not the recipe's own params. */
  readonly within?: Interpolation;
}

/** What overrides the values written under `params`. */
export interface ParamOverrides {
  /** The profile's name. */
  readonly profile?: string;
  /** Files with values by name, absolute or from `folder`; later ones win. */
  readonly paramsFiles: readonly string[];
  /** `name=value`, the value in YAML; later ones win. */
  readonly set: readonly string[];
  /** The environment; only declared variables of it are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values of a trial of the recipe's sweep. */
  readonly trial: JsonObject;
  /** Relative paths in `set` and in the environment start here. */
  readonly folder: string;
  /** Others give what has no value. */
  readonly asPart?: boolean;
}

/** The parameters of a recipe with what was said about them outside of it. Files read are added to `files`. */
export function resolveParams(
  recipe: MapNode,
  overrides: ParamOverrides,
  diagnostics: Diagnostics,
  files: Set<string>,
): ReadonlyMap<string, Param> {
  const params = declaredParams(recipe, overrides, diagnostics);
  const override = new Overriding(params, diagnostics);
  const profiles = valueAt(recipe, 'profiles');
  for (const { name, value } of entriesOf(profiles)) {
    for (const entry of entriesOf(value)) {
      if (name === overrides.profile) override.set(entry, 'profile');
      else override.find(entry);
    }
  }
  if (overrides.profile !== undefined && !valueAt(profiles, overrides.profile)) {
    diagnostics.add(unknownProfile(overrides.profile, profiles, placeOfProfiles(recipe)));
  }
  for (const file of overrides.paramsFiles) {
    const values = readParamsFile(file, overrides.folder, diagnostics, files);
    for (const entry of entriesOf(values)) override.set(entry, 'params file');
  }
  for (const written of overrides.set) {
    const assignment = readAssignment(written, overrides.folder, diagnostics);
    if (assignment) override.assign(assignment);
  }
  const sweep = valueAt(recipe, 'sweep');
  const place = sweep?.origin ?? recipe.origin;
  for (const [name, value] of Object.entries(overrides.trial)) {
    const written = entriesOf(valueAt(sweep, 'matrix')).find(
      (entry) => paramOfDimension(entry.name) === name,
    );
    const origin = written?.value.origin ?? place;
    override.set({ name, key: origin, value: fromJson(value, origin, recipe.folder) }, 'sweep');
  }
  if (overrides.asPart === true) {
    for (const [name, param] of params)
      if (!param.value) params.set(name, { ...param, value: openValue(param) });
  }
  return params;
}

/** The parameters with their defaults, or what their environment variables say. */
export function declaredParams(
  recipe: MapNode,
  { environment, folder }: Pick<ParamOverrides, 'environment' | 'folder'>,
  diagnostics: Diagnostics,
): Map<string, Param> {
  const params = new Map<string, Param>();
  for (const [name, declaration] of readDeclarations(recipe, diagnostics)) {
    const standard = declaration.default && layered(declaration.default, 'default');
    const text = declaration.env && environment[declaration.env.name];
    const value =
      text === undefined || !declaration.env
        ? standard
        : layered(fromEnvironment(declaration.env.name, text, declaration, folder), 'environment', standard);
    params.set(name, { declaration, ...(value && { value }) });
  }
  return params;
}

/** The value as what `layer` says, remembering what it replaced. */
export function layered(value: RecipeNode, layer: ValueLayer, instead?: RecipeNode): RecipeNode {
  return { ...value, layer, ...(instead && { instead: value.instead ?? instead }) };
}

/** The parameter that a dimension of a sweep varies: `learning_rate`, also written `params.learning_rate`. */
export function paramOfDimension(written: string): string {
  return written.replace(/^params\./, '');
}

/** Whatever the parameter may be. */
function openValue({ declaration: { key } }: Param): RecipeNode {
  return { kind: 'scalar', value: null, origin: key, folder: key.source.folder, unknown: true };
}

/** Sets parameters that are declared; others are complained about. */
export class Overriding {
  constructor(
    readonly params: Map<string, Param>,
    readonly diagnostics: Diagnostics,
    /** More about a parameter that is not declared: where params are. */
    readonly related: NonNullable<NewDiagnostic['related']> = [],
  ) {}

  /** The parameter that a key names. */
  find({ name, key }: Pick<MapEntry, 'name' | 'key'>): Param | undefined {
    const param = this.params.get(name);
    if (param) return param;
    const names = [...this.params.keys()];
    const declared = names.length === 0 ? 'there are none' : `there are ${listOfNames(names, 'and')}`;
    this.diagnostics.add({
      code: 'params/unknown',
      message: `there is no parameter '${name}'`,
      location: excerptOf(key),
      help: didYouMean(name, names) ?? `declare it under 'params:'; ${declared}`,
      related: this.related,
    });
    return undefined;
  }

  /** Gives a parameter a value. `within` fills in what the value refers to. */
  set(entry: MapEntry, layer: ValueLayer, within?: Interpolation): void {
    const param = this.find(entry);
    if (!param) return;
    const value = layered(entry.value, layer, param.value);
    this.params.set(entry.name, { declaration: param.declaration, value, ...(within && { within }) });
  }

  /** Gives a parameter what was typed. */
  assign(assignment: Assignment): void {
    const param = this.find(assignment);
    const value = param && typedValue(assignment, param.declaration, this.diagnostics);
    if (value) this.set({ name: assignment.name, key: assignment.key, value }, 'command line');
  }
}

/** Where profiles are declared; the recipe's first key where none are, since they would stand beside it. */
function placeOfProfiles({ entries }: MapNode): Origin | undefined {
  const [first] = entries.values();
  return (entries.get('profiles') ?? first)?.key;
}

function unknownProfile(
  profile: string,
  profiles: RecipeNode | undefined,
  key: Origin | undefined,
): NewDiagnostic {
  const names = entriesOf(profiles).map(({ name }) => name);
  const help = didYouMean(profile, names);
  return {
    code: 'params/unknown-profile',
    message: `the recipe has no profile '${profile}'`,
    ...(key && { location: excerptOf(key) }),
    expected: names.length === 0 ? 'no profile; the recipe declares none' : listOfNames(names),
    ...(help && { help }),
  };
}

function siblingsOf(file: string): readonly string[] {
  try {
    return readdirSync(dirname(file));
  } catch {
    return [];
  }
}

function readParamsFile(
  written: string,
  folder: string,
  diagnostics: Diagnostics,
  files: Set<string>,
): RecipeNode | undefined {
  const file = resolve(folder, written);
  files.add(file);
  const isThere = existsSync(file);
  if (!isThere || statSync(file).isDirectory()) {
    const source = new SourceText('<command line>', `--params ${written}`, folder);
    const near = didYouMean(basename(file), siblingsOf(file));
    diagnostics.add({
      code: isThere ? 'file/folder' : 'file/missing',
      message: `the params file ${written} ${isThere ? 'is a folder' : 'does not exist'}`,
      location: source.excerpt('--params '.length, source.text.length),
      expected: 'a YAML or JSON file with values by name: epochs: 3',
      ...(near && !isThere && { help: near }),
    });
    return undefined;
  }
  const wrong = new Diagnostics();
  const source = readSource(file, wrong);
  const values = source && parseRecipe(source, wrong);
  const errors = wrong.errors();
  diagnostics.addAll(
    errors.map((error) =>
      error.code === 'recipe/empty'
        ? { ...error, code: 'params/file', message: 'the params file is empty', help: 'write name: value' }
        : error,
    ),
  );
  if (!values || values.kind === 'map') return values;
  diagnostics.add({
    code: 'params/file',
    message: 'a params file is a map of values by name',
    location: excerptOf(values.origin),
    found: values.kind === 'list' ? 'a list' : 'a single value',
  });
  return undefined;
}
