import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runtimeOption } from '../../src/cli/recipe-options.js';
import { recipeSchema } from '../../src/recipe/recipe-schema.js';
import { runtimeNames } from '../../src/recipe/runtime-names.js';

test("the reference, the schema and the command line's help list the same runtimes", () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/recipe.md'), 'utf8');
  const row = page.split('\n').find((line) => line.startsWith('| `runtime` |')) ?? '';
  const [, , values = ''] = row.split('|');
  expect([...values.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual(runtimeNames);
  expect(recipeSchema).toMatchObject({ properties: { runtime: { enum: runtimeNames } } });
  expect(runtimeOption().argChoices).toEqual(runtimeNames);
});
