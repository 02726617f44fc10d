import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/artifacts/user-error.js';
import { loadModel } from '../../../src/models/model.js';
import type { InputArtifact } from '../../../src/plugin/define-stage.js';
import { trainSettings } from '../../../src/stages/train/settings.js';
import train from '../../../src/stages/train/train.js';
import { readCurve } from '../../../src/training/curve.js';
import { startFakeMlflow } from '../../training/logs/fake-mlflow.js';
import { createProject, digestOf, surroundings } from './project.js';

let project: ReturnType<typeof createProject>;
beforeAll(() => {
  project = createProject();
});
afterAll(() => project.remove());

type Settings = Partial<Static<typeof trainSettings>>;

async function run(
  inputs: { readonly model: InputArtifact; readonly tokens: InputArtifact },
  settings: Settings = {},
  around: Partial<ReturnType<typeof surroundings>> = {},
) {
  const outputs = { model: project.output('model'), curve: project.output('curve') };
  const environment = { ...surroundings(project), ...around };
  const result = await train.run({
    ...environment,
    settings: Value.Parse(trainSettings, { batch_size: 8, learning_rate: 3e-3, epochs: 2, ...settings }),
    inputs: { ...inputs, penalties: [], targets: undefined },
    outputs,
  });
  return { result, outputs, messages: environment.messages };
}

async function failure(running: Promise<unknown>): Promise<UserError> {
  const error = await running.catch((caught: unknown) => caught);
  if (error instanceof UserError) return error;
  throw new Error('no UserError', { cause: error });
}

