/** Training of tiny BERT models against PyTorch and transformers: test/reference/training.py and ewc.py. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/data/random.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedHostTensors, Runtime } from '../../src/runtime/runtime.js';
import type { Objective, ObjectiveData } from '../../src/training/objective.js';
import { createObjective } from '../../src/training/objectives/index.js';
import { classificationData } from '../../src/training/objectives/sequence-classification.js';
import { plainGroups, timedGroups } from '../../src/training/optimizer-groups.js';
import { createOptimizer, defaultOptimizers } from '../../src/training/optimizers/index.js';
import { estimateFisher, type FisherKind } from '../../src/training/penalties/fisher.js';
import { combinePenalties, type QuadraticPenalty } from '../../src/training/penalties/quadratic.js';
import { createSchedule, type ScheduleName } from '../../src/training/schedules.js';
import { createStepper } from '../../src/training/stepper.js';
import { type TrainStepOptions, trainingVariables } from '../../src/training/train-step.js';
import { readFixture, relativeDifference } from './fixtures.js';
import { givenMasks, type MaskedTinyExample, tinyModel, tokenSplit } from './tiny-bert.js';

/** What the issue asks for. */
const TOLERANCE = 1e-4;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
});
afterAll(() => runtime.dispose());

interface Reference {
  readonly objective: Objective;
  readonly data: ObjectiveData;
  readonly weights: NamedHostTensors;
  readonly steps: number;
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly maximumNorm: number;
  readonly penalties?: readonly QuadraticPenalty[];
}

/** Updates on examples 4 i to 4 i + 3, padded to the longest of them as in the reference. */
async function updates(reference: Reference) {
  const { objective, data, weights } = reference;
  const trainable = Object.keys(weights);
  const groups = timedGroups(plainGroups(trainable, reference), 1);
  const step: TrainStepOptions = {
    objective,
    trainable,
    groups,
    penalty: combinePenalties(reference.penalties ?? [], weights, trainable),
    optimizer: createOptimizer(defaultOptimizers.adamw),
    keepsAverage: false,
    maximumGradientNorm: reference.maximumNorm,
  };
  const extra = trainingVariables(weights, step, false);
  const variables = runtime.createVariables({ ...weights, ...extra.optimizer, ...extra.penalty });
  const stepper = createStepper({
    runtime,
    variables,
    step,
    groups,
    learningRate: reference.learningRate,
    data,
    schedule: createSchedule({
      schedule: reference.schedule,
      totalSteps: reference.steps,
      warmupSteps: reference.warmup,
    }),
    accumulates: false,
    random: createRandom(0),
  });
  const results = [];
  for (let index = 0; index < reference.steps; index++) {
    const examples = [0, 1, 2, 3].map((offset) => index * 4 + offset);
    const length = Math.max(...examples.map((example) => data.lengths[example] ?? 0));
    results.push(await stepper.update(index, [{ length, size: 4, examples }], createRandom(0)));
  }
  const after: Record<string, ArrayLike<number>> = {};
  for (const name of trainable) after[name] = (await variables.read(name)).data;
  await stepper.dispose();
  variables.dispose();
  return { results, after };
}

function expectSameNumbers(found: readonly number[], expected: readonly number[]) {
  expect(found.length).toBe(expected.length);
  found.forEach((value, index) => {
    expect(relativeDifference([value], [expected[index] ?? 0])).toBeLessThan(TOLERANCE);
  });
}

describe('twenty updates of a BERT', () => {
  it('for classification have the losses, norms and weights of PyTorch', async () => {
    const fixture = readFixture('classification');
    const { architecture, weights } = await tinyModel('tiny-classifier');
    const { results, after } = await updates({
      objective: createObjective(architecture, 'sequence-classification'),
      data: classificationData(tokenSplit(fixture.examples), { labels: 3, paddingId: 0 }),
      weights,
      steps: 20,
      learningRate: fixture.learning_rate,
      schedule: 'linear',
      warmup: fixture.warmup,
      weightDecay: fixture.weight_decay,
      maximumNorm: fixture.maximum_norm,
    });
    expectSameNumbers(
      results.map(({ loss }) => loss),
      fixture.losses,
    );
    expectSameNumbers(
      results.map(({ gradientNorm }) => gradientNorm),
      fixture.norms,
    );
    expectSameWeights(after, fixture.weights);
  });

  it('for masked language modelling have the losses, norms and weights of PyTorch', async () => {
    const fixture = readFixture('masked-language');
    const { architecture, weights } = await tinyModel('tiny-masked-language-model');
    const objective = createObjective(architecture, 'masked-language-modeling', { maskProbability: 0.5 });
    const masked: readonly MaskedTinyExample[] = fixture.examples;
    const { results, after } = await updates({
      objective,
      data: givenMasks(masked, objective.rows),
      weights,
      steps: 20,
      learningRate: fixture.learning_rate,
      schedule: 'linear',
      warmup: fixture.warmup,
      weightDecay: fixture.weight_decay,
      maximumNorm: fixture.maximum_norm,
    });
    expectSameNumbers(
      results.map(({ loss }) => loss),
      fixture.losses,
    );
    expectSameNumbers(
      results.map(({ gradientNorm }) => gradientNorm),
      fixture.norms,
    );
    expectSameWeights(after, fixture.weights);
  });
});

