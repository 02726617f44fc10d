import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import type { Parameter } from '../../src/models/architecture.js';
import { loadModel, modelParameters } from '../../src/models/model.js';
import {
  activeGroups,
  type GroupOptions,
  isDecayed,
  type OptimizerGroup,
  optimizerGroups,
  timedGroups,
} from '../../src/training/optimizer-groups.js';

let parameters: readonly Parameter[];
beforeAll(async () => {
  const path = fileURLToPath(new URL('../fixtures/models/tiny-classifier', import.meta.url));
  parameters = modelParameters((await loadModel(path)).model);
});

const plain: GroupOptions = {
  learningRate: 0.1,
  weightDecay: 0.01,
  layerDecay: 1,
  rules: [],
  unfreezeEvery: 0,
};

function groupsWith(options: Partial<GroupOptions>, frozen: (name: string) => boolean = () => false) {
  const trainable = parameters.map(({ name }) => name).filter((name) => !frozen(name));
  return optimizerGroups(parameters, trainable, { ...plain, ...options });
}

/** What a group says of one parameter; the word embeddings and so on stand for their layer. */
function groupOf(groups: readonly OptimizerGroup[], name: string): OptimizerGroup | undefined {
  return groups.find((group) => group.parameters.includes(name));
}

const byDepth = [
  'classifier.weight',
  'bert.encoder.layer.1.output.dense.weight',
  'bert.encoder.layer.0.output.dense.weight',
  'bert.embeddings.word_embeddings.weight',
];

describe('groups of parameters', () => {
  it('hold every trained parameter once', () => {
    const groups = groupsWith({ layerDecay: 0.5, unfreezeEvery: 1 }, (name) => name.includes('embeddings'));
    const names = groups.flatMap((group) => group.parameters);
    const expected = parameters.map(({ name }) => name).filter((name) => !name.includes('embeddings'));
    expect([...names].sort()).toEqual([...expected].sort());
    expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
  });

  it('leave biases and LayerNorm out of weight decay', () => {
    const groups = groupsWith({});
    expect(groups.length).toBe(2);
    for (const group of groups) {
      expect(group.parameters.every((name) => isDecayed(name) === group.weightDecay > 0)).toBe(true);
    }
    expect(isDecayed('bert.encoder.layer.0.attention.self.query.weight')).toBe(true);
    expect(isDecayed('bert.encoder.layer.0.attention.self.query.bias')).toBe(false);
    expect(isDecayed('bert.embeddings.LayerNorm.weight')).toBe(false);
    expect(isDecayed('cls.predictions.bias')).toBe(false);
  });

  it('lower the learning rate layer by layer, from the head down', () => {
    const groups = groupsWith({ layerDecay: 0.5 });
    const rates = byDepth.map((name) => groupOf(groups, name)?.learningRate);
    expect(rates).toEqual([0.1, 0.05, 0.025, 0.0125]);
    expect(groupOf(groups, 'bert.pooler.dense.weight')?.learningRate).toBe(0.1);
  });

  it('take settings by pattern, the last one that matches', () => {
    const groups = groupsWith({
      layerDecay: 0.5,
      rules: [
        { match: ['encoder'], learningRate: 0.3, weightDecay: 0.2 },
        { match: ['layers.1'], learningRate: 0.7 },
      ],
    });
    const rates = byDepth.map((name) => groupOf(groups, name)?.learningRate);
    expect(rates).toEqual([0.1, 0.7, 0.3, 0.0125]);
    const decays = byDepth.map((name) => groupOf(groups, name)?.weightDecay);
    expect(decays).toEqual([0.01, 0.2, 0.2, 0.01]);
    expect(groupOf(groups, 'bert.encoder.layer.1.output.dense.bias')?.weightDecay).toBe(0);
  });

  it('leave out what a pattern freezes', () => {
    const groups = groupsWith({ rules: [{ match: ['embeddings', 'layers.0'], isFrozen: true }] });
    const trained = byDepth.filter((name) => groupOf(groups, name) !== undefined);
    expect(trained).toEqual(byDepth.slice(0, 2));
  });

  it('name what was probably meant by a pattern that matches nothing', () => {
    const wrong = () => groupsWith({ rules: [{ match: ['clasifier'], learningRate: 1 }] });
    expect(wrong).toThrow(UserError);
    expect(wrong).toThrow("'clasifier' matches no parameter");
    try {
      wrong();
    } catch (error) {
      expect(error instanceof UserError && error.details.help).toBe("did you mean 'classifier'?");
    }
  });

  it('begin one after the other with gradual unfreezing', () => {
    const groups = timedGroups(groupsWith({ unfreezeEvery: 1.5 }), 10);
    const trainedAt = (step: number) =>
      byDepth.filter((name) => groupOf(activeGroups(groups, step), name) !== undefined).length;
    expect([0, 14, 15, 29, 30, 44, 45, 99].map(trainedAt)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('do not wait for layers that are frozen', () => {
    const groups = groupsWith({ unfreezeEvery: 1 }, (name) => name.includes('layer.1'));
    const begins = byDepth.map((name) => groupOf(groups, name)?.startEpoch);
    expect(begins).toEqual([0, undefined, 1, 2]);
  });
});
