import type { Diagnostics, NewDiagnostic } from '../diagnostics/diagnostic.js';
import { didYouMean } from '../diagnostics/suggest.js';
import type { Json } from '../plugin/stage-info.js';
import { describeSchema, describeValue, isList, isObject } from './describe-schema.js';
import { isOfType, type ParamDeclaration, schemaOf } from './param-declaration.js';
import { excerptOf, type RecipeNode } from './recipe-node.js';

/**
 * Checks a parameter's value, references filled in, against its declaration. Gives the value back, or an unknown one when
 * it is wrong or missing, which is a diagnostic at the place of the value that also shows the declaration.
 */
export function checkParam(
  declaration: ParamDeclaration,
  value: RecipeNode | undefined,
  diagnostics: Diagnostics,
): RecipeNode {
  const { name, key, rule } = declaration;
  if (!value) {
    diagnostics.add({
      code: 'params/missing',
      message: `the parameter '${name}' has no value`,
      location: excerptOf(key),
      expected: describeSchema(schemaOf(declaration)),
      help: `give it a default, or set it: --set ${name}=VALUE`,
    });
    return { kind: 'scalar', value: null, origin: key, folder: key.source.folder, unknown: true };
  }
  if (value.unknown) return value;
  const problem = problemOf(value, declaration);
  if (!problem) return value;
  const help = problem === 'choice' ? nearChoice(value, declaration) : undefined;
  const related: NonNullable<NewDiagnostic['related']>[number][] = [];
  if (value.from)
    related.push({ location: excerptOf(value.from.origin), message: 'the value comes from here' });
  if (value.layer !== 'default' || rule !== key)
    related.push({ location: excerptOf(rule), message: `'${name}' is declared here` });
  diagnostics.add({
    code: `params/${problem}`,
    message: `the value of the parameter '${name}' is not allowed`,
    location: excerptOf(value.origin),
    found: value.kind === 'scalar' ? describeValue(value.value) : `a ${value.kind}`,
    expected: describeSchema(schemaOf(declaration)),
    ...(help !== undefined && { help }),
    related,
  });
  return { ...value, unknown: true };
}

function problemOf(node: RecipeNode, declaration: ParamDeclaration): 'type' | 'range' | 'choice' | undefined {
  const { choices, minimum, maximum } = declaration;
  if (!isOfType(node, declaration)) return 'type';
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (value === null) return undefined;
  if (choices && !choices.some((choice) => isEqual(node, choice))) return 'choice';
  if (typeof value !== 'number') return undefined;
  const isInside = (minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum);
  return isInside ? undefined : 'range';
}

/** Whether a tree is this value. Not by `toJson`: shared parts can make a tree far larger than its text. */
function isEqual(node: RecipeNode, value: Json): boolean {
  if (node.kind === 'scalar') return node.value === value;
  if (node.kind === 'list') {
    const { items } = node;
    return (
      isList(value) &&
      value.length === items.length &&
      value.every((child, index) => {
        const item = items[index];
        return item !== undefined && isEqual(item, child);
      })
    );
  }
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length === node.entries.size &&
    entries.every(([name, child]) => {
      const entry = node.entries.get(name);
      return entry !== undefined && isEqual(entry.value, child);
    })
  );
}

function nearChoice(node: RecipeNode, { choices = [] }: ParamDeclaration): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  return didYouMean(
    node.value,
    choices.filter((choice) => typeof choice === 'string'),
  );
}
