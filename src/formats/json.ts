/** Reading JSON that others wrote: every surprise is a `UserError` that names the file and the field. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../artifacts/user-error.js';

/** A JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonRecord;

/** A JSON object. */
export interface JsonRecord {
  readonly [key: string]: JsonValue;
}

/** The fields of a JSON object, read one by one with their types checked. */
export class JsonFields {
  readonly file: string;
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #prefix: string;

  /** @param prefix where the object is inside the file: '' or 'splits.train.' */
  constructor(value: object, file: string, prefix = '') {
    this.file = file;
    this.#fields = new Map(Object.entries(value));
    this.#prefix = prefix;
  }

  /** Names of all fields, in the order of the file. */
  get names(): readonly string[] {
    return [...this.#fields.keys()];
  }

  /** All fields, as they stand. */
  get all(): JsonRecord {
    const fields: unknown = Object.fromEntries(this.#fields);
    return isJsonRecord(fields) ? fields : {};
  }

  /** The field as it stands; undefined when it is absent or null. */
  raw(name: string): unknown {
    return this.#fields.get(name) ?? undefined;
  }

  string(name: string, fallback?: string): string {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'string') throw this.wrong(name, 'a text');
    return value;
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false');
    return value;
  }

  /** A finite number of at least `least` (default: any). */
  number(name: string, options: { readonly fallback?: number; readonly least?: number } = {}): number {
    const value = this.raw(name) ?? options.fallback;
    const least = options.least ?? Number.NEGATIVE_INFINITY;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
      throw this.wrong(name, `a number${least > Number.NEGATIVE_INFINITY ? ` of at least ${least}` : ''}`);
    }
    return value;
  }

  /** A whole number of at least `least` (default 0). */
  integer(name: string, options: { readonly fallback?: number; readonly least?: number } = {}): number {
    const value = this.raw(name) ?? options.fallback;
    const least = options.least ?? 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
      throw this.wrong(name, `a whole number of at least ${least}`);
    }
    return value;
  }

  strings(name: string): readonly string[] {
    const value = this.raw(name);
    if (!isStringArray(value)) throw this.wrong(name, 'a list of texts');
    return value;
  }

  /** The list of texts, or null where the field is absent or null. */
  stringsOrNull(name: string): readonly string[] | null {
    return this.raw(name) === undefined ? null : this.strings(name);
  }

  /** An object inside this one; an empty one where the field is absent and `optional` is true. */
  fields(name: string, options: { readonly optional?: boolean } = {}): JsonFields {
    const value = this.raw(name) ?? (options.optional === true ? {} : undefined);
    if (!isObject(value)) throw this.wrong(name, 'an object');
    return new JsonFields(value, this.file, `${this.#prefix}${name}.`);
  }

  /** An object as it stands; {} where it is absent. */
  record(name: string): JsonRecord {
    const value = this.raw(name) ?? {};
    if (!isJsonRecord(value)) throw this.wrong(name, 'an object');
    return value;
  }

  /** The error for a field that holds something else than `expected`. */
  wrong(name: string, expected: string, help?: string): UserError {
    const value = this.#fields.get(name);
    const found = value === undefined ? 'nothing' : abbreviate(JSON.stringify(value));
    return new UserError({
      code: 'json/field',
      message: `${this.file}: '${this.#prefix}${name}' is not what it has to be`,
      expected,
      found,
      file: this.file,
      ...(help === undefined ? {} : { help }),
    });
  }
}

/** Reads a file that holds one JSON object. A missing file, bad JSON and anything but an object is a `UserError`. */
export async function readJsonFile(path: string): Promise<JsonFields> {
  return parseJsonObject(await readTextFile(path), path);
}

/** Parses the text of a file that holds one JSON object. */
export function parseJsonObject(text: string, file: string): JsonFields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError({ code: 'json/syntax', message: `${file} is not valid JSON`, found: reason, file });
  }
  if (!isObject(value)) {
    throw new UserError({ code: 'json/object', message: `${file} does not hold a JSON object`, file });
  }
  return new JsonFields(value, file);
}

/** JSON with two spaces of indentation and a newline at the end, keys in the order they have. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** True for objects that are no arrays. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      throw new UserError({ code: 'file/missing', message: `the file ${path} does not exist`, file: path });
    }
    throw error;
  }
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** What `JSON.parse` makes of an object is a record of JSON values. */
function isJsonRecord(value: unknown): value is JsonRecord {
  return isObject(value);
}

function abbreviate(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
