/** The plugins here import `roux`, so roux must have been built: `npm run build`. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LoadRegistryOptions, loadRegistry } from '../../src/plugin/load-registry.js';
import { loadStageDefinition } from '../../src/plugin/load-stage.js';
import type { StageInfo } from '../../src/plugin/stage-info.js';

const bundled = vi.hoisted(() => ({ count: 0 }));
vi.mock('../../src/plugin/bundle-plugin.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/plugin/bundle-plugin.js')>();
  return {
    ...original,
    bundlePlugin: (entry: string, from: string) => {
      bundled.count++;
      return original.bundlePlugin(entry, from);
    },
  };
});

let folder = '';
let cache = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-plugin-'));
  cache = join(folder, '.roux/plugins');
  bundled.count = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A plugin that takes its summary from a file next to it. */
function writePlugin(at: string, { summary = 'says it', comment = '', body = '' } = {}): void {
  mkdirSync(join(at, 'stages'), { recursive: true });
  writeFileSync(join(at, 'stages/words.ts'), `export const summary: string = '${summary}';\n`);
  writeFileSync(
    join(at, 'stages/say.ts'),
    `${comment}
import { defineStage, Type } from 'roux';
import { summary } from './words.js';
${body}
export default defineStage({
  type: 'say',
  version: 1,
  summary,
  settings: Type.Object({ times: Type.Integer({ default: 2, minimum: 1, description: 'How often' }) }),
  inputs: {},
  outputs: { said: { kind: 'words', description: 'What was said' } },
  async run() {
    return { summary };
  },
});
`,
  );
}

async function load(options: Partial<LoadRegistryOptions> = {}): Promise<StageInfo> {
  const loaded = await loadRegistry({
    plugins: ['./stages/say.ts'],
    from: folder,
    cache,
    builtins: new Map(),
    ...options,
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 1));
  const info = loaded.value.registry.get('say');
  if (!info) throw new Error('the plugin defines no such stage');
  return info;
}

function digestOf({ source }: StageInfo): string {
  return source.from === 'plugin' ? source.digest : '';
}

test('a plugin written in TypeScript is a stage type like any other', async () => {
  writePlugin(folder);
  const info = await load();
  expect(info).toMatchObject({
    type: 'say',
    summary: 'says it',
    threads: 1,
    outputs: { said: { kind: 'words' } },
  });
  const settings = {};
  expect(info.validate(settings)).toEqual([]);
  expect(settings).toEqual({ times: 2 });
  expect(info.validate({ times: 0 })).toMatchObject([{ instancePath: '/times', keyword: 'minimum' }]);
  expect(info.validate({ tmes: 1 })).toMatchObject([{ keyword: 'additionalProperties' }]);
});

test('its code can be loaded in another process by what the registry says', async () => {
  writePlugin(folder);
  const definition = await loadStageDefinition(await load());
  expect(definition.type).toBe('say');
});

test('what it was read from is told, so that it can be watched', async () => {
  writePlugin(folder);
  const loaded = await loadRegistry({
    plugins: ['./stages/say.ts'],
    from: folder,
    cache,
    builtins: new Map(),
  });
  expect(loaded.ok && [...loaded.value.files].sort()).toEqual([
    join(folder, 'stages/say.ts'),
    join(folder, 'stages/words.ts'),
  ]);
});

