import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedHostTensors, Runtime, RuntimeName } from '../../src/runtime/runtime.js';
import { clippingCoefficient, globalNorm } from '../../src/training/gradients.js';
import { activeGroups, type TimedGroup } from '../../src/training/optimizer-groups.js';
import { createOptimizer, type OptimizerOptions } from '../../src/training/optimizers/index.js';
import {
  optimizerInputs,
  optimizerScalars,
  optimizerState,
  updateParameters,
} from '../../src/training/parameter-updates.js';
import { createSchedule } from '../../src/training/schedules.js';
import {
  averageInputs,
  averageName,
  averageScalars,
  averageState,
  updateAverages,
} from '../../src/training/weight-average.js';
import { tensorflowHere } from '../runtime/tensorflow-here.js';
import { float32, readFixture, relativeDifference } from './fixtures.js';

type Values = Readonly<Record<string, readonly number[]>>;

interface Case {
  readonly name: string;
  readonly options: OptimizerOptions;
  readonly weight_decay: number;
  readonly rates?: Readonly<Record<string, number>>;
  readonly begins?: Readonly<Record<string, number>>;
  readonly average?: number;
  readonly after: Readonly<Record<string, Values>>;
}

interface Fixture {
  readonly steps: number;
  readonly warmup: number;
  readonly maximum_norm: number;
  readonly learning_rate: number;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly start: Values;
  readonly gradients: readonly Values[];
  readonly cases: readonly Case[];
}

const fixture: Fixture = readFixture('optimizers');
const names = Object.keys(fixture.shapes);
const TOLERANCE = 1e-5;

const compared: readonly RuntimeName[] = ['cpu', 'onnx', ...tensorflowHere];
const runtimes = new Map<RuntimeName, Runtime>();
beforeAll(async () => {
  for (const name of compared) runtimes.set(name, await openRuntime(name, { threads: 1 }));
});
afterAll(async () => {
  for (const runtime of runtimes.values()) await runtime.dispose();
});

describe.each(compared)('on %s, over 50 steps with warmup, decay and clipping', (runtimeName) => {
  it.each(fixture.cases)('$name goes where the reference goes', async (expected) => {
    const runtime = runtimes.get(runtimeName);
    if (runtime === undefined) throw new Error('the runtime is not open');
    const optimizer = createOptimizer(expected.options);
    const groups = names.map(
      (name): TimedGroup => ({
        name,
        parameters: [name],
        learningRate: expected.rates?.[name] ?? fixture.learning_rate,
        weightDecay: name === 'bias' ? 0 : expected.weight_decay,
        startEpoch: 0,
        startStep: expected.begins?.[name] ?? 0,
      }),
    );
    const start = tensors(fixture.start);
    const variables = runtime.createVariables({
      ...start,
      ...optimizerState(optimizer, start),
      ...averageState(start),
    });
    const compile = (active: readonly TimedGroup[]) =>
      runtime.compile(
        (inputs, values) => {
          const trained = active.flatMap(({ parameters }) => parameters);
          const gradients = Object.fromEntries(
            trained.map((name) => {
              const gradient = inputs[`gradient/${name}`];
              if (gradient === undefined) throw new Error('a gradient is missing');
              return [name, gradient];
            }),
          );
          const gradientScale = clippingCoefficient(globalNorm(gradients), fixture.maximum_norm);
          const updates = updateParameters({
            optimizer,
            groups: active,
            gradients,
            gradientScale,
            variables: values,
            inputs,
          });
          const parameters = Object.fromEntries(
            Object.entries(updates).filter(([name]) => trained.includes(name)),
          );
          return { outputs: {}, updates: { ...updates, ...updateAverages(parameters, values, inputs) } };
        },
        {
          name: 'update',
          inputs: {
            ...Object.fromEntries(
              active
                .flatMap(({ parameters }) => parameters)
                .map((name) => [
                  `gradient/${name}`,
                  { shape: fixture.shapes[name] ?? [], dtype: 'float32' } as const,
                ]),
            ),
            ...optimizerInputs(optimizer, active),
            ...averageInputs,
          },
          variables,
        },
      );
    const schedule = createSchedule({
      schedule: 'linear',
      totalSteps: fixture.steps,
      warmupSteps: fixture.warmup,
    });
    const compiled = new Map<number, Awaited<ReturnType<typeof compile>>>();
    let compared = 0;
    for (let step = 0; step < fixture.steps; step++) {
      const active = activeGroups(groups, step);
      const update = compiled.get(active.length) ?? (await compile(active));
      compiled.set(active.length, update);
      const gradients = Object.entries(tensors(fixture.gradients[step] ?? {})).filter(([name]) =>
        active.some(({ parameters }) => parameters.includes(name)),
      );
      await update.run({
        ...Object.fromEntries(gradients.map(([name, gradient]) => [`gradient/${name}`, gradient])),
        ...optimizerScalars(optimizer, active, step, schedule(step)),
        ...averageScalars(expected.average ?? 0, step),
      });
      const after = expected.after[step + 1];
      if (after === undefined) continue;
      for (const name of names) {
        const read = expected.average === undefined ? name : averageName(name);
        const { data } = await variables.read(read);
        expect(relativeDifference(data, after[name] ?? []), `${name} after ${step + 1}`).toBeLessThan(
          TOLERANCE,
        );
        compared++;
      }
    }
    expect(compared).toBe(27);
  });
});

function tensors(values: Values): NamedHostTensors {
  return Object.fromEntries(
    Object.entries(values).map(([name, numbers]) => [name, float32(fixture.shapes[name] ?? [], numbers)]),
  );
}
