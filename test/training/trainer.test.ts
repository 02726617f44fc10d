import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedHostTensors, Runtime } from '../../src/runtime/runtime.js';
import { defaultOptimizers } from '../../src/training/optimizers/index.js';
import { penaltyValue } from '../../src/training/penalties/quadratic.js';
import { train } from '../../src/training/trainer.js';
import type {
  TrainingOptions,
  TrainingResult,
  TrainingSettings,
} from '../../src/training/training-options.js';
import { data, examples, objective, startWeights, trainable } from './bag-of-words.js';
import { float32, relativeDifference } from './fixtures.js';

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'roux-training-'));
});
afterAll(async () => {
  await runtime.dispose();
  await rm(folder, { recursive: true });
});

const settings: TrainingSettings = {
  epochs: 3,
  batchSize: 8,
  gradientAccumulation: 1,
  learningRate: 0.05,
  schedule: 'linear',
  warmup: 0.1,
  optimizer: defaultOptimizers.adamw,
  weightDecay: 0.01,
  maximumGradientNorm: 1,
  best: { metric: 'loss', mode: 'min', minimumDifference: 0 },
  keep: 'last',
  logEvery: 1,
};

function run(changes: Partial<TrainingOptions> = {}, changed: Partial<TrainingSettings> = {}) {
  return train({
    runtime,
    objective,
    weights: startWeights(),
    trainable,
    data: data(examples(90)),
    penalties: [],
    settings: { ...settings, ...changed },
    maximumLength: 64,
    denseWeights: 1e6,
    seed: 7,
    clock: () => 0,
    ...changes,
  });
}

/** Everything in a result, as text that is equal only where every bit is. */
function bytes(result: TrainingResult): string {
  const weights = Object.entries(result.weights).map(([name, { data: values }]) => [
    name,
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
  ]);
  return JSON.stringify({ ...result, weights });
}

function difference(one: NamedHostTensors, other: NamedHostTensors): number {
  return Math.max(
    ...Object.keys(one).map((name) => relativeDifference(one[name]?.data ?? [], other[name]?.data ?? [])),
  );
}