describe('the second time', () => {
  test('nothing is compiled', async () => {
    writePlugin(folder);
    const first = await load();
    const second = await load();
    expect(bundled.count).toBe(1);
    expect(digestOf(second)).toBe(digestOf(first));
    expect(second.validate({ times: 'x' })).toMatchObject([{ keyword: 'type' }]);
  });

  test('a changed file that it imports makes another digest', async () => {
    writePlugin(folder);
    const first = await load();
    writePlugin(folder, { summary: 'says it louder' });
    const second = await load();
    expect(second.summary).toBe('says it louder');
    expect(digestOf(second)).not.toBe(digestOf(first));
  });

  test('a changed comment does not', async () => {
    writePlugin(folder);
    const first = await load();
    writePlugin(folder, { comment: '/** Only a comment. */' });
    expect(digestOf(await load())).toBe(digestOf(first));
    expect(bundled.count).toBe(2);
  });

  test.each([
    ['helper.ts', './helper', 'helper.js'],
    ['helper.tsx', './helper.js', 'helper.ts'],
    ['helper/index.ts', './helper', 'helper/index.js'],
    ['helper.json', './helper', 'helper/index.json'],
  ])('a new file %s is taken instead of what %s led to', async (nearer, written, found) => {
    const code = (word: string, name: string) =>
      name.endsWith('.json') ? `{ "word": "${word}" }` : `export const word = '${word}';\n`;
    mkdirSync(join(folder, 'stages/helper'), { recursive: true });
    writeFileSync(join(folder, 'stages', found), code('one', found));
    writePlugin(folder, { body: `import * as helper from '${written}'; globalThis.said = helper.word;` });
    const first = await load();
    expect(digestOf(await load())).toBe(digestOf(first));
    expect(bundled.count).toBe(1);
    writeFileSync(join(folder, 'stages', nearer), code('two', nearer));
    // TypeScript's sources come in the order .ts, .tsx.
    const isTaken = nearer !== 'helper.tsx';
    expect(digestOf(await load()) !== digestOf(first)).toBe(isTaken);
    expect(bundled.count).toBe(isTaken ? 2 : 1);
  });

  test('a damaged cache is made anew', async () => {
    writePlugin(folder);
    const first = await load();
    for (const name of readdirSync(cache)) {
      if (name.endsWith('.json')) writeFileSync(join(cache, name), '{"format":1,');
    }
    expect(digestOf(await load())).toBe(digestOf(first));
    expect(bundled.count).toBe(2);
  });

  test('what is cached of two plugins and swapped is made anew', async () => {
    const folders = ['one', 'other'].map((name) => join(folder, name));
    for (const from of folders) {
      writePlugin(from, { summary: `of ${from}` });
      await load({ from });
    }
    const [one = '', other = ''] = readdirSync(cache).filter((name) => name.endsWith('.json'));
    renameSync(join(cache, one), join(folder, 'one.json'));
    renameSync(join(cache, other), join(cache, one));
    renameSync(join(folder, 'one.json'), join(cache, other));
    for (const from of folders) expect((await load({ from })).summary).toBe(`of ${from}`);
  });
});

test('the digest is the same wherever the project lies', async () => {
  writePlugin(folder);
  const elsewhere = join(folder, 'deeper/copy');
  mkdirSync(elsewhere, { recursive: true });
  cpSync(join(folder, 'stages'), join(elsewhere, 'stages'), { recursive: true });
  expect(digestOf(await load({ from: elsewhere }))).toBe(digestOf(await load()));
});

describe('a package', () => {
  function writePackage(name: string, version: string, code: string): void {
    const at = join(folder, 'node_modules', name);
    mkdirSync(at, { recursive: true });
    writeFileSync(
      join(at, 'package.json'),
      JSON.stringify({ name, version, type: 'module', exports: { import: './index.js' } }),
    );
    writeFileSync(join(at, 'index.js'), code);
  }

  test('that a plugin imports stays outside, and counts by its version', async () => {
    writePackage('louder', '1.0.0', "export const louder = (text) => text + '!';");
    writePlugin(folder, { body: "import { louder } from 'louder';\nexport const loud = louder('a');" });
    const first = await load();
    expect(digestOf(await load())).toBe(digestOf(first));
    writePackage('louder', '1.1.0', "export const louder = (text) => text + '!!';");
    expect(digestOf(await load())).not.toBe(digestOf(first));
  });

  test('can be a plugin itself', async () => {
    writePackage(
      'roux-say',
      '1.0.0',
      `import { defineStage, Type } from 'roux';
       export const say = defineStage({ type: 'say', version: 1, summary: 'says', settings: Type.Object({}), inputs: {}, outputs: {}, run: async () => undefined });`,
    );
    expect((await load({ plugins: ['roux-say'] })).summary).toBe('says');
    // Named by a recipe and by one in a folder below.
    const deeper = { written: 'roux-say', folder: join(folder, 'stages') };
    mkdirSync(deeper.folder);
    expect((await load({ plugins: ['roux-say', deeper] })).summary).toBe('says');
  });
});

test('several processes may load it at once', async () => {
  writePlugin(folder);
  const infos = await Promise.all(Array.from({ length: 4 }, () => load()));
  expect(new Set(infos.map(digestOf)).size).toBe(1);
  expect(readdirSync(cache).filter((name) => name.includes('tmp'))).toEqual([]);
});
