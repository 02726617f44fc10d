/** JSON pointers (RFC 6901) into settings. */
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { isObject } from './foreign-data.js';

/** A copy of `value` with another value at `pointer`. Throws when the pointer leads nowhere or is the root. */
export function replaceAtPointer(value: JsonObject, pointer: string, replacement: Json): JsonObject {
  const replaced = replace(value, parsePointer(pointer), replacement, pointer);
  if (!isJsonObject(replaced)) throw new Error(`The JSON pointer ${pointer} names the whole value`);
  return replaced;
}

/** The names on the way that a pointer describes. */
export function parsePointer(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The pointer to a member of what `pointer` names. */
export function memberPointer(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** A pointer as people write it: `/layers/0/name` as `layers[0].name`. */
export function describePointer(pointer: string): string {
  return parsePointer(pointer).reduce(
    (text, name) => (/^\d+$/.test(name) ? `${text}[${name}]` : text === '' ? name : `${text}.${name}`),
    '',
  );
}

/** A list, or an object, as opposed to a plain value. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return isObject(value);
}

function replace(
  value: Json | undefined,
  names: readonly string[],
  replacement: Json,
  pointer: string,
): Json {
  const [name, ...rest] = names;
  if (name === undefined) return replacement;
  if (Array.isArray(value) && Number(name) in value) {
    return value.map((item: Json, index) =>
      index === Number(name) ? replace(item, rest, replacement, pointer) : item,
    );
  }
  if (isJsonObject(value) && name in value) {
    return { ...value, [name]: replace(value[name], rest, replacement, pointer) };
  }
  throw new Error(`The JSON pointer ${pointer} leads nowhere`);
}
