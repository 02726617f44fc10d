import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Parameter } from '../../src/models/architecture.js';
import { loadModel, modelParameters } from '../../src/models/model.js';
import { selectParameters } from '../../src/models/parameter-patterns.js';

let parameters: readonly Parameter[];
beforeAll(async () => {
  const path = fileURLToPath(new URL('../fixtures/models/tiny-classifier', import.meta.url));
  parameters = modelParameters((await loadModel(path)).model);
});

const groupsOf = (patterns: readonly string[]): readonly string[] => {
  const names = selectParameters(parameters, patterns);
  return [...new Set(parameters.filter(({ name }) => names.has(name)).map(({ group }) => group))];
};

describe('patterns', () => {
  test.each([
    [['embeddings'], ['embeddings']],
    [['encoder'], ['layers.0', 'layers.1']],
    [['layers.0-1'], ['layers.0', 'layers.1']],
    [['layers.1'], ['layers.1']],
    [['layers.?'], ['layers.0', 'layers.1']],
    [['head'], ['classifier']],
    [['all'], ['embeddings', 'layers.0', 'layers.1', 'pooler', 'classifier']],
    [['all but encoder, pooler'], ['embeddings', 'classifier']],
    [['bert.encoder.layer.0'], ['layers.0']],
    [['all but /layer\\.0\\.|pooler/, classifier'], ['embeddings', 'layers.1']],
    [[], []],
  ])('%j choose %j', (patterns, groups) => {
    expect(groupsOf(patterns)).toEqual(groups);
  });

  test('choose tensors by glob, by expression and by name', () => {
    const biases = [...selectParameters(parameters, ['*.bias'])];
    expect(biases).toEqual(parameters.filter(({ name }) => name.endsWith('.bias')).map(({ name }) => name));
    expect([...selectParameters(parameters, ['/layer\\.1\\..*(query|key)\\.weight/'])]).toEqual([
      'bert.encoder.layer.1.attention.self.query.weight',
      'bert.encoder.layer.1.attention.self.key.weight',
    ]);
    expect([...selectParameters(parameters, ['classifier.bias'])]).toEqual(['classifier.bias']);
  });

  test('a dot in a glob is a dot', () => {
    expect(() => selectParameters(parameters, ['classifier?biases*'])).toThrow('matches no parameter');
  });

  test.each([
    ['embedings', "did you mean 'embeddings'?"],
    ['layers.7', "did you mean 'layers.0'?"],
    ['tokenizer', 'Tensor names'],
    ['clasifier.bias', "did you mean 'classifier.bias'?"],
  ])('%s matches nothing, and what was meant is said', (pattern, help) => {
    expect(() => selectParameters(parameters, [pattern])).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ help: expect.stringContaining(help) }) }),
    );
  });

  test('a range that ends before it begins and a broken expression are refused', () => {
    expect(() => selectParameters(parameters, ['layers.2-0'])).toThrow('ends before it begins');
    expect(() => selectParameters(parameters, ['/(/'])).toThrow('not a regular expression');
  });
});
