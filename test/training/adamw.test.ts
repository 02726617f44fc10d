import { describe, expect, it } from 'vitest';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import { clippingCoefficient, globalNorm } from '../../src/training/gradients.js';
import {
  adamW,
  adamWInputs,
  adamWScalars,
  adamWState,
  isDecayed,
} from '../../src/training/optimizers/adamw.js';
import { createSchedule } from '../../src/training/schedules.js';
import { float32, readFixture, relativeDifference } from './fixtures.js';

const fixture = readFixture('adamw');

describe('AdamW', () => {
  it.each(['cpu', 'onnx'] as const)(
    'on %s, with warmup, clipping and decay, goes where torch.optim.AdamW goes',
    async (name) => {
      const runtime = await openRuntime(name, { threads: 1 });
      const start = { weight: float32([3, 4], fixture.weight), bias: float32([4], fixture.bias) };
      const variables = runtime.createVariables({ ...start, ...adamWState(start) });
      const options = {
        beta1: fixture.beta1,
        beta2: fixture.beta2,
        epsilon: fixture.epsilon,
        weightDecay: fixture.weight_decay,
      };
      const update = await runtime.compile(
        (inputs, values) => {
          const { weight, bias, weight_gradient, bias_gradient } = { ...values, ...inputs };
          if (!weight || !bias || !weight_gradient || !bias_gradient) throw new Error('a tensor is missing');
          const gradients = { weight: weight_gradient, bias: bias_gradient };
          const norm = globalNorm(gradients);
          const gradientScale = clippingCoefficient(norm, fixture.maximum_norm);
          const updates = adamW({
            parameters: { weight, bias },
            gradients,
            gradientScale,
            variables: values,
            inputs,
            options,
          });
          return { outputs: { norm }, updates };
        },
        {
          name: 'adamw',
          inputs: {
            weight_gradient: { shape: [3, 4], dtype: 'float32' },
            bias_gradient: { shape: [4], dtype: 'float32' },
            ...adamWInputs,
          },
          variables,
        },
      );
      const schedule = createSchedule({
        schedule: 'linear',
        learningRate: fixture.learning_rate,
        totalSteps: fixture.steps,
        warmupSteps: fixture.warmup,
      });
      for (let step = 0; step < fixture.steps; step++) {
        const { norm } = await update.run({
          weight_gradient: float32([3, 4], fixture.gradients[step].weight),
          bias_gradient: float32([4], fixture.gradients[step].bias),
          ...adamWScalars(options, schedule(step), step),
        });
        expect(relativeDifference(norm?.data ?? [], [fixture.norms[step]])).toBeLessThan(1e-6);
        for (const parameter of ['weight', 'bias']) {
          const { data } = await variables.read(parameter);
          expect(relativeDifference(data, fixture.after[step][parameter])).toBeLessThan(1e-6);
        }
      }
      await runtime.dispose();
    },
  );

  it('decays neither biases nor the weights of LayerNorm', () => {
    expect(isDecayed('bert.encoder.layer.0.attention.self.query.weight')).toBe(true);
    expect(isDecayed('bert.encoder.layer.0.attention.self.query.bias')).toBe(false);
    expect(isDecayed('bert.embeddings.LayerNorm.weight')).toBe(false);
    expect(isDecayed('cls.predictions.bias')).toBe(false);
  });
});
