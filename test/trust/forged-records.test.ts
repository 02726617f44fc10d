/** Records that fit their checksums and yet are not roux's: what stands in them must not lead anywhere. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canonicalJson } from '../../src/engine/canonical-json.js';
import { sha256 } from '../../src/engine/digests.js';
import { listRuns, readRunEvents } from '../../src/engine/run-record.js';
import { sealRecord, unsealRecord } from '../../src/engine/sealed-record.js';
import { listResults } from '../../src/engine/stored-results.js';
import { isPathInside } from '../../src/engine/stored-shapes.js';
import { listSweeps, readSweep } from '../../src/engine/sweep-record.js';
import { listTags, readTag } from '../../src/engine/tags.js';
import { verifyStore } from '../../src/engine/verify.js';
import { Rig } from '../rig/rig.js';
import type { ToyRecipe } from '../rig/toy-recipe.js';

const recipe: ToyRecipe = { w: { uses: 'write', with: { text: 'one' } } };
const escapes = ['../../../secret', '/etc', '..', '', 'A'.repeat(64), `${'a'.repeat(64)}/../../x`] as const;

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.create();
  await rig.write('secret/text.txt', 'secret');
});

afterEach(() => rig.close());

/** Changes the one result's record and gives it the checksum that it then needs. */
async function forgeResult(change: (text: string) => string): Promise<void> {
  const [name = ''] = await rig.files('results');
  const path = join(rig.storeFolder, 'results', name);
  const record: unknown = JSON.parse(change(JSON.stringify(JSON.parse(await readFile(path, 'utf8')).record)));
  await writeFile(path, `${JSON.stringify({ format: 1, sha256: sha256(canonicalJson(record)), record })}\n`);
}

test.each(escapes)('a result whose artifact has the digest %j is damaged', async (digest) => {
  const { summary } = await rig.run(recipe);
  const real = summary.stages[0]?.record?.outputs.out?.digest ?? '';
  await forgeResult((text) => text.replace(`"digest":"${real}"`, `"digest":${JSON.stringify(digest)}`));
  const store = await rig.store();
  expect(await listResults(store)).toEqual([]);
  expect((await verifyStore(store, { dryRun: true })).damaged).toMatchObject([{ kind: 'result' }]);
  const run = await rig.run(recipe);
  expect(run.outcomes).toEqual({ w: 'done' });
  expect(run.events).toContainEqual(
    expect.objectContaining({
      event: 'artifact-damaged',
      detail: 'the record of the result is not one that roux writes',
    }),
  );
  expect(await readFile(join(rig.folder, 'secret/text.txt'), 'utf8')).toBe('secret');
});

test.each(['../../../../secret/text.txt', '/etc/passwd', 'a/../../b', 'a\\..\\b', './text.txt', ''])(
  'a result whose artifact has the file %j is damaged',
  async (path) => {
    await rig.run(recipe);
    await forgeResult((text) => text.replace('"path":"text.txt"', `"path":${JSON.stringify(path)}`));
    expect((await rig.run(recipe)).outcomes).toEqual({ w: 'done' });
  },
);

test('a result that keeps results of others by path is damaged', async () => {
  await rig.run(recipe);
  await forgeResult((text) => text.replace('"warnings":', '"kept":["../../x"],"warnings":'));
  expect((await rig.run(recipe)).outcomes).toEqual({ w: 'done' });
});

test('no path of a forged artifact leaves its folder', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('..', '.', '', 'a', '/', '\\', '\0', 'b.txt')), (parts) => {
      const path = parts.join('/');
      if (isPathInside(path)) expect(join('/store', path).startsWith('/store/')).toBe(true);
    }),
  );
});

test.each(escapes)('a run whose stage has the key %j is no run', async (key) => {
  const { summary } = await rig.run(recipe);
  const path = join(rig.storeFolder, 'runs', summary.run, 'summary.json');
  const text = await readFile(path, 'utf8');
  const real = summary.stages[0]?.record?.key ?? '';
  const record = unsealRecord(text);
  await writeFile(path, sealRecord(JSON.parse(JSON.stringify(record).replace(real, key))));
  const store = await rig.store();
  expect(await listRuns(store)).toEqual([]);
  expect(await readRunEvents(store, summary.run)).toEqual([]);
  expect((await verifyStore(store, { dryRun: true })).damaged).toMatchObject([{ kind: 'note' }]);
});

test('tags and sweeps that lead elsewhere are none', async () => {
  await rig.run(recipe);
  const store = await rig.store();
  const tag = { format: 1, name: 'best', run: '../../secret', taggedAt: '' };
  await writeFile(store.path('tags', 'best.json'), sealRecord(tag));
  const run = { state: 'done', run: '../x', keys: {}, metrics: {}, durationMs: 1 };
  const sweep = (runs: readonly object[]) => ({
    format: 1,
    id: 'mine',
    recipe: '/r.yaml',
    goal: {},
    trials: [{ number: 1, params: {}, runs }],
  });
  await writeFile(store.path('sweeps', 'mine.json'), sealRecord(sweep([run])));
  expect([await readTag(store, 'best'), await readSweep(store, 'mine')]).toEqual([undefined, undefined]);
  const keyed = { ...run, run: '20260101-000000', keys: { a: '../../x' } };
  await writeFile(store.path('sweeps', 'mine.json'), sealRecord(sweep([keyed])));
  expect([await listTags(store), await listSweeps(store)]).toEqual([[], []]);
  expect((await verifyStore(store)).damaged).toHaveLength(2);
});

test('a lock whose owner has a path for a name is one that cannot be read', async () => {
  const { summary } = await rig.run(recipe);
  const store = await rig.store();
  const { key = '' } = summary.stages[0]?.record ?? {};
  await rm(store.resultFile(key));
  const { identity } = store.presence;
  const lock = store.path('locks', `${key}.lock`);
  await writeFile(lock, JSON.stringify({ ...identity, pid: 1, startTime: '0', lock: '/../../../secret/x' }));
  expect((await rig.run(recipe)).outcomes).toEqual({ w: 'done' });
  expect(await readdir(join(rig.folder, 'secret'))).toEqual(['text.txt']);
});

test('what lies in a store and is not roux’s is left alone', async () => {
  await rig.run(recipe);
  await writeFile(join(rig.storeFolder, 'artifacts', '.DS_Store'), 'x');
  await writeFile(join(rig.storeFolder, 'results', '.DS_Store'), 'x');
  await writeFile(join(rig.storeFolder, 'history', '.DS_Store'), 'x');
  await mkdir(join(rig.storeFolder, 'runs', '.hidden'));
  const store = await rig.openAgain();
  expect((await verifyStore(store)).damaged).toEqual([]);
  expect((await rig.run(recipe)).outcomes).toEqual({ w: 'hit' });
  expect(await listResults(store)).toHaveLength(1);
});
