import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('checking a recipe loads no package but the YAML parser', async () => {
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, '../../src/recipe/check-recipe.ts')],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: 'unused',
    write: false,
    metafile: true,
  });
  const packages = new Set<string>();
  const visit = (path: string): void => {
    for (const imported of metafile.outputs[path]?.imports ?? []) {
      if (imported.kind !== 'import-statement') continue;
      if (!imported.external) visit(imported.path);
      else if (!imported.path.startsWith('node:')) packages.add(imported.path);
    }
  };
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint?.endsWith('src/recipe/check-recipe.ts')) visit(path);
  }
  expect([...packages]).toEqual(['yaml']);
});
