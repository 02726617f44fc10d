import { expect, test } from 'vitest';
import { diagnosticCodes } from '../../src/diagnostics/codes.js';

test('a code is a family and a name, once', () => {
  for (const code of diagnosticCodes) expect(code).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/);
  expect(new Set(diagnosticCodes).size).toBe(diagnosticCodes.length);
});
