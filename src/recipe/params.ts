/** Parameters: declared in the recipe, overridden by a profile and by the command line. */
import { parseDocument } from 'yaml';
import { Diagnostics, type NewDiagnostic } from '../diagnostics/diagnostic.js';
import { SourceText } from '../diagnostics/source-text.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import { parseRecipe } from './parse-recipe.js';
import { entriesOf, excerptOf, type MapEntry, type Origin, type RecipeNode, valueAt } from './recipe-node.js';

/** A parameter with the value that counts. */
export interface Param {
  readonly name: string;
  readonly value: RecipeNode;
  /** Where it was declared. */
  readonly declared: MapEntry;
}

/** What overrides the values written under `params`. */
export interface ParamOverrides {
  /** The profile's name. */
  readonly profile?: string;
  /** `name=value`, the value in YAML; later ones win. */
  readonly set: readonly string[];
  /** Relative paths in `set` start here. */
  readonly folder: string;
}

/** The name of the pseudo file that holds what was typed after `--set`. */
const commandLine = '<command line>';

/** The parameters of a recipe after overrides. */
export function resolveParams(
  recipe: RecipeNode,
  overrides: ParamOverrides,
  diagnostics: Diagnostics,
): ReadonlyMap<string, Param> {
  const params = new Map<string, Param>();
  for (const declared of entriesOf(valueAt(recipe, 'params'))) {
    params.set(declared.name, { name: declared.name, value: declared.value, declared });
  }
  const override = ({ name, key, value }: MapEntry, applies: boolean): void => {
    const param = params.get(name);
    if (param) {
      if (applies) params.set(name, { ...param, value });
      return;
    }
    const help =
      didYouMean(name, params.keys()) ??
      `declare it under 'params:'; there are ${listOfNames([...params.keys()], 'and')}`;
    const message = `there is no parameter '${name}'`;
    diagnostics.add({ code: 'params/unknown', message, location: excerptOf(key), help });
  };
  const profiles = valueAt(recipe, 'profiles');
  for (const { name, value } of entriesOf(profiles)) {
    for (const entry of entriesOf(value)) override(entry, name === overrides.profile);
  }
  if (overrides.profile !== undefined && !valueAt(profiles, overrides.profile)) {
    const key = entriesOf(recipe).find(({ name }) => name === 'profiles')?.key;
    diagnostics.add(unknownProfile(overrides.profile, profiles, key));
  }
  for (const assignment of overrides.set) {
    const entry = parseAssignment(assignment, overrides.folder, diagnostics);
    if (entry) override(entry, true);
  }
  return params;
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

/** `epochs=3` as a map entry whose place is the command line. */
function parseAssignment(assignment: string, folder: string, diagnostics: Diagnostics): MapEntry | undefined {
  const source = new SourceText(commandLine, assignment, folder);
  const equals = assignment.indexOf('=');
  if (equals < 1) {
    diagnostics.add({
      code: 'params/assignment',
      message: 'a parameter is set by name=value',
      location: source.excerpt(0, assignment.length),
      found: assignment,
      help: 'for example --set epochs=3',
    });
    return undefined;
  }
  const name = assignment.slice(0, equals).replace(/^params\./, '');
  const key = { source, start: 0, end: equals };
  const text = assignment.slice(equals + 1);
  const whole = { source, start: equals + 1, end: assignment.length };
  if (text === '') return { name, key, value: { kind: 'scalar', value: '', origin: whole, folder } };
  const wrong = new Diagnostics();
  const value = parseRecipe(new SourceText(commandLine, text, folder), wrong);
  if (value && !wrong.hasErrors) return { name, key, value: movedTo(value, whole) };
  if (/^\s*(~|null)?\s*$/.test(text) && parseDocument(text).errors.length === 0) {
    return { name, key, value: { kind: 'scalar', value: null, origin: whole, folder } };
  }
  diagnostics.add({
    code: 'params/assignment',
    message: `the value of '${name}' is no YAML: ${wrong.errors()[0]?.message ?? 'it cannot be read'}`,
    location: excerptOf(whole),
    help: 'put it in quotes',
  });
  return undefined;
}

function movedTo(node: RecipeNode, origin: RecipeNode['origin']): RecipeNode {
  switch (node.kind) {
    case 'scalar':
      return { ...node, origin };
    case 'list':
      return { ...node, origin, items: node.items.map((item) => movedTo(item, origin)) };
    case 'map': {
      const entries = entriesOf(node).map((entry) => ({
        ...entry,
        key: origin,
        value: movedTo(entry.value, origin),
      }));
      return { ...node, origin, entries: new Map(entries.map((entry) => [entry.name, entry])) };
    }
  }
}
