/** Reading `details` of metrics: a value that is not of the expected shape is undefined, and its part of the page left out. */
import { isObject, type JsonRecord, type JsonValue } from '../formats/json.js';

/** A finite number, or undefined. */
export function numberAt(record: JsonRecord | undefined, name: string): number | undefined {
  const value = record?.[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A text, or undefined. */
export function textAt(record: JsonRecord | undefined, name: string): string | undefined {
  const value = record?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** An object, or undefined. */
export function recordAt(record: JsonRecord | undefined, name: string): JsonRecord | undefined {
  return asRecord(record?.[name]);
}

/** The objects of a list; none when it is no list. */
export function recordsAt(record: JsonRecord | undefined, name: string): readonly JsonRecord[] {
  return listAt(record, name).filter(isRecord);
}

/** The texts of a list; none when it is no list. */
export function textsAt(record: JsonRecord | undefined, name: string): readonly string[] {
  return listAt(record, name).filter((value) => typeof value === 'string');
}

/** A list of lists of numbers; undefined when it is anything else. */
export function matrixAt(
  record: JsonRecord | undefined,
  name: string,
): readonly (readonly number[])[] | undefined {
  const rows = listAt(record, name).map((row) =>
    isList(row) ? row.filter((value) => typeof value === 'number') : [],
  );
  return rows.length > 0 && rows.every((row) => row.length === rows.length) ? rows : undefined;
}

/** An interval around a figure: `{ low, high }`. */
export function intervalAt(
  record: JsonRecord | undefined,
  name: string,
): { readonly low: number; readonly high: number } | undefined {
  const interval = recordAt(record, name);
  const low = numberAt(interval, 'low');
  const high = numberAt(interval, 'high');
  return low === undefined || high === undefined ? undefined : { low, high };
}

function listAt(record: JsonRecord | undefined, name: string): readonly JsonValue[] {
  const value = record?.[name];
  return isList(value) ? value : [];
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function asRecord(value: JsonValue | undefined): JsonRecord | undefined {
  return isRecord(value) ? value : undefined;
}

function isRecord(value: JsonValue | undefined): value is JsonRecord {
  return typeof value === 'object' && isObject(value);
}
