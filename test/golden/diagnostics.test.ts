/**
 * Every recipe in `diagnostics/` has mistakes; the text file of the same name holds what roux says about them.
 * `npx vitest run test/golden/diagnostics.test.ts -u` writes the text files anew; review them as text.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/diagnostics/format-diagnostic.js';
import { checkRecipe } from '../../src/recipe/check-recipe.js';
import { fakeRegistry } from '../recipe/fake-registry.js';

const folder = join(import.meta.dirname, 'diagnostics');
const recipes = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
let pluginCache = '';

beforeAll(() => {
  pluginCache = mkdtempSync(join(tmpdir(), 'roux-golden-'));
});

afterAll(() => {
  rmSync(pluginCache, { recursive: true });
});

test.each(recipes)('the mistakes of %s are explained', async (name) => {
  const file = join(folder, name);
  const checked = await checkRecipe({
    file,
    ...(usesStagesOfRoux(file) ? {} : { registry: fakeRegistry }),
    pluginCache,
    workingFolder: folder,
    ...optionsOf(file),
  });
  const text = checked.ok ? 'no mistakes\n' : formatDiagnostics(checked.error, { folder });
  expect(checked.ok, text).toBe(false);
  await expect(text.replaceAll(folder, '<folder>')).toMatchFileSnapshot(
    join(folder, `${basename(name, '.yaml')}.txt`),
  );
});

/** The first line may ask for the stage types of roux in place of the made-up ones: `# stage types of roux`. */
function usesStagesOfRoux(file: string): boolean {
  return readFileSync(file, 'utf8').startsWith('# stage types of roux\n');
}

/** The first line may say what the command line says: `# options: --profile smoke --set epochs=3`. */
function optionsOf(file: string): {
  readonly profile?: string;
  readonly set: readonly string[];
  readonly paramsFiles: readonly string[];
} {
  const [, line = ''] = /^# options: (.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  const words = line.split(' ');
  const after = (option: string): readonly string[] =>
    words.flatMap((word, index) => (words[index - 1] === option ? [word] : []));
  const [profile] = after('--profile');
  return { set: after('--set'), paramsFiles: after('--params'), ...(profile !== undefined && { profile }) };
}