describe('training', () => {
  it('lowers the loss and learns the labels', async () => {
    const { curve, steps, validation } = await run({ validation: data(examples(60, 5)) }, { epochs: 6 });
    expect(steps).toBe(72);
    expect(curve.at(-1)?.loss).toBeLessThan((curve[0]?.loss ?? 0) / 2);
    expect(validation?.accuracy).toBeGreaterThan(0.8);
    expect(validation?.macro_f1).toBeGreaterThan(0.8);
  });

  it('is the same for the same seed and another for another', async () => {
    const first = bytes(await run());
    expect(bytes(await run())).toBe(first);
    expect(bytes(await run({ seed: 8 }))).not.toBe(first);
  });

  it('changes nothing but the trainable parameters', async () => {
    const { weights } = await run({ trainable: ['classifier.weight'] });
    expect(Object.keys(weights)).toEqual(['classifier.weight']);
  });

  it('with accumulation equals the large batch', async () => {
    // Without dropout, whose masks depend on the batch.
    const plain = {
      ...objective,
      logits: (...[inputs, weights]: Parameters<typeof objective.logits>) =>
        objective.logits(inputs, weights, { training: false }),
    };
    const sameLength = examples(64);
    const large = await run({ objective: plain, data: data(sameLength) }, { batchSize: 64, epochs: 4 });
    const parts = await run(
      { objective: plain, data: data(sameLength) },
      { batchSize: 8, gradientAccumulation: 8, epochs: 4 },
    );
    expect(parts.steps).toBe(large.steps);
    expect(difference(parts.weights, large.weights)).toBeLessThan(1e-5);
    expect(parts.trainingLoss).toBeCloseTo(large.trainingLoss, 5);
  });

  it.each<[string, readonly [number, number], (label: number, example: number) => number]>([
    ['4 batches of 8', [8, 4], (label) => label],
    ['4 batches of 2, some without any label', [2, 4], (label, example) => (example % 5 < 3 ? -1 : label)],
  ])('with accumulation has the losses of the large batch at every step: %s', async (_, sizes, labelOf) => {
    const [batchSize, gradientAccumulation] = sizes;
    const plain = {
      ...objective,
      logits: (...[inputs, weights]: Parameters<typeof objective.logits>) =>
        objective.logits(inputs, weights, { training: false }),
    };
    const given = examples(90);
    const split = { ...given, labels: given.labels?.map(labelOf) ?? null };
    // A bucket for nearly every length.
    const changes = { objective: plain, data: data(split), denseWeights: 1e9 };
    const large = await run(changes, { batchSize: batchSize * gradientAccumulation });
    const parts = await run(changes, { batchSize, gradientAccumulation });
    const losses = ({ curve }: TrainingResult) => curve.map(({ loss }) => loss ?? Number.NaN);
    expect(losses(large).length).toBe(3 * Math.ceil(90 / (batchSize * gradientAccumulation)));
    losses(parts).forEach((loss, step) => {
      expect(Math.abs(loss - (losses(large)[step] ?? Number.NaN))).toBeLessThan(1e-5);
    });
    expect(difference(parts.weights, large.weights)).toBeLessThan(1e-4);
  });

  it('goes on after any interruption and ends with the same bytes', async () => {
    const options = { validation: data(examples(40, 5)) };
    const changed: Partial<TrainingSettings> = { keep: 'best', evaluateEvery: 4, logEvery: 3 };
    const whole = bytes(await run(options, changed));
    for (const interruptions of [[1], [13], [5, 6, 20], [35]]) {
      const scratch = await mkdtemp(join(folder, 'scratch-'));
      const checkpoints = { folder: scratch, everySeconds: 0 };
      for (const step of interruptions) {
        const abort = new AbortController();
        const interrupted = run(
          {
            ...options,
            checkpoints,
            signal: abort.signal,
            onProgress: (progress) => progress.step === step && abort.abort(new Error('interrupted')),
          },
          changed,
        );
        await expect(interrupted).rejects.toThrow('interrupted');
      }
      expect(bytes(await run({ ...options, checkpoints }, changed))).toBe(whole);
      expect((await readdir(scratch)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
  });

  it('is interrupted without losing a step, also within an evaluation', async () => {
    const held = data(examples(40, 5));
    const changed: Partial<TrainingSettings> = { keep: 'best', evaluateEvery: 4, logEvery: 3 };
    const whole = bytes(await run({ validation: held }, changed));
    const interruptions = [
      (abort: AbortController) => ({
        onProgress: ({ step }: { readonly step: number }) => step === 13 && abort.abort(new Error('now')),
        validation: held,
      }),
      (abort: AbortController) => ({
        validation: {
          ...held,
          startEvaluation: () => {
            abort.abort(new Error('now'));
            return held.startEvaluation();
          },
        },
      }),
    ];
    for (const interruption of interruptions) {
      const scratch = await mkdtemp(join(folder, 'scratch-'));
      const checkpoints = { folder: scratch, everySeconds: Number.POSITIVE_INFINITY };
      const abort = new AbortController();
      const interrupted = run({ checkpoints, signal: abort.signal, ...interruption(abort) }, changed);
      await expect(interrupted).rejects.toThrow('now');
      const steps: number[] = [];
      const messages: string[] = [];
      const resumed = await run(
        {
          checkpoints,
          validation: held,
          onProgress: ({ step }) => steps.push(step),
          onMessage: (message) => messages.push(message),
        },
        changed,
      );
      expect(bytes(resumed)).toBe(whole);
      const [last] = messages.join().match(/\d+/) ?? [];
      expect([13, 4]).toContain(Number(last));
      // The step that was computed but not yet evaluated is not computed again: it is told first.
      expect(steps[0]).toBe(Number(last) === 4 ? 4 : 14);
    }
  });

  describe('with more steps than one before', () => {
    const held = data(examples(40, 5));
    const level: Partial<TrainingSettings> = { schedule: 'constant', warmup: 5, keep: 'best' };

    /** Trains so many epochs, beginning with the state in which the training before ended. */
    async function inTurn(
      epochs: readonly number[],
      changed: Partial<TrainingSettings>,
      changes: Partial<TrainingOptions> = {},
    ) {
      const messages: string[] = [];
      let previous: string | undefined;
      let result: TrainingResult | undefined;
      for (const count of epochs) {
        const state = await mkdtemp(join(folder, 'state-'));
        const steps: number[] = [];
        result = await run(
          {
            validation: held,
            continuation: { state, ...(previous === undefined ? {} : { previous }) },
            onMessage: (message) => messages.push(message),
            onProgress: ({ step }) => steps.push(step),
            ...changes,
          },
          { ...changed, epochs: count },
        );
        if ((await readdir(state)).length > 0) previous = state;
      }
      return { result: result === undefined ? '' : bytes(result), messages, previous };
    }

    it.each<[string, readonly number[], Partial<TrainingSettings>]>([
      ['3 and 5', [3, 5], {}],
      ['1, 2, 3 and 4', [1, 2, 3, 4], { evaluateEvery: 5, logEvery: 7 }],
      ['a fraction and 3', [1.6, 3], { logEvery: 4 }],
      ['3 and 3', [3, 3], {}],
      ['2 and 4 with accumulation', [2, 4], { batchSize: 4, gradientAccumulation: 2 }],
      ['2 and 4 with averages', [2, 4], { averageDecay: 0.9 }],
      ['2 and 4 without warmup', [2, 4], { schedule: 'inverse-sqrt', warmup: 0 }],
      ['2 and 9 with patience', [2, 9], { learningRate: 0.4, best: { ...settings.best, patience: 2 } }],
    ])('goes on where that ended, with the bytes of one training: %s epochs', async (_, epochs, changed) => {
      const { result, messages } = await inTurn(epochs, { ...level, ...changed });
      expect(messages.filter((text) => text.startsWith('Going on from')).length).toBe(epochs.length - 1);
      const whole = await run({ validation: held }, { ...level, ...changed, epochs: epochs.at(-1) ?? 1 });
      expect(result).toBe(bytes(whole));
    });

    it('starts anew where the learning rates depend on their number', async () => {
      for (const changed of [{ schedule: 'linear' }, { warmup: 0.1 }] as const) {
        const { result, messages, previous } = await inTurn([2, 3], { ...level, ...changed });
        expect(messages).toEqual([]);
        expect(previous).toBeUndefined();
        expect(result).toBe(bytes(await run({ validation: held }, { ...level, ...changed, epochs: 3 })));
      }
    });

    it('starts anew, and leaves the state as it is, where that went further', async () => {
      const { result, messages, previous } = await inTurn([4, 2, 5], level);
      expect(messages[0]).toContain('Starts anew: the training before went further, to step 48');
      expect(messages[1]).toContain('after step 48');
      expect(previous).toBeDefined();
      expect(result).toBe(bytes(await run({ validation: held }, { ...level, epochs: 5 })));
    });

    it('goes on from there also after it was interrupted', async () => {
      const { previous = '' } = await inTurn([2], level);
      const state = await mkdtemp(join(folder, 'state-'));
      const abort = new AbortController();
      const options = {
        validation: held,
        continuation: { previous, state },
        checkpoints: { folder: await mkdtemp(join(folder, 'scratch-')), everySeconds: 1e9 },
      };
      const interrupted = run(
        {
          ...options,
          signal: abort.signal,
          onProgress: ({ step }) => step === 30 && abort.abort(new Error('interrupted')),
        },
        { ...level, epochs: 4 },
      );
      await expect(interrupted).rejects.toThrow('interrupted');
      expect(await readdir(state)).toEqual([]);
      const resumed = await run(options, { ...level, epochs: 4 });
      expect(bytes(resumed)).toBe(bytes(await run({ validation: held }, { ...level, epochs: 4 })));
    });
  });

  it('goes on with accumulated gradients too', async () => {
    const changed = { gradientAccumulation: 2, batchSize: 4 };
    const whole = bytes(await run({}, changed));
    const checkpoints = { folder: await mkdtemp(join(folder, 'scratch-')), everySeconds: 0 };
    const abort = new AbortController();
    const interrupted = run(
      {
        checkpoints,
        signal: abort.signal,
        onProgress: ({ step }) => step === 9 && abort.abort(new Error('interrupted')),
      },
      changed,
    );
    await expect(interrupted).rejects.toThrow('interrupted');
    expect(bytes(await run({ checkpoints }, changed))).toBe(whole);
  });

  it('starts again, and says so, when a checkpoint is damaged', async () => {
    const scratch = await mkdtemp(join(folder, 'scratch-'));
    const checkpoints = { folder: scratch, everySeconds: 0 };
    await run({ checkpoints }, { maximumSteps: 5 });
    const file = join(scratch, 'checkpoint.safetensors');
    await writeFile(file, (await readFile(file)).subarray(0, 500));
    const messages: string[] = [];
    const again = await run({ checkpoints, onMessage: (message) => messages.push(message) });
    expect(messages.join()).toContain('training starts again');
    expect(bytes(again)).toBe(bytes(await run()));
  });

  it('with penalties, finds the best step by what it minimises: loss and penalty together', async () => {
    const weights = startWeights();
    const fisher = Object.fromEntries(
      Object.entries(weights).map(([name, { shape, data: values }]) => [
        name,
        float32(shape, new Array<number>(values.length).fill(1)),
      ]),
    );
    const penalty = { strength: 0.2, fisher, anchor: weights };
    const best = { ...settings.best, metric: 'penalized_loss' };
    const result = await run(
      { penalties: [penalty], validation: data(examples(40, 5)) },
      { keep: 'best', epochs: 4, evaluateEvery: 6, best },
    );
    const rows = result.curve.flatMap(({ validation }) => (validation === undefined ? [] : [validation]));
    for (const row of rows) {
      expect(row.penalized_loss).toBeCloseTo((row.loss ?? Number.NaN) + (row.penalty ?? Number.NaN), 10);
    }
    const sums = rows.map((row) => row.penalized_loss ?? Number.NaN);
    expect(result.validation?.penalized_loss).toBe(Math.min(...sums));
    // The figure is that of the weights that came out.
    expect(
      relativeDifference([result.validation?.penalty ?? 0], [penaltyValue([penalty], result.weights)]),
    ).toBeLessThan(1e-5);
  });

  it('keeps what starts late as it is until then', async () => {
    const groups = [
      { name: 'head', parameters: trainable.slice(1), learningRate: 0.05, weightDecay: 0, startEpoch: 0 },
      { name: 'words', parameters: trainable.slice(0, 1), learningRate: 0.05, weightDecay: 0, startEpoch: 1 },
    ];
    const messages: string[] = [];
    const onMessage = (message: string) => void messages.push(message);
    const { weights } = await run({ groups, onMessage }, { maximumSteps: 12 });
    expect(messages).toEqual(['Training ends after 12 steps, before these are unfrozen: embeddings.weight.']);
    expect(weights['embeddings.weight']).toEqual(startWeights()['embeddings.weight']);
    const later = await run({ groups }, { maximumSteps: 13 });
    expect(later.weights['embeddings.weight']).not.toEqual(startWeights()['embeddings.weight']);
  });

  it('gives back, and measures, the average of the weights where one is kept', async () => {
    const validation = data(examples(40, 5));
    const last = await run({ validation }, { averageDecay: 1e-9 });
    const plain = await run({ validation });
    // With next to no memory the average is the weights themselves.
    expect(difference(last.weights, plain.weights)).toBeLessThan(1e-6);
    expect(last.validation?.loss).toBeCloseTo(plain.validation?.loss ?? 0, 6);
    const averaged = await run({ validation }, { averageDecay: 0.9 });
    expect(difference(averaged.weights, plain.weights)).toBeGreaterThan(1e-3);
    const measured = await run(
      { validation, weights: averaged.weights },
      { maximumSteps: 1, learningRate: 1e-30 },
    );
    expect(measured.validation?.loss).toBeCloseTo(averaged.validation?.loss ?? 0, 6);
  });

  it('honours an abort before the first step', async () => {
    const aborted = run({ signal: AbortSignal.abort(new Error('cancelled')) });
    await expect(aborted).rejects.toThrow('cancelled');
  });

  it('stops when patience has run out, and gives the best weights back', async () => {
    const result = await run(
      { validation: data(examples(40, 5)) },
      {
        epochs: 50,
        learningRate: 0.3,
        schedule: 'constant',
        keep: 'best',
        best: { ...settings.best, patience: 3 },
      },
    );
    expect(result.stoppedEarly).toBe(true);
    expect(result.steps).toBe(result.keptStep + 3 * 12);
    const losses = result.curve.flatMap((row) => row.validation?.loss ?? []);
    expect(result.validation?.loss).toBe(Math.min(...losses));
  });

  it('says at which step and learning rate the loss stopped being a number', async () => {
    const weights = { ...startWeights(), 'classifier.bias': float32([3], [Number.NaN, 0, 0]) };
    const error = await run({ weights }).catch((caught: unknown) => caught);
    if (!(error instanceof UserError)) throw error;
    expect(error.message).toContain('step 1');
    expect(error.details.help).toContain('learning_rate (now 0.05, try 0.00005)');
    expect(error.details.help).toContain('Nothing that finished is lost');
  });
});
