/** Values of parameters that come as text: from `--set name=value` and from the environment. */
import { parseDocument } from 'yaml';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import { SourceText } from '../diagnostics/source-text.js';
import type { ParamDeclaration } from './param-declaration.js';
import { parseRecipe } from './parse-recipe.js';
import { entriesOf, excerptOf, type Origin, type RecipeNode } from './recipe-node.js';

/** `epochs=3`, taken apart. */
export interface Assignment {
  readonly name: string;
  readonly key: Origin;
  readonly text: string;
  readonly place: Origin;
  readonly folder: string;
}

/** The names of the pseudo files that hold what was typed after `--set`, and what the environment says. */
const commandLine = '<command line>';
const environmentName = '<environment>';

/** Takes `name=value` apart; relative paths in the value start from `folder`. */
export function readAssignment(
  assignment: string,
  folder: string,
  diagnostics: Diagnostics,
): Assignment | undefined {
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
  return {
    name: assignment.slice(0, equals).replace(/^params\./, ''),
    key: { source, start: 0, end: equals },
    text: assignment.slice(equals + 1),
    place: { source, start: equals + 1, end: assignment.length },
    folder,
  };
}

/** The value that was typed. */
export function typedValue(
  { name, text, place, folder }: Assignment,
  declaration: ParamDeclaration,
  diagnostics: Diagnostics,
): RecipeNode | undefined {
  const read = readText(text, declaration, place, folder);
  if (read.ok) return read.value;
  diagnostics.add({
    code: 'params/assignment',
    message: `the value of '${name}' is no YAML: ${read.problem}`,
    location: excerptOf(place),
    help: 'put it in quotes',
  });
  return undefined;
}

/** The value that an environment variable has. What is no YAML is taken as it is. */
export function fromEnvironment(
  name: string,
  text: string,
  declaration: ParamDeclaration,
  folder: string,
): RecipeNode {
  const source = new SourceText(environmentName, `${name}=${text}`, folder);
  const place = { source, start: name.length + 1, end: source.text.length };
  const read = readText(text, declaration, place, folder);
  return read.ok ? read.value : { kind: 'scalar', value: text, origin: place, folder };
}

type Read =
  | { readonly ok: true; readonly value: RecipeNode }
  | { readonly ok: false; readonly problem: string };

/** YAML; but where only a text is allowed, what is no quoted text is taken as it is: `--set version=1.0`. */
function readText(text: string, { types }: ParamDeclaration, place: Origin, folder: string): Read {
  const asItIs: RecipeNode = { kind: 'scalar', value: text, origin: place, folder };
  const isTextOnly = types.every((type) => type === 'string');
  if (text === '' || (isTextOnly && !/^\s*["']/.test(text))) return { ok: true, value: asItIs };
  const wrong = new Diagnostics();
  const value = parseRecipe(new SourceText(place.source.file, text, folder), wrong);
  if (value && !wrong.hasErrors) {
    return { ok: true, value: movedTo(value, place) };
  }
  if (isTextOnly) return { ok: true, value: asItIs };
  if (/^\s*(~|null)?\s*$/.test(text) && parseDocument(text).errors.length === 0) {
    return { ok: true, value: { ...asItIs, value: null } };
  }
  return { ok: false, problem: wrong.errors()[0]?.message ?? 'it cannot be read' };
}

function movedTo(node: RecipeNode, origin: Origin): RecipeNode {
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
