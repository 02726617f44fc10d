/**
 * The JSON Schema keywords of roux. Apart from the functions that make settings with them, since the recipe checker reads
 * them and loads no TypeBox.
 */

/** Marks a setting as a path: `true` for one that is read, `outputPath` for a folder that is written to. */
export const pathKeyword = 'x-roux-path';

/** What `pathKeyword` says of a folder that is written to. */
export const outputPath = 'output';

/** Says beside which value of another setting a setting has a meaning: a `SettingCondition`. */
export const onlyWithKeyword = 'x-roux-only-with';

/** Stands at a map of settings: names of settings of which exactly one must be given. */
export const oneOfKeyword = 'x-roux-one-of';

/** Stands at a map of numbers: what they must add up to. */
export const sumKeyword = 'x-roux-sum';

/** Stands at a map of numbers: at least one must be greater than this. An empty map is left alone. */
export const someAboveKeyword = 'x-roux-some-above';

/** Stands at a text: a form that no regular expression describes, a `SettingForm`. */
export const formKeyword = 'x-roux-form';

/** What `formKeyword` holds: a name of an encoding, or a pattern as `freeze-layers` takes them. */
export type SettingForm = 'encoding' | 'parameter-pattern';

/** What `onlyWithKeyword` holds. */
export interface SettingCondition {
  /** Another setting of the same map. */
  readonly setting: string;
  /** The values beside which the setting has a meaning; absent: the other setting must be given. */
  readonly values?: readonly string[];
}