/** AdamW divides by the square root of squared gradients: where these are near rounding, so is the update. */
function expectSameWeights(
  found: Readonly<Record<string, ArrayLike<number>>>,
  expected: Readonly<Record<string, readonly number[]>>,
) {
  const names = Object.keys(found).filter((name) => !name.endsWith('self.key.bias'));
  expect(names.length).toBeGreaterThan(30);
  for (const name of names) {
    expect([name, relativeDifference(found[name] ?? [], expected[name] ?? [])]).toEqual([
      name,
      expect.toSatisfy((difference: number) => difference < 10 * TOLERANCE),
    ]);
  }
}

describe('elastic weight consolidation', () => {
  const fixture = readFixture('ewc');

  async function fisher(kind: FisherKind) {
    const { architecture, weights } = await tinyModel('tiny-classifier');
    return estimateFisher({
      runtime,
      objective: createObjective(architecture, 'sequence-classification'),
      weights,
      parameters: Object.keys(weights),
      data: classificationData(tokenSplit(fixture.examples), { labels: 3, paddingId: 0 }),
      kind,
      samples: 100,
      maximumLength: 16,
      denseWeights: 1e9,
      seed: 1,
    });
  }

  it.each(['exact', 'empirical'] as const)(
    'has the %s Fisher information of PyTorch, one example at a time',
    async (kind) => {
      const estimate = await fisher(kind);
      expect(estimate.samples).toBe(10);
      expectSameFisher(estimate.fisher, fixture[kind]);
    },
  );

  it('has the empirical Fisher information of masked language modelling, per sequence', async () => {
    const { architecture, weights } = await tinyModel('tiny-masked-language-model');
    const objective = createObjective(architecture, 'masked-language-modeling', { maskProbability: 0.5 });
    const masked: readonly MaskedTinyExample[] = fixture.masked_examples;
    const estimate = await estimateFisher({
      runtime,
      objective,
      weights,
      parameters: Object.keys(weights),
      data: givenMasks(masked, objective.rows),
      kind: 'empirical',
      samples: 100,
      maximumLength: 16,
      denseWeights: 1e9,
      seed: 1,
    });
    expectSameFisher(estimate.fisher, fixture.masked_empirical);
  });

  it('adds the penalty and the gradient of PyTorch to a training', async () => {
    const { architecture, weights } = await tinyModel('tiny-classifier');
    const estimate = await fisher('exact');
    const { training } = fixture;
    const { results } = await updates({
      objective: createObjective(architecture, 'sequence-classification'),
      data: classificationData(tokenSplit(fixture.new_task), { labels: 3, paddingId: 0 }),
      weights,
      steps: 6,
      learningRate: training.learning_rate,
      schedule: 'constant',
      warmup: 0,
      weightDecay: 0,
      maximumNorm: 0,
      penalties: [{ strength: training.strength, fisher: estimate.fisher, anchor: weights }],
    });
    expectSameNumbers(
      results.map(({ loss }) => loss),
      training.losses,
    );
    expectSameNumbers(
      results.map(({ penalty }) => penalty),
      training.penalties,
    );
    expectSameNumbers(
      results.map(({ gradientNorm }) => gradientNorm),
      training.norms,
    );
  });

  /** A key's bias has no influence (softmax does not see it): its Fisher information is rounding, against all others'. */
  function expectSameFisher(found: NamedHostTensors, expected: Readonly<Record<string, readonly number[]>>) {
    const names = Object.keys(found);
    expect(names.length).toBeGreaterThan(30);
    for (const name of names) {
      const values = expected[name] ?? [];
      if (name.endsWith('self.key.bias')) {
        expect(Math.max(...(found[name]?.data ?? [NaN]))).toBeLessThan(1e-10);
        continue;
      }
      expect([name, relativeDifference(found[name]?.data ?? [], values)]).toEqual([
        name,
        expect.toSatisfy((difference: number) => difference < TOLERANCE),
      ]);
    }
  }
});
