import { readdirSync } from 'node:fs';
import type { Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openActivations } from '../../../src/artifacts/activations.js';
import { loadModel } from '../../../src/models/model.js';
import type { InputArtifact } from '../../../src/plugin/define-stage.js';
import { trainSettings } from '../../../src/stages/train/settings.js';
import train from '../../../src/stages/train/train.js';
import { type CurveRow, readCurve } from '../../../src/training/curve.js';
import { folderCache } from '../stage-cache.js';
import { createProject, digestOf, surroundings } from './project.js';

let project: ReturnType<typeof createProject>;
let tokens: InputArtifact;
beforeAll(async () => {
  project = createProject();
  tokens = await project.tokens();
});
afterAll(() => project.remove());

type Settings = Partial<Static<typeof trainSettings>>;
type Cache = ReturnType<typeof folderCache>;

const isLowest = (name: string) => /embeddings|layer\.0\./.test(name);
const isEncoder = (name: string) => /embeddings|layer\./.test(name);

function emptyCache(): Cache {
  return folderCache(() => project.output('activations').path);
}

async function run(
  model: InputArtifact,
  settings: Settings = {},
  around: Partial<ReturnType<typeof surroundings>> & { readonly cache: Cache } = { cache: emptyCache() },
) {
  const outputs = { model: project.output('model'), curve: project.output('curve') };
  const environment = { ...surroundings(project), ...around };
  await train.run({
    ...environment,
    settings: Value.Parse(trainSettings, { batch_size: 8, learning_rate: 3e-3, epochs: 3, ...settings }),
    inputs: { model, tokens, penalties: [], targets: undefined },
    outputs,
  });
  return {
    curve: await readCurve(outputs.curve.path),
    digest: digestOf(outputs.model.path),
    path: outputs.model.path,
    messages: environment.messages,
    made: around.cache.made,
  };
}

function classifier(isFrozen: (name: string) => boolean): Promise<InputArtifact> {
  return project.model('sequence-classification', { frozen: isFrozen });
}

/** The largest difference of losses, in training and in evaluation. */
function difference(one: readonly CurveRow[], other: readonly CurveRow[]): number {
  expect(one.length).toBe(other.length);
  const losses = (rows: readonly CurveRow[]) =>
    rows.flatMap((row) => [row.loss ?? Number.NaN, row.validation?.loss ?? 0]);
  const expected = losses(other);
  return Math.max(...losses(one).map((loss, index) => Math.abs(loss - (expected[index] ?? Number.NaN))));
}

describe('frozen layers below the lowest trained one', () => {
  it.each([
    ['the lowest layer', isLowest],
    ['the encoder', isEncoder],
    ['all but the classifier', (name: string) => !name.startsWith('classifier')],
  ])('give the losses of a training that runs them with every batch: %s', async (_, isFrozen) => {
    const model = await classifier(isFrozen);
    const kept = await run(model);
    const anew = await run(model, { frozen_activations: 'none' });
    expect([kept.made, anew.made]).toEqual([2, 0]);
    expect(difference(kept.curve, anew.curve)).toBeLessThan(1e-6);
  });

  it('cost little exactness where activations are kept in half the space', async () => {
    const model = await classifier(isLowest);
    const half = await run(model, { frozen_activations: 'float16' });
    const whole = await run(model);
    expect(difference(half.curve, whole.curve)).toBeLessThan(5e-3);
    expect(half.digest).not.toBe(whole.digest);
  });

  it('run once for all learning rates, seeds and heads', async () => {
    const cache = emptyCache();
    const model = await classifier(isEncoder);
    const first = await run(model, {}, { cache });
    expect(first.messages.join()).toContain('computed once');
    const second = await run(model, { learning_rate: 1e-2, epochs: 5, dropout: 0.3 }, { cache, seed: 99 });
    expect(second.messages.join()).toContain('found in the store');
    expect(second.messages.join()).not.toContain('computed once');
    const otherHead = await project.model('sequence-classification', {
      frozen: isEncoder,
      labels: ['no', 'yes', 'perhaps'],
    });
    await run(otherHead, {}, { cache });
    expect(cache.made).toBe(2);
    expect(second.digest).not.toBe(first.digest);
    expect((await run(model, {}, { cache })).digest).toBe(first.digest);
  });

  it('are computed again for other layers and another precision', async () => {
    const cache = emptyCache();
    await run(await classifier(isEncoder), {}, { cache });
    await run(await classifier(isLowest), {}, { cache });
    expect(cache.made).toBe(4);
    await run(await classifier(isLowest), { frozen_activations: 'float16' }, { cache });
    expect(cache.made).toBe(6);
  });

  it('keep one row per example where the whole encoder is frozen', async () => {
    const folders: string[] = [];
    const cache = folderCache(() => {
      const { path } = project.output('activations');
      folders.push(path);
      return path;
    });
    await run(await classifier(isEncoder), {}, { cache });
    const activations = await openActivations(folders[0] ?? '');
    expect(activations.offsets.length).toBe(61);
    expect(activations.offsets.at(-1)).toBe(60);
    activations.close();
    expect(readdirSync(folders[0] ?? '')).toEqual(['activations.safetensors']);
  });

  it('stay as they were in the model that comes out', async () => {
    const model = await classifier(isLowest);
    const before = (await loadModel(model.path)).model.weights;
    const after = (await loadModel((await run(model)).path)).model.weights;
    for (const name of Object.keys(before)) {
      if (isLowest(name)) expect(after[name]?.data, name).toEqual(before[name]?.data);
    }
  });

  it('run with dropout in every batch when that is asked for', async () => {
    const model = await classifier(isLowest);
    const withDropout = await run(model, { frozen_dropout: true });
    expect(withDropout.made).toBe(0);
    expect(difference(withDropout.curve, (await run(model)).curve)).toBeGreaterThan(1e-3);
  });

  it('run with every batch where masks differ in every epoch, and where not all examples are seen', async () => {
    const masked = await project.model('masked-language-modeling', { frozen: isLowest });
    expect((await run(masked, { epochs: 1 })).made).toBe(0);
    expect((await run(await classifier(isLowest), { max_steps: 3 })).made).toBe(0);
    expect((await run(await classifier(isLowest), { max_steps: 8 })).made).toBe(2);
  });
});
