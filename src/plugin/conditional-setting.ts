/** The JSON Schema keyword that says beside which value of another setting a setting has a meaning. */
export const onlyWithKeyword = 'x-roux-only-with';

/** What the keyword holds. */
export interface SettingCondition {
  /** Another setting of the same map. */
  readonly setting: string;
  /** The values beside which the setting has a meaning; absent: the other setting must be given. */
  readonly values?: readonly string[];
}

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
