/** Whether a parsed value is a JSON object; for data that may come from another version or be damaged. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object to be filled by name: it has no prototype, so that any file name, `__proto__` too, is a name like others. */
export function emptyRecord<Value>(): Record<string, Value> {
  return Object.create(null);
}
