import { onlyWithKeyword, type SettingCondition } from './setting-keywords.js';

/**
 * Schema options for a setting that means something only beside some values of another one. Written beside others it
 * is a diagnostic before anything runs.
 *
 * `Type.Number({ description: '...', ...onlyWith('optimizer', ['sgd']) })`
 */
export function onlyWith(
  setting: string,
  values?: readonly string[],
): { readonly [onlyWithKeyword]: SettingCondition } {
  return { [onlyWithKeyword]: { setting, ...(values === undefined ? {} : { values }) } };
}
