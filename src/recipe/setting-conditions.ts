/** Which settings go together: those that mean something only beside others (`onlyWith`), and those of which one is given. */
import type { NewDiagnostic } from '../diagnostics/diagnostic.js';
import { listOfNames } from '../diagnostics/suggest.js';
import { oneOfKeyword, onlyWithKeyword, type SettingCondition } from '../plugin/setting-keywords.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { isList, isObject } from './describe-schema.js';
import { excerptOf, type MapNode, valueAt } from './recipe-node.js';

/**
 * A diagnostic where none or several are given of settings of which exactly one must be (`oneOfKeyword`).
 *
 * @param node what was written.
 * @param owner whose settings they are, for the message.
 */
export function alternativeSettingDiagnostics(
  schema: JsonObject,
  node: MapNode,
  owner: string,
): readonly NewDiagnostic[] {
  const alternatives = schema[oneOfKeyword];
  if (!isList(alternatives) || node.unknown) return [];
  const names = alternatives.map(String);
  const given = names.flatMap((name) => node.entries.get(name) ?? []);
  if (given.length === 1 || given.some(({ value }) => value.unknown)) return [];
  const expected = `one of ${listOfNames(names)}`;
  const second = given[1];
  return [
    second === undefined
      ? {
          code: 'setting/missing',
          message: `${owner} lacks one of the settings ${listOfNames(names)}`,
          location: excerptOf(node.origin),
          expected,
        }
      : {
          code: 'setting/combination',
          message: `the settings ${given.map(({ name }) => `'${name}'`).join(' and ')} exclude each other`,
          location: excerptOf(second.key),
          expected,
          help: `remove all of them but one`,
        },
  ];
}

/**
 * A diagnostic for every setting that was written although the stage will make nothing of it.
 *
 * @param settings the settings after defaults.
 * @param node what was written; settings that were not are left alone.
 */
export function settingConditionDiagnostics(
  schema: JsonObject,
  settings: JsonObject,
  node: MapNode,
): readonly NewDiagnostic[] {
  const properties = isObject(schema.properties) ? schema.properties : {};
  return [...node.entries.values()].flatMap(({ name, key, value }) => {
    const property = properties[name];
    const condition = isObject(property) ? conditionOf(property[onlyWithKeyword]) : undefined;
    if (condition === undefined || valueAt(node, condition.setting)?.unknown) return [];
    const { setting, values } = condition;
    const found = settings[setting];
    const holds = values === undefined ? found !== undefined : values.includes(String(found));
    if (holds) return [];
    const beside = found === undefined ? `without '${setting}'` : `with ${setting}: ${String(found)}`;
    const isDefault = found !== undefined && valueAt(node, setting) === undefined;
    return [
      {
        code: 'setting/combination',
        message: `the setting '${name}' has no meaning ${beside}${isDefault ? ', which is the default' : ''}`,
        location: excerptOf(key),
        expected: values === undefined ? `the setting '${setting}'` : `${setting}: ${listOfNames(values)}`,
        help: value.from
          ? `where params decide, let one stand for both: '\${params.choice}', a map with '${setting}' that has '${name}' only where it counts`
          : `remove '${name}', or ${values === undefined ? `give '${setting}', too` : `change '${setting}'`}`,
      },
    ];
  });
}

function conditionOf(value: Json | undefined): SettingCondition | undefined {
  if (!isObject(value) || typeof value.setting !== 'string') return undefined;
  const { setting, values } = value;
  return { setting, ...(isList(values) ? { values: values.map(String) } : {}) };
}
