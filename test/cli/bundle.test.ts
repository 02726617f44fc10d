import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readableStack } from '../../src/cli/output/readable-stack.js';
import { root } from '../rig/build.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-bundle-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('the built program runs a recipe with a plugin, and again from the store', async () => {
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{}');
  await writeFile(
    join(folder, 'stage.ts'),
    `import { defineStage, Type } from 'roux';
     import { writeFileSync } from 'node:fs';
     export default defineStage({
       type: 'shout', version: 1, summary: 'Shouts',
       settings: Type.Object({ text: Type.String({ description: 'What' }) }),
       inputs: {}, outputs: { out: { kind: 'text', description: 'A text' } },
       async run({ settings, outputs }) {
         writeFileSync(outputs.out.path + '/text.txt', settings.text.toUpperCase());
         return { metrics: { letters: settings.text.length } };
       },
     });`,
  );
  await writeFile(
    join(folder, 'roux.yaml'),
    'recipe: 1\nplugins: [./stage.ts]\nstages:\n  a: { uses: shout, with: { text: hello } }\n',
  );
  const run = () => {
    const args = [join(root, 'dist/cli/roux.cjs'), 'run'];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout;
  };
  expect(run()).toContain('1 stage: 1 done');
  expect(run()).toContain('1 stage: 1 cached');
  expect((await readdir(join(root, 'dist/bundle'))).filter((name) => name.endsWith('.cjs'))).toHaveLength(3);
});

test('every command of the bundle finds its module', async () => {
  const { commands }: { readonly commands: readonly string[] } = JSON.parse(
    await readFile(join(root, 'dist/bundle/bundle.json'), 'utf8'),
  );
  expect(commands).toContain('show');
  for (const command of commands) {
    const args = [join(root, 'dist/cli/roux.cjs'), command, '--help'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: roux ${command}`);
  }
});

test('a stack of the bundle names the sources', async () => {
  const source = join(folder, 'thrower.ts');
  await writeFile(
    source,
    'interface Nothing {}\n\nexport function fail(_: Nothing) {\n  throw new Error("so");\n}\n',
  );
  const outfile = join(folder, 'bundle.cjs');
  await build({ entryPoints: [source], outfile, bundle: true, format: 'cjs', sourcemap: 'external' });
  const { default: bundle } = await import(pathToFileURL(outfile).href);
  let stack = '';
  try {
    bundle.fail({});
  } catch (error) {
    stack = error instanceof Error ? (error.stack ?? '') : '';
  }
  expect(stack).toContain('bundle.cjs');
  expect(readableStack(stack)).toContain(`${source}:4:9`);
});
