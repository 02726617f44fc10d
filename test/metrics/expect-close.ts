import { expect } from 'vitest';

/** The agreement that is asked of metrics: absolute, on values of the order of 1. */
export const TOLERANCE = 1e-9;

/** Expects the same structure with numbers that differ by at most `TOLERANCE`; other values must be identical. */
export function expectClose(found: unknown, expected: unknown, path = 'value'): void {
  if (typeof expected === 'number') {
    expect(typeof found, path).toBe('number');
    expect(
      Math.abs(Number(found) - expected),
      `${path}: ${found} instead of ${expected}`,
    ).toBeLessThanOrEqual(TOLERANCE);
  } else if (expected !== null && typeof expected === 'object') {
    const foundEntries = Object.entries(found ?? {});
    const expectedEntries = Object.entries(expected);
    expect(foundEntries.map(([key]) => key).sort(), path).toEqual(expectedEntries.map(([key]) => key).sort());
    const byKey = new Map(foundEntries);
    for (const [key, value] of expectedEntries) expectClose(byKey.get(key), value, `${path}.${key}`);
  } else {
    expect(found, path).toBe(expected);
  }
}
