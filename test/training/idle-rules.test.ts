import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Parameter } from '../../src/models/architecture.js';
import { loadModel, modelParameters } from '../../src/models/model.js';
import { idlePatterns } from '../../src/training/idle-rules.js';
import type { GroupRule } from '../../src/training/optimizer-groups.js';

let parameters: readonly Parameter[];
beforeAll(async () => {
  const path = fileURLToPath(new URL('../fixtures/models/tiny-classifier', import.meta.url));
  parameters = modelParameters((await loadModel(path)).model);
});

function idle(rules: readonly GroupRule[], frozen = /^$/) {
  const trainable = parameters.map(({ name }) => name).filter((name) => !frozen.test(name));
  return idlePatterns(parameters, trainable, rules);
}

describe('rules without effect', () => {
  it('are those whose parameters are all frozen in the model', () => {
    const rules = [{ match: ['embeddings', 'classifier'], learningRate: 1 }];
    expect(idle(rules, /embeddings/)).toEqual([
      { rule: 0, pattern: 'embeddings', settings: ['learningRate'], reason: 'frozen-in-model' },
    ]);
    expect(idle(rules)).toEqual([]);
    expect(idle(rules, /word_embeddings/)).toEqual([]);
  });

  it('are attempts to thaw what is frozen in the model', () => {
    const [found, ...more] = idle([{ match: ['layers.0'], isFrozen: false }], /layer\.0/);
    expect(found).toMatchObject({ settings: ['isFrozen'], reason: 'frozen-in-model' });
    expect(more).toEqual([]);
  });

  it('are those that a rule of the same training freezes, before or after', () => {
    const freeze = { match: ['encoder'], isFrozen: true };
    const rate = { match: ['layers.1'], learningRate: 1 };
    expect(idle([freeze, rate])).toMatchObject([{ rule: 1, reason: 'frozen-by-rule' }]);
    expect(idle([rate, freeze])).toMatchObject([{ rule: 0, reason: 'frozen-by-rule' }]);
    expect(idle([freeze, rate, { match: ['layers.1'], isFrozen: false }])).toEqual([]);
  });

  it('are those that later ones replace altogether', () => {
    const all = { match: ['encoder'], learningRate: 1 };
    const one = { match: ['layers.1'], learningRate: 2, weightDecay: 0.1 };
    expect(idle([all, one])).toEqual([]);
    expect(idle([one, all])).toEqual([
      { rule: 0, pattern: 'layers.1', settings: ['learningRate'], reason: 'replaced' },
    ]);
  });

  it('are decays of what never decays', () => {
    expect(idle([{ match: ['*.bias'], learningRate: 1, weightDecay: 0.1 }])).toEqual([
      { rule: 0, pattern: '*.bias', settings: ['weightDecay'], reason: 'never-decayed' },
    ]);
    expect(idle([{ match: ['classifier'], weightDecay: 0.1 }])).toEqual([]);
  });

  it('have several reasons where their parameters have', () => {
    const rules = [
      { match: ['encoder'], learningRate: 1 },
      { match: ['layers.1'], learningRate: 2 },
    ];
    expect(idle(rules, /layer\.0/)).toMatchObject([{ rule: 0, pattern: 'encoder', reason: 'several' }]);
  });
});
