import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTrainedModel } from '../../src/cli/trained-model.js';
import type { RunRecord, StoredResult } from '../../src/engine/api.js';
import { publishArtifact, sealFolder } from '../../src/engine/artifacts.js';
import type { StoredArtifact } from '../../src/engine/result-record.js';
import { openStore, type Store } from '../../src/engine/store.js';

const recipe = '/project/spam.yaml';
let store: Store;

beforeAll(async () => {
  store = await openStore(await mkdtemp(join(tmpdir(), 'roux-models-')));
});
afterAll(async () => {
  await store.close();
  await rm(store.folder, { recursive: true, force: true });
});

async function publish(text: string): Promise<StoredArtifact> {
  const folder = await store.temporaryPath();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), text);
  return publishArtifact(store, folder, 'model', await sealFolder(folder));
}

function run(id: string, key: string, profile?: string): RunRecord {
  return {
    id,
    recipe,
    name: 'spam',
    ...(profile === undefined ? {} : { profile }),
    startedAt: '2025-01-01T00:00:00.000Z',
    versions: {},
    stages: [{ name: 'train', type: 'train', settings: {}, inputs: {}, outcome: 'done', key }],
    outcome: 'done',
  };
}

function result(key: string, model: StoredArtifact): StoredResult {
  return {
    key,
    record: {
      key,
      stageType: 'train',
      fingerprint: {},
      outputs: { model },
      metrics: {},
      warnings: [],
      durationMs: 1,
      finishedAt: '2025-01-01T00:00:00.000Z',
      versions: {},
      logTail: [],
    },
    bytes: 1,
    complete: true,
    lastUsed: 0,
    usedBy: [],
  };
}

describe('the model of a recipe', () => {
  it('is that of the newest run with the profile, or without one', async () => {
    const [full, quick] = [await publish('full'), await publish('quick')];
    const known = {
      store,
      runs: [run('2', 'quick', 'quick'), run('1', 'full')],
      results: [result('quick', quick), result('full', full)],
    };
    const standard = await findTrainedModel({ recipe, written: recipe }, known);
    expect(standard).toMatchObject({ stage: 'train', run: { id: '1' }, isAmbiguous: true });
    expect(standard.folder).toBe(store.artifactFolder(full.digest));
    const named = await findTrainedModel({ recipe, written: recipe, profile: 'quick' }, known);
    expect(named.folder).toBe(store.artifactFolder(quick.digest));
    await expect(
      findTrainedModel({ recipe, written: recipe, profile: 'other' }, known),
    ).rejects.toMatchObject({
      message: `${recipe} was not run with the profile other yet`,
      details: { help: expect.stringContaining('quick, none') },
    });
    const alone = await findTrainedModel(
      { recipe, written: recipe },
      { ...known, runs: known.runs.slice(1) },
    );
    expect(alone.isAmbiguous).toBe(false);
  });

  it('is never served damaged', async () => {
    const model = await publish('sound');
    const known = { store, runs: [run('1', 'key')], results: [result('key', model)] };
    const file = join(store.artifactFolder(model.digest), 'config.json');
    await chmod(file, 0o644);
    await writeFile(file, 'wrong');
    await expect(findTrainedModel({ recipe, written: recipe }, known)).rejects.toMatchObject({
      name: 'UserError',
      details: { code: 'artifact/damaged' },
    });
    await expect(findTrainedModel({ recipe, written: recipe }, known)).rejects.toThrow(
      'no model that is still in the store',
    );
  });
});
