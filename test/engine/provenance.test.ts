import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Provenance } from '../../src/plugin/provenance.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
});

afterEach(() => rig.close());

const recipe = (note: string, text = 'one'): ToyRecipe => ({
  file: { uses: 'read', with: { path: 'data.txt' } },
  a: { uses: 'write', with: { text, note }, files: ['file'] },
  other: { uses: 'write', with: { text: 'no part of it' } },
  m: { uses: 'measure', files: ['a'] },
  l: { uses: 'lineage', files: ['m'] },
});

test('a stage that shows provenance is told of all stages behind its inputs, without paths and times', async () => {
  await rig.write('data.txt', 'text');
  const run = await rig.run(recipe('x'));
  const text = await rig.text(run, 'l');
  expect(text).not.toContain(rig.folder);
  const provenance: Provenance = JSON.parse(text);
  expect(provenance).toMatchObject({
    format: 1,
    stage: 'm',
    port: 'out',
    stages: [
      {
        name: 'file',
        type: 'read',
        settings: { path: 'data.txt' },
        files: { '/path': expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
      { name: 'a', settings: { text: 'one' }, metrics: { letters: 8 } },
      { name: 'm', inputs: { files: [{ stage: 'a', port: 'out' }] } },
    ],
  });
  expect(provenance.stages[1]?.settings).toEqual({ text: 'one' });
  expect(provenance.stages[1]?.inputs.files?.[0]?.digest).toBe(provenance.stages[0]?.outputs.out?.digest);
});

test('it runs again when its inputs came about in another way, though their bytes are the same', async () => {
  await rig.write('data.txt', 'text');
  await rig.run(recipe('x'));
  expect((await rig.run(recipe('y'))).outcomes.l).toBe('hit');
  const run = await rig.run(recipe('y', 'two'));
  expect(run.outcomes).toMatchObject({ a: 'done', m: 'done', l: 'done' });
  expect(run.summary.stages[4]?.reasons).toMatchObject([
    { kind: 'input', text: 'files: m came about in another way (stage m ran again)' },
  ]);
});
