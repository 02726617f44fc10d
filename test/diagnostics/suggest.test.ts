import { expect, test } from 'vitest';
import { closest, didYouMean, listOfNames } from '../../src/diagnostics/suggest.js';

const settings = ['learning_rate', 'batch_size', 'epochs', 'seed'];

test.each([
  ['learningRate', 'learning_rate'],
  ['learning-rate', 'learning_rate'],
  ['learning_rat', 'learning_rate'],
  ['epohcs', 'epochs'],
  ['bach_size', 'batch_size'],
  ['sed', 'seed'],
])('%s was meant as %s', (written, meant) => {
  expect(closest(written, settings)).toBe(meant);
});

test('nothing is suggested where nothing is near', () => {
  expect(didYouMean('colour', settings)).toBeUndefined();
  expect(didYouMean('', settings)).toBeUndefined();
  expect(didYouMean('x'.repeat(100_000), settings)).toBeUndefined();
});

test('names are listed as a sentence would', () => {
  expect(listOfNames(['a'])).toBe("'a'");
  expect(listOfNames(['a', 'b', 'c'])).toBe("'a', 'b' or 'c'");
  expect(listOfNames(Array.from({ length: 20 }, (_, index) => `n${index}`))).toMatch(/and 4 more$/);
});
