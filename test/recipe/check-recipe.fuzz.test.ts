/** `ROUX_FUZZ=10000 npx vitest run test/recipe/check-recipe.fuzz.test.ts` tries that many recipes instead of a few. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/diagnostics/format-diagnostic.js';
import { checkRecipe } from '../../src/recipe/check-recipe.js';
import { fakeRegistry } from './fake-registry.js';

const runs = Number(process.env.ROUX_FUZZ ?? 200);
const folder = join(import.meta.dirname, '../golden/diagnostics');
const file = join(folder, 'fuzz.yaml');
const seeds = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml') && name !== 'plugins.yaml')
  .map((name) => readFileSync(join(folder, name), 'utf8'));

/** Pieces that have a meaning to YAML, to the recipe language, or to neither. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '\t',
      '\n',
      ': ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '&a ',
      '*a',
      '<<: ',
      '? ',
      '! ',
      '!!set ',
      '|',
      '>',
      '"',
      "'",
      '#',
      '---\n',
    ],
    ...[
      `\${params.x}`,
      '${',
      '}',
      '$${',
      '__proto__',
      'constructor',
      'toString',
      'with',
      'in',
      'uses',
      'stages',
      'tokens.test',
    ],
    ...[
      'null',
      '~',
      'true',
      '.nan',
      '0x10',
      '1e999',
      '-0',
      '\u0000',
      '\u001b[2J',
      '\u202e',
      '\ufeff',
      '😀',
      '\ud800',
      '\r\n',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ at: fc.nat(), remove: fc.nat({ max: 30 }), insert: piece }),
  { minLength: 1, maxLength: 6 },
);

test('whatever a recipe looks like, it is checked or explained', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), edits, async (seed, changes) => {
      const text = changes.reduce(edited, seed);
      const checked = await checkRecipe({ file, text, registry: fakeRegistry });
      if (checked.ok) return;
      expect(checked.error.length).toBeGreaterThan(0);
      for (const { message, location } of checked.error) {
        expect(message).not.toMatch(/undefined|\[object/);
        // A mistake in a file that the recipe extends has its place there.
        if (location?.file !== file) continue;
        expect(location.offset + location.length).toBeLessThanOrEqual(Math.max(text.length, 1));
        expect(location.line).toBeGreaterThan(0);
        expect(location.column).toBeGreaterThan(0);
      }
      expect(formatDiagnostics(checked.error).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
    }),
    // The few in CI are the same every time; many are new ones.
    process.env.ROUX_FUZZ === undefined ? { numRuns: runs, seed: 1 } : { numRuns: runs },
  );
});

function edited(text: string, { at, remove, insert }: Edit): string {
  const start = at % (text.length + 1);
  return text.slice(0, start) + insert + text.slice(start + remove);
}
