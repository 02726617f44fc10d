import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { explainStage } from '../../src/engine/explain-stage.js';
import { rootCauses } from '../../src/engine/explanation.js';
import { planRecipe } from '../../src/engine/planner.js';
import { runRecipe } from '../../src/engine/run.js';
import type { CheckedRecipe } from '../../src/recipe/checked-recipe.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

async function why(recipe: ToyRecipe, stage: string) {
  return explainStage(rig.recipe(recipe), stage, { store: await rig.store() });
}

const chain = (text: string): ToyRecipe => ({
  data: { uses: 'read', with: { path: 'data.tsv' } },
  a: { uses: 'write', with: { text }, files: ['data'] },
  b: { uses: 'write', with: { text: 'b' }, files: ['a'] },
});

describe('a stage that has to run', () => {
  test('names the rows of a file that were added, removed and changed', async () => {
    await rig.write('data.tsv', 'one\ntwo\nthree\nfour\n');
    await rig.run(chain('a'));
    await rig.write('data.tsv', 'one\n2\nthree\nfive\nsix\n');
    const told = await why(chain('a'), 'data');
    expect(told).toMatchObject({
      state: 'run',
      comparedWith: 'last',
      reasons: [
        {
          kind: 'file',
          text: 'data.tsv changed: 1 row added, 2 changed (lines 2, 4, 5)',
          contents: { of: 'lines', added: 1, removed: 0, changed: 2, at: [2, 4, 5] },
        },
      ],
    });
  });

  test('names the files of a folder', async () => {
    const recipe: ToyRecipe = { data: { uses: 'write', with: { text: 'a', path: 'folder' } } };
    await rig.write('folder/a.txt', 'a');
    await rig.write('folder/b.txt', 'b');
    await rig.write('folder/c/d.txt', 'd');
    await rig.run(recipe);
    await rig.write('folder/b.txt', 'B');
    await rig.write('folder/e.txt', 'e');
    await rm(join(rig.folder, 'folder/c'), { recursive: true });
    expect((await why(recipe, 'data')).reasons).toMatchObject([
      {
        text: 'folder changed: 1 file added (e.txt), 1 file removed (c/d.txt), 1 file changed (b.txt)',
        contents: { of: 'files', added: ['e.txt'], removed: ['c/d.txt'], changed: ['b.txt'] },
      },
    ]);
  });

  test('says only that a file changed where its lines are not known', async () => {
    await rig.write('data.tsv', 'a\0b');
    await rig.run(chain('a'));
    await rig.write('data.tsv', 'a\0c');
    expect((await why(chain('a'), 'data')).reasons).toMatchObject([{ text: 'data.tsv changed' }]);
  });

  test('says what did not change', async () => {
    await rig.write('data.tsv', 'one');
    await rig.run(chain('a'));
    const told = await why(chain('x'), 'a');
    expect(told.equal.map(({ text }) => text)).toEqual(['write version 1 and its source', 'files: data']);
    expect(told.reasons).toMatchObject([
      { kind: 'setting', subject: 'text', before: 'a', after: 'x', location: { line: 15 } },
    ]);
  });

  test('names the lines of the plugin that changed', async () => {
    const file = join(rig.folder, 'shout.ts');
    const shouting = (digest: string): CheckedRecipe => {
      const recipe = rig.recipe({ a: { uses: 'write', with: { text: 'a' } } });
      return {
        ...recipe,
        stages: recipe.stages.map((stage) => ({
          ...stage,
          info: { ...stage.info, source: { from: 'plugin', module: rig.toyModule, digest, file } },
        })),
      };
    };
    const store = await rig.store();
    await writeFile(file, 'one\ntwo\nthree\n');
    await runRecipe(shouting('1'), { store, pool: rig.pool });
    await writeFile(file, 'one\n2\nthree\n');
    expect((await explainStage(shouting('2'), 'a', { store })).reasons).toMatchObject([
      { kind: 'plugin', text: 'the code of shout.ts changed: 1 line changed (line 2)' },
    ]);
  });

  test('that never ran says so', async () => {
    await rig.write('data.tsv', 'one');
    expect(await why(chain('a'), 'data')).toMatchObject({
      state: 'run',
      comparedWith: 'none',
      reasons: [{ kind: 'first-run' }],
      equal: [],
    });
  });
});

