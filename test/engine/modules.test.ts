import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

const heavy = [
  '@tensorflow',
  'onnxruntime',
  '@sinclair/typebox',
  'ajv',
  'chokidar',
  'listr2',
  'commander',
  'vega',
  'esbuild',
  '@huggingface',
  'hyparquet',
];

test('a run in which everything is cached loads nothing but the engine and Node, and starts no process', async () => {
  const rig = await Rig.create();
  try {
    const recipe: ToyRecipe = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [
        `s${index}`,
        { uses: 'write', with: { text: `${index}` }, files: index === 0 ? [] : [`s${index - 1}`] } as const,
      ]),
    );
    await rig.run(recipe);
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      join(rig.build, 'test/rig/print-modules.js'),
      join(rig.build, 'test/rig/run-cached.js'),
      rig.folder,
      JSON.stringify(rig.recipe(recipe)),
    ]);
    const { loaded, counts }: { readonly loaded: readonly string[]; readonly counts: object } =
      JSON.parse(stdout);
    expect(counts).toMatchObject({ hit: 10, done: 0 });
    expect(loaded.some((module) => module.includes('recipe-run'))).toBe(true);
    for (const name of heavy)
      expect(loaded.filter((module) => module.includes(`node_modules/${name}`))).toEqual([]);
    // The source compiled without bundling lies in node_modules itself.
    expect(
      loaded.filter((module) => module.replace(realpathSync(rig.build), '').includes('node_modules')),
    ).toEqual([]);
  } finally {
    await rig.close();
  }
});
