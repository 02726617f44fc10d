import type { Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeEmbeddings } from '../../../src/artifacts/embeddings.js';
import { UserError } from '../../../src/artifacts/user-error.js';
import { createRandom } from '../../../src/data/random.js';
import { loadModel, randomModel, saveModel } from '../../../src/models/model.js';
import type { InputArtifact } from '../../../src/plugin/define-stage.js';
import { trainSettings } from '../../../src/stages/train/settings.js';
import train from '../../../src/stages/train/train.js';
import { readCurve } from '../../../src/training/curve.js';
import { createProject, surroundings } from './project.js';

let project: ReturnType<typeof createProject>;
beforeAll(() => {
  project = createProject();
});
afterAll(() => project.remove());

const hiddenSize = 16;

async function embeddings(examples: number, size = hiddenSize): Promise<InputArtifact> {
  const artifact = project.output('embeddings');
  const random = createRandom(2);
  const vectors = (count: number) => Float32Array.from({ length: count * size }, () => random.normal());
  await writeEmbeddings(artifact.path, size, { train: vectors(examples), validation: vectors(20) });
  return project.input(artifact);
}

/** A masked language model that has a pooler. */
async function withPooler(): Promise<InputArtifact> {
  const { path } = await project.model('masked-language-modeling');
  const { model } = await loadModel(path);
  const artifact = project.output('model');
  const whole = randomModel({ ...model, parts: ['pooler', ...model.parts] }, createRandom(3));
  await saveModel(whole, artifact.path);
  return project.input(artifact);
}

async function run(
  model: InputArtifact,
  targets: InputArtifact,
  labels: readonly string[] | null = null,
  changed: Partial<Static<typeof trainSettings>> = {},
) {
  const outputs = { model: project.output('model'), curve: project.output('curve') };
  const tokens = await project.tokens({ labels });
  const result = await train.run({
    ...surroundings(project),
    settings: Value.Parse(trainSettings, {
      batch_size: 8,
      learning_rate: 3e-3,
      epochs: 4,
      distillation: 5,
      ...changed,
    }),
    inputs: { model, tokens, penalties: [], targets },
    outputs,
  });
  return { result, path: outputs.model.path, curve: await readCurve(outputs.curve.path) };
}

async function refusal(running: Promise<unknown>): Promise<unknown> {
  const error = await running.catch((caught: unknown) => caught);
  return error instanceof UserError ? error.details.code : error;
}

describe("the train stage with a teacher's embeddings", () => {
  it('trains the pooler too and tells how near it comes to the teacher', async () => {
    const model = await withPooler();
    const { result, path } = await run(model, await embeddings(60));
    expect(result?.metrics?.validation_cosine).toBeGreaterThan(-1);
    const name = 'bert.pooler.dense.weight';
    const [before, after] = [await loadModel(model.path), await loadModel(path)];
    expect(after.model.weights[name]?.data).not.toEqual(before.model.weights[name]?.data);
  });

  it('has the losses of the large batch at every step with accumulated gradients', async () => {
    const [model, targets] = [await withPooler(), await embeddings(60)];
    const settings = { dropout: 0, log_every: 1 } as const;
    const { curve: large } = await run(model, targets, null, { ...settings, batch_size: 16 });
    const accumulated = { ...settings, batch_size: 4, gradient_accumulation: 4 };
    const { curve: parts } = await run(model, targets, null, accumulated);
    expect(parts.length).toBe(16);
    parts.forEach(({ loss = Number.NaN }, step) => {
      expect(Math.abs(loss - (large[step]?.loss ?? Number.NaN))).toBeLessThan(1e-5);
    });
  });

  it('refuses embeddings of other texts or of another size, classifiers, and models without a pooler', async () => {
    const model = await withPooler();
    expect(await refusal(run(model, await embeddings(59)))).toBe('train/targets');
    expect(await refusal(run(model, await embeddings(60, 8)))).toBe('train/targets');
    const plain = await project.model('masked-language-modeling');
    expect(await refusal(run(plain, await embeddings(60)))).toBe('train/targets-pooler');
    const classifier = await project.model('sequence-classification');
    expect(await refusal(run(classifier, await embeddings(60), ['ham', 'spam']))).toBe('train/targets-task');
  });
});