describe('the train stage', () => {
  it('trains a classifier and writes a model folder, a curve and figures', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const { result, outputs } = await run(inputs, { epochs: 8 });
    expect(result?.metrics?.steps).toBe(64);
    expect(result?.metrics?.validation_accuracy).toBeGreaterThan(0.8);
    expect(Object.keys(result?.metrics ?? {})).not.toContain('tokens_per_second');
    const curve = await readCurve(outputs.curve.path);
    expect(curve.length).toBe(64);
    expect(curve.at(-1)?.loss).toBeLessThan(curve[0]?.loss ?? 0);
    expect(curve.filter((row) => row.validation !== undefined).length).toBe(8);
    const { model } = await loadModel(outputs.model.path);
    expect(model.architecture.config.labels).toEqual(['ham', 'spam']);
    expect(model.maximumTrainedLength).toBe(16);
  });

  it.each(['sequence-classification', 'masked-language-modeling'] as const)(
    'with accumulated gradients has the losses of the large batch at every step: %s',
    async (task) => {
      const inputs = { model: await project.model(task), tokens: await project.tokens() };
      const weighted = task === 'sequence-classification' ? { class_weights: { ham: 3 } } : {};
      const settings: Settings = { ...weighted, dropout: 0, log_every: 1, keep: 'last' };
      const lossesOf = async (changed: Settings) => {
        const { outputs } = await run(inputs, { ...settings, ...changed });
        const curve = await readCurve(outputs.curve.path);
        return curve.map(({ loss }) => loss ?? Number.NaN);
      };
      const large = await lossesOf({ batch_size: 32 });
      const parts = await lossesOf({ batch_size: 8, gradient_accumulation: 4 });
      expect(large.length).toBe(4);
      expect(parts.length).toBe(4);
      parts.forEach((loss, step) => {
        expect(Math.abs(loss - (large[step] ?? Number.NaN))).toBeLessThan(1e-5);
      });
    },
  );

  it('makes the same bytes again, also when it was killed on the way', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const whole = await run(inputs);
    const scratch = project.output('scratch').path;
    const abort = new AbortController();
    const interrupted = run(
      inputs,
      { checkpoint_every_seconds: 0 },
      {
        scratch,
        signal: abort.signal,
        progress: ({ done }) => {
          if (done === 7) abort.abort(new Error('cancelled'));
        },
      },
    );
    await expect(interrupted).rejects.toThrow('cancelled');
    const resumed = await run(inputs, {}, { scratch });
    expect(resumed.messages).toContain('Going on after step 7.');
    expect(digestOf(resumed.outputs.model.path)).toBe(digestOf(whole.outputs.model.path));
    expect(digestOf(resumed.outputs.curve.path)).toBe(digestOf(whole.outputs.curve.path));
  });

  it('pre-trains by masked language modelling', async () => {
    const inputs = {
      model: await project.model('masked-language-modeling'),
      tokens: await project.tokens({ labels: null }),
    };
    const { result } = await run(inputs, { max_steps: 12, evaluate_every: 6 });
    expect(result?.metrics?.steps).toBe(12);
    expect(result?.metrics?.validation_perplexity).toBeGreaterThan(1);
  });

  it('leaves frozen weights as they are, to the bit', async () => {
    const isFrozen = (name: string) => name.includes('embeddings') || name.includes('layer.0');
    const model = await project.model('sequence-classification', { frozen: isFrozen });
    const { outputs } = await run({ model, tokens: await project.tokens() });
    const before = (await loadModel(model.path)).model;
    const after = (await loadModel(outputs.model.path)).model;
    for (const [name, { data }] of Object.entries(after.weights)) {
      const old = before.weights[name]?.data.buffer ?? new ArrayBuffer(0);
      const isSame = Buffer.from(data.buffer).equals(Buffer.from(old));
      expect([name, isSame]).toEqual([name, isFrozen(name)]);
    }
    expect(after.frozen).toEqual(before.frozen);
  });

  it('gives a classifier of other labels a fresh head, and says so', async () => {
    const model = await project.model('sequence-classification', { labels: ['a', 'b'] });
    const tokens = await project.tokens({ labels: ['x', 'y', 'z'] });
    const { outputs, messages } = await run({ model, tokens }, { max_steps: 2 });
    expect(messages.join()).toContain('for the labels x, y, z');
    const config = JSON.parse(readFileSync(join(outputs.model.path, 'config.json'), 'utf8'));
    expect(config.id2label).toEqual({ 0: 'x', 1: 'y', 2: 'z' });
  });

  it('keeps the order of the labels that the model knows', async () => {
    const model = await project.model('sequence-classification', { labels: ['spam', 'ham'] });
    const { outputs, result } = await run({ model, tokens: await project.tokens() }, { epochs: 15 });
    expect((await loadModel(outputs.model.path)).model.architecture.config.labels).toEqual(['spam', 'ham']);
    expect(result?.metrics?.validation_accuracy).toBeGreaterThan(0.75);
  });

  it('trains on a wired part alone, without evaluation', async () => {
    const tokens = { ...(await project.tokens()), part: 'validation', reference: 'tokens.validation' };
    const { result } = await run({ model: await project.model('sequence-classification'), tokens });
    expect(result?.metrics?.steps).toBe(6);
    expect(result?.metrics).not.toHaveProperty('validation_loss');
  });

  it.each<[string, Settings]>([
    ['class weights', { class_weights: { spam: 3 } }],
    ['balanced class weights', { class_weights: 'balanced' }],
    ['label smoothing', { label_smoothing: 0.1 }],
    ['dropout', { dropout: 0.5 }],
    ['a budget of tokens', { batch_tokens: 64 }],
    ['another schedule', { schedule: 'cosine', warmup: 3 }],
    ['early stopping', { early_stopping: { patience: 2, metric: 'macro_f1', min_difference: 0 } }],
  ])('takes %s', async (_, settings) => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const { result } = await run(inputs, settings);
    expect(result?.metrics?.train_loss).toBeGreaterThan(0);
  });

  it('logs where it is told to, without a trace in what comes out', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const plain = await run(inputs, { max_steps: 3 });
    const server = await startFakeMlflow();
    const folder = join(project.output('logs').path, 'runs', 'first');
    const log_to = { folder, mlflow: server.address, experiment: 'spam' };
    const logged = await run(inputs, { max_steps: 3, log_to });
    await server.close();
    expect(await readCurve(folder)).toEqual(await readCurve(logged.outputs.curve.path));
    expect(readdirSync(folder).some((name) => name.includes('tfevents'))).toBe(true);
    expect(server.requests.at(-1)?.body.status).toBe('FINISHED');
    expect(digestOf(logged.outputs.model.path)).toBe(digestOf(plain.outputs.model.path));
    expect(digestOf(logged.outputs.curve.path)).toBe(digestOf(plain.outputs.curve.path));
  });

  it('ends well without the server that it should log to, with a warning', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const server = await startFakeMlflow();
    server.refuseWith(500);
    const { messages, result } = await run(inputs, { max_steps: 2, log_to: { mlflow: server.address } });
    await server.close();
    expect(result?.metrics?.steps).toBe(2);
    expect(messages.filter((message) => message.includes('no longer logged to MLflow')).length).toBe(1);
  });

  it.each<[string, Settings]>([
    ['adafactor', { optimizer: 'adafactor', scale_parameter: true, learning_rate: 0.1 }],
    ['lion', { optimizer: 'lion', learning_rate: 1e-3, weight_decay: 0.1 }],
    ['sgd', { optimizer: 'sgd', momentum: 0.9, nesterov: true, learning_rate: 0.1 }],
    ['activations that are computed again', { recompute: true, dropout: 0.1 }],
    ['one cycle', { schedule: 'one-cycle', learning_rate: 1e-2 }],
    [
      'layer decay, groups, unfreezing and an average',
      {
        layer_decay: 0.8,
        groups: [
          { match: 'classifier', learning_rate: 0.02 },
          { match: ['*.position_embeddings.*'], frozen: true },
        ],
        gradual_unfreezing: 0.5,
        ema: 0.8,
      },
    ],
  ])('learns with %s', async (_, settings) => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const { result } = await run(inputs, { epochs: 10, ...settings });
    expect(result?.metrics?.validation_accuracy).toBeGreaterThan(0.75);
  });

  it('says which pattern of a group matches nothing, and what was meant', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const error = await failure(run(inputs, { groups: [{ match: 'embedings', frozen: true }] }));
    expect(error.message).toContain("'embedings' matches no parameter");
    expect(error.details.help).toBe("did you mean 'embeddings'?");
    const all = await failure(run(inputs, { groups: [{ match: 'all', frozen: true }] }));
    expect(all.message).toContain('nothing to train');
  });

  it('warns of settings that reach nothing', async () => {
    const frozen = (name: string) => name.includes('embeddings');
    const model = await project.model('sequence-classification', { frozen });
    const tokens = { ...(await project.tokens()), part: 'train' };
    const groups = [{ match: 'embeddings', learning_rate: 0.1, weight_decay: 0.1 }];
    const { messages } = await run(
      { model, tokens },
      { max_steps: 1, groups, evaluate_every: 1, penalty_scale: 2 },
    );
    const idle = messages.filter((message) => message.includes('no effect'));
    expect(idle).toEqual([
      "learning_rate and weight_decay of groups[0] have no effect on 'embeddings': all that the pattern matches is frozen in the model (freeze-layers).",
      'penalty_scale has no effect: no penalty is wired in (penalties: [...]).',
      'evaluate_every has no effect: nothing is evaluated without a validation split (wire tokens as a whole).',
    ]);
    const heard = await run({ model, tokens: await project.tokens() }, { max_steps: 1, evaluate_every: 1 });
    expect(heard.messages.filter((message) => message.includes('no effect'))).toEqual([]);
  });

  it('says what is wrong with data that cannot be learned from', async () => {
    const model = await project.model('sequence-classification');
    const one = await failure(run({ model, tokens: await project.tokens({ label: () => 1 }) }));
    expect(one.message).toContain('have the same label');
    expect(one.details.found).toBe("only the label 'spam'");
    const empty = await failure(
      run({ model, tokens: await project.tokens({ splits: { train: 0, test: 4 } }) }),
    );
    expect(empty.message).toContain("no example in the split 'train'");
    const unlabelled = await failure(run({ model, tokens: await project.tokens({ labels: null }) }));
    expect(unlabelled.message).toContain('the data has no labels');
  });

  it('says what is wrong with settings that only show here', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    expect((await failure(run(inputs, { class_weights: { sapm: 2 } }))).message).toContain("'sapm'");
    const weightless = await failure(run(inputs, { class_weights: { ham: 0, spam: 0 } }));
    expect(weightless.details).toMatchObject({ code: 'train/class-weights', found: 'ham: 0, spam: 0' });
    expect((await failure(run(inputs, { best_metric: 'perplexity' }))).details.expected).toContain(
      'macro_f1',
    );
    const noValidation = { ...inputs, tokens: await project.tokens({ splits: { train: 20 } }) };
    expect((await failure(run(noValidation, { keep: 'best' }))).message).toContain('no validation split');
    const frozen = {
      ...inputs,
      model: await project.model('sequence-classification', { frozen: () => true }),
    };
    expect((await failure(run(frozen))).message).toContain('nothing to train');
    const masked = {
      model: await project.model('masked-language-modeling'),
      tokens: await project.tokens({ labels: null }),
    };
    const recomputed = await failure(run(masked, { recompute: true }));
    expect(recomputed.message).toContain('recompute is for classification');
  });

  it('says where and why training diverged', async () => {
    const inputs = { model: await project.model('sequence-classification'), tokens: await project.tokens() };
    const error = await failure(run(inputs, { learning_rate: 1e30, max_gradient_norm: 0 }));
    expect(error.message).toMatch(/at step \d+: training has diverged/);
    expect(error.details.help).toContain('(now 1e+30, try 0.00005)');
    const slower = await failure(run(inputs, { learning_rate: 1e30, optimizer: 'lion' }));
    expect(slower.details.help).toContain('try 0.000005)');
  });
});
