/** The linear algebra of the stages that make the base model. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { principalDirections } from '../../recipes/stages/eigenvectors.js';
import { fitLinear } from '../../recipes/stages/least-squares.js';
import { lightened } from '../../recipes/stages/lightened.js';
import { createRandom } from '../../src/data/random.js';
import { loadModel } from '../../src/models/model.js';
import { createPredictor } from '../../src/models/predict.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedHostTensors, Runtime } from '../../src/runtime/runtime.js';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
});
afterAll(() => runtime.dispose());

const random = createRandom(1);
const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal());

describe('a fitted linear map', () => {
  it('is the map that made the targets, and rows of weight 0 do not count', async () => {
    const [rows, inputs, outputs] = [200, 5, 3];
    const x = normals(rows * inputs);
    const weight = normals(outputs * inputs);
    const y = new Float32Array(rows * outputs);
    const weights = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      weights[row] = row % 4 === 0 ? 0 : 1;
      for (let output = 0; output < outputs; output++) {
        let sum = output - 1;
        for (let input = 0; input < inputs; input++) {
          sum += (weight[output * inputs + input] ?? 0) * (x[row * inputs + input] ?? 0);
        }
        y[row * outputs + output] = weights[row] === 0 ? 1000 : sum;
      }
    }
    const map = await fitLinear(
      runtime,
      { rows, columns: inputs, data: x },
      { rows, columns: outputs, data: y },
      weights,
    );
    // The ridge takes a thousandth away.
    for (const [index, value] of map.weight.data.entries()) expect(value).toBeCloseTo(weight[index] ?? 0, 2);
    for (const [output, value] of map.bias.entries()) expect(value).toBeCloseTo(output - 1, 2);
  });
});

describe('principal directions', () => {
  it('are orthonormal eigenvectors of the covariance, of the largest variances first', () => {
    const [size, count] = [12, 5];
    const root = normals(size * size);
    const covariance = new Float64Array(size * size);
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) {
        for (let c = 0; c < size; c++) {
          covariance[a * size + b] =
            (covariance[a * size + b] ?? 0) + (root[c * size + a] ?? 0) * (root[c * size + b] ?? 0);
        }
      }
    }
    const directions = principalDirections(covariance, size, count);
    const row = (index: number) => directions.subarray(index * size, (index + 1) * size);
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    const times = (vector: Float32Array) =>
      Array.from({ length: size }, (_, a) => dot(covariance.subarray(a * size, (a + 1) * size), vector));
    let before = Number.POSITIVE_INFINITY;
    for (let index = 0; index < count; index++) {
      for (let other = 0; other < count; other++) {
        expect(dot(row(index), row(other))).toBeCloseTo(index === other ? 1 : 0, 5);
      }
      const image = times(row(index));
      const variance = dot(image, row(index));
      expect(variance).toBeLessThan(before);
      before = variance;
      for (const [at, value] of image.entries()) {
        expect(value).toBeCloseTo(variance * (row(index)[at] ?? 0), 3);
      }
    }
  });
});

it('lighter embeddings have the size that was asked for, and the model predicts as before', async () => {
  const { model } = await loadModel(
    fileURLToPath(new URL('../fixtures/models/tiny-masked', import.meta.url)),
  );
  const { weights, factor } = lightened(model.weights, 0.02);
  const words = Array.from(weights['bert.embeddings.word_embeddings.weight']?.data ?? []);
  const squares = words.reduce((sum, value) => sum + value * value, 0);
  expect(Math.sqrt(squares / words.length)).toBeCloseTo(0.02, 6);
  expect(Math.abs(factor - 1)).toBeGreaterThan(0.1);

  const logits = async (of: NamedHostTensors) => {
    const predictor = createPredictor({ ...model, weights: of }, runtime);
    const [row] = await predictor.tokenLogits([{ inputIds: [2, 9, 11, 6, 3] }]);
    predictor.dispose();
    return Array.from(row ?? []);
  };
  const [before, after] = [await logits(model.weights), await logits(weights)];
  expect(before.length).toBeGreaterThan(0);
  for (const [index, value] of after.entries()) expect(value).toBeCloseTo(before[index] ?? Number.NaN, 4);
});
