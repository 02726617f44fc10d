/**
 * What a JSON Schema cannot say of a setting: the numbers of a map taken together (`sumKeyword`, `someAboveKeyword`), and forms of
 * texts (`formKeyword`).
 */
import { patternMistake } from '../artifacts/parameter-pattern.js';
import { encodingMistake } from '../artifacts/text-encoding.js';
import type { CodedDetails } from '../artifacts/user-error.js';
import type { NewDiagnostic } from '../diagnostics/diagnostic.js';
import { formKeyword, type SettingForm, someAboveKeyword, sumKeyword } from '../plugin/setting-keywords.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { branchesOf } from './describe-schema.js';
import { childPointer, entriesOf, excerptOf, type MapNode, type RecipeNode } from './recipe-node.js';
import { schemasAt } from './schema-diagnostics.js';

/**
 * A diagnostic for every written value that breaks such a rule.
 *
 * @param wrong JSON pointers of values that were complained about; nothing more is said of them and what they are part of.
 */
export function settingRuleDiagnostics(
  schema: JsonObject,
  node: MapNode,
  wrong: readonly string[],
): readonly NewDiagnostic[] {
  return broken([schema], node, '', '', wrong);
}

function broken(
  schemas: readonly JsonObject[],
  node: RecipeNode,
  pointer: string,
  name: string,
  wrong: readonly string[],
): readonly NewDiagnostic[] {
  if (node.unknown || schemas.length === 0) return [];
  const children = childrenOf(node).flatMap(([key, child]) =>
    broken(
      schemas.flatMap((one) => schemasAt(one, childPointer('', key))),
      child,
      childPointer(pointer, key),
      node.kind === 'list' ? name : key,
      wrong,
    ),
  );
  const isWrong = wrong.some((place) => place === pointer || place.startsWith(`${pointer}/`));
  const own = isWrong ? undefined : schemas.flatMap(withBranches).map((one) => mistakeOf(one, node, name));
  const [mistake] = own?.filter((one) => one !== undefined) ?? [];
  return mistake === undefined ? children : [...children, placed(mistake, node)];
}

function childrenOf(node: RecipeNode): readonly (readonly [string, RecipeNode])[] {
  if (node.kind === 'list') return node.items.map((item, index) => [String(index), item] as const);
  return node.kind === 'map' ? entriesOf(node).map(({ name, value }) => [name, value] as const) : [];
}

function withBranches(schema: JsonObject): readonly JsonObject[] {
  return [schema, ...branchesOf(schema).flatMap(withBranches)];
}

function mistakeOf(schema: JsonObject, node: RecipeNode, name: string): CodedDetails | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    const form = schema[formKeyword];
    return isForm(form) ? forms[form](node.value) : undefined;
  }
  return node.kind === 'map' ? numbersMistake(schema, node, name) : undefined;
}

const forms: Readonly<Record<SettingForm, (text: string) => CodedDetails | undefined>> = {
  encoding: encodingMistake,
  'parameter-pattern': patternMistake,
};

function isForm(value: Json | undefined): value is SettingForm {
  return typeof value === 'string' && Object.hasOwn(forms, value);
}

/** Sums of shares are off by rounding. */
const tolerance = 1e-6;

/** What is wrong with the numbers of a map. */
function numbersMistake(schema: JsonObject, node: MapNode, name: string): CodedDetails | undefined {
  const { [sumKeyword]: total, [someAboveKeyword]: least } = schema;
  if (typeof total !== 'number' && typeof least !== 'number') return undefined;
  const values = entriesOf(node).flatMap(({ name: key, value }) =>
    value.kind === 'scalar' && typeof value.value === 'number' && !value.unknown
      ? [{ key, value: value.value }]
      : [],
  );
  // What is not known yet, or is no number, has its own diagnostic.
  if (values.length < node.entries.size) return undefined;
  const shown = values.map(({ key, value }) => `${key}: ${value}`).join(', ');
  const sum = values.reduce((before, { value }) => before + value, 0);
  if (typeof total === 'number' && Math.abs(sum - total) > tolerance) {
    return {
      code: 'setting/value',
      message: `the values of '${name}' do not add up to ${total}`,
      found: values.length === 0 ? 'an empty map' : `${shown}, together ${Number(sum.toPrecision(6))}`,
      expected: `values that add up to ${total}`,
    };
  }
  if (typeof least === 'number' && values.length > 0 && values.every(({ value }) => value <= least)) {
    return {
      code: 'setting/value',
      message: `no value of '${name}' is greater than ${least}`,
      found: shown,
      expected: `at least one value greater than ${least}`,
    };
  }
  return undefined;
}

function placed(mistake: CodedDetails, node: RecipeNode): NewDiagnostic {
  const { code, message, found, expected, help } = mistake;
  return {
    code,
    message,
    location: excerptOf(node.origin),
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
    ...(help === undefined ? {} : { help }),
    related: node.from
      ? [{ location: excerptOf(node.from.origin), message: 'the value comes from here' }]
      : [],
  };
}
