import { expect, test } from 'vitest';
import { diagnosticCodes } from '../../src/diagnostics/codes.js';

test('a code is a family and a name', () => {
  for (const code of Object.keys(diagnosticCodes))
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/);
});
