import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  balancedClassWeights,
  classTargets,
  crossEntropySum,
  labelCrossEntropySum,
} from '../../src/training/losses.js';
import { readFixture, relativeDifference } from './fixtures.js';

// As runtimes do: without advice on standard error.
tf.enableProdMode();

const fixture = readFixture('cross-entropy');
const logits = tf.tensor2d(fixture.logits, [6, 3]);

describe('cross entropy', () => {
  it.each<{ class_weights: number[] | null; label_smoothing: number; loss: number; gradient: number[] }>(
    fixture.cases,
  )(
    'with class weights $class_weights and label smoothing $label_smoothing is that of PyTorch, and so is its gradient',
    (expected) => {
      const { targets, weight } = classTargets(fixture.labels, {
        classes: 3,
        ...(expected.class_weights === null ? {} : { classWeights: expected.class_weights }),
        labelSmoothing: expected.label_smoothing,
      });
      const { value, grad } = tf.valueAndGrad((z) =>
        crossEntropySum(z as tf.Tensor2D, tf.tensor2d(targets, [6, 3])).div(weight),
      )(logits);
      expect(relativeDifference(value.dataSync(), [expected.loss])).toBeLessThan(1e-6);
      expect(relativeDifference(grad.dataSync(), expected.gradient)).toBeLessThan(1e-6);
    },
  );

  it('of integer labels equals the one of targets, and rows of weight 0 count nothing', () => {
    const { targets } = classTargets([0, 2, -100, 1, -1, 2], { classes: 3 });
    const byTargets = crossEntropySum(logits, tf.tensor2d(targets, [6, 3])).dataSync();
    const labels = tf.tensor1d([0, 2, 1, 1, 0, 2], 'int32');
    const byLabels = labelCrossEntropySum(logits, labels, tf.tensor1d([1, 1, 0, 1, 0, 1])).dataSync();
    expect(relativeDifference(byLabels, byTargets)).toBeLessThan(1e-6);
  });

  it('refuses a label that is not among the classes', () => {
    expect(() => classTargets([3], { classes: 3 })).toThrow('label 3 is not one of 3 classes');
  });
});

describe('balanced class weights', () => {
  it('are examples / (classes x count), as in scikit-learn', () => {
    expect(balancedClassWeights([0, 0, 0, 1], 2)).toEqual([4 / 6, 2]);
  });

  it('are 1 for a class that does not occur', () => {
    expect(balancedClassWeights([0, 0, 1, 1], 3)[2]).toBe(1);
  });
});