describe('a stage that waits', () => {
  test('leads to what the change goes back to', async () => {
    await rig.write('data.tsv', 'one\n');
    await rig.run(chain('a'));
    await rig.write('data.tsv', 'one\ntwo\n');
    const told = await why(chain('x'), 'b');
    expect(told).toMatchObject({
      state: 'waiting',
      waitsFor: ['a'],
      reasons: [],
      causes: [
        {
          stage: 'a',
          state: 'waiting',
          reasons: [{ text: 'text a -> x' }],
          causes: [{ stage: 'data', state: 'run', reasons: [{ kind: 'file' }] }],
        },
      ],
    });
    expect(rootCauses(told).map(({ stage, reason }) => `${stage}: ${reason.text}`)).toEqual([
      'a: text a -> x',
      'data: data.tsv changed: 1 row added (line 2)',
    ]);
  });
});

describe('a stage that is cached', () => {
  test('names the run that made the result, and what had changed then', async () => {
    await rig.write('data.tsv', 'one\n');
    await rig.run(chain('a'));
    await rig.write('data.tsv', 'two\n');
    const second = await rig.run(chain('a'));
    await rig.run(chain('a'));
    const told = await why(chain('a'), 'b');
    expect(told).toMatchObject({
      state: 'hit',
      comparedWith: 'before-last',
      origin: { run: second.summary.run, stage: 'b' },
      reasons: [{ kind: 'input', stage: 'a' }],
      equal: [{ part: 'code' }, { part: 'settings' }, { part: 'input', text: 'files: a' }],
    });
    expect(rootCauses(told)).toMatchObject([
      { stage: 'data', reason: { text: 'data.tsv changed: 1 row changed (line 1)' } },
    ]);
  });

  test('because an older value came back says what the last result had', async () => {
    await rig.write('data.tsv', 'one\n');
    const first = await rig.run(chain('a'));
    await rig.run(chain('x'));
    expect(await why(chain('a'), 'a')).toMatchObject({
      state: 'hit',
      comparedWith: 'last',
      origin: { run: first.summary.run },
      reasons: [{ text: 'text x -> a' }],
    });
  });

  test('because another recipe made the result names that', async () => {
    await rig.run({ a: { uses: 'write', with: { text: 'a' } } });
    expect(await why({ other: { uses: 'write', with: { text: 'a' } } }, 'other')).toMatchObject({
      state: 'hit',
      comparedWith: 'none',
      reasons: [],
      origin: { stage: 'a' },
    });
  });
});

describe('the memory of contents', () => {
  test('costs nothing when everything is cached: no file is read again', async () => {
    await rig.write('data.tsv', 'one\n');
    await rig.run(chain('a'));
    const before = await rig.contents('lines');
    expect(Object.keys(before).filter((name) => name.endsWith('.lines'))).toHaveLength(2);
    await rm(join(rig.storeFolder, 'lines'), { recursive: true });
    await rig.run(chain('a'));
    await expect(rig.files('lines')).rejects.toThrow('ENOENT');
  });

  test('is not needed: without it the plan and the reasons are what they were', async () => {
    await rig.write('data.tsv', 'one\n');
    await rig.run(chain('a'));
    await rm(join(rig.storeFolder, 'lines'), { recursive: true });
    await rig.write('data.tsv', 'two\n');
    expect((await why(chain('a'), 'data')).reasons).toMatchObject([{ text: 'data.tsv changed' }]);
    const plan = await planRecipe(rig.recipe(chain('a')), { store: await rig.store() });
    expect(plan.stages[0]).toMatchObject({ state: 'run', reasons: [{ text: 'data.tsv changed' }] });
  });
});
