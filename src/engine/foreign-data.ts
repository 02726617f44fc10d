/** Whether a parsed value is a JSON object; for data that may come from another version or be damaged. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
