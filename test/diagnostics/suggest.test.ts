import { expect, test } from 'vitest';
import { closest, didYouMean, listOfNames, namesLike } from '../../src/diagnostics/suggest.js';

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

test('of many names those that are like the written one are shown, and how many more there are', () => {
  const many = Array.from({ length: 300 }, (_, index) => `train[seed=${index}]`);
  expect(namesLike('train', ['mail', 'train[a=1]', 'train[a=2]'])).toBe('train[a=1], train[a=2] and 1 more');
  expect(namesLike('nope', ['mail', 'tokens'])).toBe('mail, tokens');
  expect(namesLike('nope', many)).toMatch(/^train\[seed=0\], .*, train\[seed=15\] and 284 more$/);
});
