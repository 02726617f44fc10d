import { Value } from '@sinclair/typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPenalty } from '../../../src/artifacts/penalty.js';
import { UserError } from '../../../src/artifacts/user-error.js';
import { loadModel } from '../../../src/models/model.js';
import type { InputArtifact } from '../../../src/plugin/define-stage.js';
import ewc from '../../../src/stages/ewc/ewc.js';
import { trainSettings } from '../../../src/stages/train/settings.js';
import train from '../../../src/stages/train/train.js';
import { penaltyValue } from '../../../src/training/penalties/quadratic.js';
import { createProject, digestOf, surroundings } from '../train/project.js';

let project: ReturnType<typeof createProject>;
beforeAll(() => {
  project = createProject();
});
afterAll(() => project.remove());

interface Inputs {
  readonly model: InputArtifact;
  readonly tokens: InputArtifact;
  readonly previous?: InputArtifact;
}

async function run(inputs: Inputs, settings: Readonly<Record<string, unknown>> = {}) {
  const output = project.output('penalty');
  const environment = surroundings(project);
  const result = await ewc.run({
    ...environment,
    settings: Value.Parse(ewc.settings, { samples: 24, ...settings }),
    inputs: { previous: undefined, ...inputs },
    outputs: { penalty: output },
  });
  return { result, output, penalty: await readPenalty(output.path), messages: environment.messages };
}

async function failure(running: Promise<unknown>): Promise<UserError> {
  const error = await running.catch((caught: unknown) => caught);
  if (error instanceof UserError) return error;
  throw new Error('no UserError', { cause: error });
}

describe('the ewc stage', () => {
  it('holds the encoder of a classifier at its weights, exact by default, and leaves the head free', async () => {
    const model = await project.model('sequence-classification');
    const { penalty, result } = await run({ model, tokens: await project.tokens() }, { strength: 7 });
    expect(penalty).toMatchObject({ strength: 7, fisher: 'exact', samples: 24, tasks: 1, scale: 1 });
    const names = Object.keys(penalty.fisherInformation);
    expect(names).toContain('bert.encoder.layer.0.output.dense.weight');
    expect(names.filter((name) => name.startsWith('classifier'))).toEqual([]);
    const weights = (await loadModel(model.path)).model.weights;
    for (const name of names) {
      expect(penalty.anchor[name]?.data).toEqual(weights[name]?.data);
      expect(penalty.fisherInformation[name]?.data.every((value) => value >= 0)).toBe(true);
    }
    expect(result?.metrics?.mean_fisher).toBeGreaterThan(0);
    expect(result?.table?.map(([part]) => part)).toContain('layers.1');
  });

  it('makes the same bytes again', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const settings = { fisher: 'sampled' };
    const digests = [await run(inputs, settings), await run(inputs, settings)].map(({ output }) =>
      digestOf(output.path),
    );
    expect(digests[0]).toBe(digests[1]);
  });

  it('measures a masked language model with labels that it draws', async () => {
    const inputs = {
      model: await project.model('masked-language-modeling'),
      tokens: await project.tokens({ labels: null }),
    };
    const { penalty } = await run(inputs);
    expect(penalty.fisher).toBe('sampled');
    expect(Object.keys(penalty.fisherInformation)).toContain('bert.embeddings.word_embeddings.weight');
    expect((await failure(run(inputs, { fisher: 'exact' }))).message).toContain('a pass for every word');
  });

  it('leaves frozen weights out, takes the head in when asked, and normalises', async () => {
    const model = await project.model('sequence-classification', {
      frozen: (name) => name.includes('embeddings'),
    });
    const settings = { include_head: true, normalize: 'mean', samples: 1000 };
    const { penalty, messages } = await run({ model, tokens: await project.tokens() }, settings);
    const names = Object.keys(penalty.fisherInformation);
    expect(names).toContain('classifier.weight');
    expect(names.filter((name) => name.includes('embeddings'))).toEqual([]);
    expect(penalty.samples).toBe(60);
    expect(messages.join()).toContain('only 60 examples');
    const values = Object.values(penalty.fisherInformation).flatMap(({ data }) => [...data]);
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(1, 4);
  });

  it('joins an older penalty, faded by gamma (online EWC)', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const first = await run(inputs);
    const previous = project.input(first.output);
    const { penalty } = await run({ ...inputs, previous }, { gamma: 0.5 });
    expect(penalty.tasks).toBe(2);
    for (const [name, { data }] of Object.entries(penalty.fisherInformation)) {
      const once = first.penalty.fisherInformation[name]?.data ?? new Float32Array();
      expect(data).toEqual(Float32Array.from(once, (value) => 0.5 * value + value));
    }
  });

  it('keeps the strength of each task when it joins an older penalty', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const first = await run(inputs, { strength: 10 });
    const previous = project.input(first.output);
    const stronger = await run({ ...inputs, previous }, { strength: 40, gamma: 0.5 });
    expect(stronger.penalty.strength).toBe(40);
    const silent = await run({ ...inputs, previous }, { strength: 0 });
    expect(silent.penalty.strength).toBe(10);
    for (const [name, { data: once }] of Object.entries(first.penalty.fisherInformation)) {
      const expected = Float32Array.from(once, (value) => 0.125 * value + value);
      expect(stronger.penalty.fisherInformation[name]?.data).toEqual(expected);
      expect(silent.penalty.fisherInformation[name]?.data).toEqual(once);
    }
    const mixed = await failure(run({ ...inputs, previous }, { normalize: 'mean' }));
    expect(mixed.details.found).toBe('normalize: mean here, none in the previous penalty');
  });

  it('keeps a training near the old weights where they matter', async () => {
    const model = await project.model('sequence-classification');
    const tokens = await project.tokens();
    const distances: number[] = [];
    for (const strength of [0, 1e5]) {
      const { output, penalty } = await run({ model, tokens }, { strength });
      const outputs = { model: project.output('model'), curve: project.output('curve') };
      await train.run({
        ...surroundings(project),
        settings: Value.Parse(trainSettings, {
          batch_size: 8,
          learning_rate: 1e-3,
          dropout: 0,
          epochs: 2,
          keep: 'last',
        }),
        inputs: { model, tokens, penalties: [project.input(output)], targets: undefined },
        outputs,
      });
      const { weights } = (await loadModel(outputs.model.path)).model;
      const unit = { strength: 1, fisher: penalty.fisherInformation, anchor: penalty.anchor };
      distances.push(penaltyValue([unit], weights));
    }
    expect(distances[1]).toBeLessThan((distances[0] ?? 0) / 2);
  });

  it.each([
    ['a new classifier for other labels', ['eggs', 'spam'], true, true],
    ['a new classifier, the head left out', ['eggs', 'spam'], false, false],
    ['the same classifier', ['ham', 'spam'], true, false],
  ])(
    'is warned of in a training that it holds at an old head: %s',
    async (_, labels, includeHead, isWarned) => {
      const model = await project.model('sequence-classification');
      const { output } = await run({ model, tokens: await project.tokens() }, { include_head: includeHead });
      const environment = surroundings(project);
      await train.run({
        ...environment,
        settings: Value.Parse(trainSettings, { max_steps: 1 }),
        inputs: {
          model,
          tokens: await project.tokens({ labels }),
          penalties: [project.input(output)],
          targets: undefined,
        },
        outputs: { model: project.output('model'), curve: project.output('curve') },
      });
      expect(environment.messages.some((message) => message.includes('include_head'))).toBe(isWarned);
    },
  );

  it('says what is wrong with inputs that do not fit', async () => {
    const model = await project.model('sequence-classification');
    const tokens = await project.tokens({ labels: ['ham', 'eggs'] });
    expect((await failure(run({ model, tokens }))).message).toContain("the label 'eggs'");
    const empty = await project.tokens({ splits: { train: 0, test: 3 } });
    expect((await failure(run({ model, tokens: empty }))).message).toContain('no example');
  });
});
