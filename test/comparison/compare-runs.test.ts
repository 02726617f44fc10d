import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comparePredictions } from '../../src/comparison/compare-predictions.js';
import { compareRuns } from '../../src/comparison/compare-runs.js';
import { chooseFigures, isBetterWhenSmaller } from '../../src/comparison/figure-choice.js';
import { predictionsOutput, type Said, sampleRun, writeSaid } from './sample-runs.js';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-compare-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const options = { examples: 2, resamples: 50, confidence: 0.95 };

async function compare(
  first: Readonly<Record<string, Said>>,
  second: Readonly<Record<string, Said>>,
  order?: readonly string[],
) {
  count += 1;
  const name = String(count);
  const a = await writeSaid(join(folder, `${name}-a`), first);
  const b = await writeSaid(join(folder, `${name}-b`), second, order);
  return comparePredictions(a, b, options);
}

describe('predictions on the same examples', () => {
  it('are paired by id, text and label; who is right on what is counted and tested', async () => {
    const found = await compare(
      {
        1: ['ham', 'ham'],
        2: ['ham', 'ham'],
        3: ['spam', 'ham', 0.8],
        4: ['spam', 'spam'],
        5: ['ham', 'ham'],
        6: ['ham', 'ham'],
      },
      {
        1: ['ham', 'spam', 0.6],
        2: ['ham', 'spam', 0.99],
        3: ['spam', 'spam'],
        4: ['spam', 'spam'],
        5: ['ham', 'spam', 0.7],
        7: ['ham', 'ham'],
      },
    );
    expect(found).toMatchObject({ examples: 5, onlyInFirst: 1, onlyInSecond: 1 });
    expect(found?.accuracy).toMatchObject({
      onlyFirst: 3,
      onlySecond: 1,
      first: 0.8,
      second: 0.4,
      pValue: 0.625,
    });
    expect(found?.lost).toMatchObject({
      count: 3,
      examples: [
        { id: '2', text: 'text 2', label: 'ham', second: { label: 'spam', probability: 0.99 } },
        { id: '5', second: { probability: 0.7 } },
      ],
    });
    expect(found?.won).toMatchObject({ count: 1, examples: [{ id: '3', label: 'spam' }] });
    expect(found?.differences.accuracy?.difference).toBeCloseTo(-0.4, 12);
  });

  it('are paired by their texts where rows were removed and ids are their numbers', async () => {
    const found = await compare(
      {
        0: ['ham', 'ham', 0.9, 'removed'],
        1: ['ham', 'ham', 0.9, 'one'],
        2: ['spam', 'ham', 0.9, 'twice'],
        3: ['spam', 'spam', 0.9, 'twice'],
        4: ['ham', 'ham', 0.9, 'of another label'],
      },
      {
        0: ['ham', 'spam', 0.9, 'one'],
        1: ['spam', 'spam', 0.9, 'twice'],
        2: ['spam', 'spam', 0.9, 'twice'],
        3: ['spam', 'spam', 0.9, 'of another label'],
      },
    );
    expect(found).toMatchObject({ examples: 3, onlyInFirst: 2, onlyInSecond: 1 });
    expect(found?.lost.examples).toMatchObject([{ id: '1', text: 'one' }]);
    expect(found?.won.examples).toMatchObject([{ text: 'twice' }]);
  });

  it('compare by the names of labels, in whatever order a model has them', async () => {
    const said: Readonly<Record<string, Said>> = {
      1: ['ham', 'ham'],
      2: ['spam', 'spam'],
      3: ['ham', 'spam'],
    };
    const found = await compare(said, said, ['spam', 'ham']);
    expect(found).toMatchObject({ examples: 3, lost: { count: 0 }, won: { count: 0 } });
    expect(found?.differences.auroc).toMatchObject({ difference: 0, pValue: 1 });
  });

  it('of other labels have no common figures but accuracy', async () => {
    const found = await compare({ 1: ['ham', 'ham'] }, { 1: ['ham', 'eggs'] }, ['ham', 'eggs', 'spam']);
    expect(found).toMatchObject({ examples: 1, differences: {}, lost: { count: 1 } });
  });

  it('that share no labelled example cannot be compared', async () => {
    expect(await compare({ 1: ['ham', 'ham'] }, { 2: ['ham', 'ham'] })).toBeUndefined();
    expect(await compare({ 1: [undefined, 'ham'] }, { 1: [undefined, 'ham'] })).toBeUndefined();
    expect(await compare({ 1: ['ham', 'ham'] }, { 1: ['spam', 'ham'] })).toBeUndefined();
  });

  it('give the same bytes every time', async () => {
    const said = (wrong: number): Readonly<Record<string, Said>> =>
      Object.fromEntries(
        Array.from({ length: 30 }, (_, id) => [
          id,
          [id % 2 ? 'ham' : 'spam', id % wrong ? 'ham' : 'spam', 0.7],
        ]),
      );
    expect(JSON.stringify(await compare(said(3), said(4)))).toBe(
      JSON.stringify(await compare(said(3), said(4))),
    );
  });
});

describe('runs', () => {
  it('differ in settings, wiring, seeds and files, each named once', async () => {
    const one = sampleRun('one', {
      train: {
        settings: { epochs: 2, split: { train: 0.8, test: 0.2 }, layers: [1, 2] },
        inputs: { model: ['base'] },
        traits: { version: 1, seed: 13, 'contents of path': 'aaa' },
      },
    });
    const two = sampleRun('two', {
      train: {
        settings: { epochs: 3, split: { train: 0.7, test: 0.2 }, layers: [1, 2], warmup: 0.1 },
        inputs: { model: ['frozen'] },
        traits: { version: 1, seed: 14, 'contents of path': 'bbb' },
      },
    });
    const { differences } = await compareRuns([one, two, one]);
    expect(differences).toEqual([
      { stage: 'train', what: 'setting', name: 'epochs', values: [2, 3, 2] },
      { stage: 'train', what: 'setting', name: 'split.train', values: [0.8, 0.7, 0.8] },
      { stage: 'train', what: 'setting', name: 'warmup', values: [undefined, 0.1, undefined] },
      { stage: 'train', what: 'input', name: 'model', values: ['base', 'frozen', 'base'] },
      { stage: 'train', what: 'trait', name: 'seed', values: [13, 14, 13] },
      { stage: 'train', what: 'trait', name: 'contents of path', values: ['aaa', 'bbb', 'aaa'] },
    ]);
  });

  it('differ in the settings of all stages, whichever stages are compared', async () => {
    const one = sampleRun('one', { train: { settings: { epochs: 2 } }, evaluate: { metrics: { f1: 0.5 } } });
    const two = sampleRun('two', { train: { settings: { epochs: 3 }, metrics: { loss: 1 } } });
    const { differences, figures } = await compareRuns([one, two], { stages: ['evaluate'] });
    expect(differences).toEqual([{ stage: 'train', what: 'setting', name: 'epochs', values: [2, 3] }]);
    expect(figures.map(({ name }) => name)).toEqual(['f1']);
  });

  it('say which stages only some of them have', async () => {
    const one = sampleRun('one');
    const { differences } = await compareRuns([one, { ...one, stages: one.stages.slice(0, 1) }]);
    expect(differences).toEqual([
      { stage: 'evaluate', what: 'stage', name: 'evaluate', values: ['evaluate', undefined] },
    ]);
  });

  it('are tested against the first, with a correction for several tests', async () => {
    const said = (wrong: readonly number[]): Readonly<Record<string, Said>> =>
      Object.fromEntries(
        Array.from({ length: 20 }, (_, id) => [id, ['ham', wrong.includes(id) ? 'spam' : 'ham'] as const]),
      );
    const run = async (id: string, wrong: readonly number[]) =>
      sampleRun(id, {
        evaluate: { outputs: predictionsOutput(await writeSaid(join(folder, id), said(wrong))) },
      });
    const runs = [await run('a', []), await run('b', [1, 2, 3, 4, 5, 6]), await run('c', [1, 2, 3])];
    const { tests } = await compareRuns(runs, { resamples: 20 });
    expect(tests.map(({ second, comparison }) => [second, comparison?.accuracy.onlyFirst])).toEqual([
      [1, 6],
      [2, 3],
    ]);
    expect(tests[0]?.comparison?.accuracy.pValue).toBeCloseTo(2 / 64, 12);
    expect(tests[0]?.adjustedPValue).toBeCloseTo(4 / 64, 12);
    expect(tests[1]?.adjustedPValue).toBeCloseTo(0.25, 12);
    const first = runs[0];
    if (first === undefined) throw new Error('there are three');
    expect((await compareRuns([first, first])).tests).toMatchObject([
      { same: true, comparison: { examples: 20 } },
    ]);
  });

  it('cost what their results took when they were made, whether that was in this run or before', async () => {
    const run = sampleRun('one', {
      train: { outcome: 'hit', costMs: 9000, metrics: { tokens: 70, train_tokens: 5, loss: 1 } },
    });
    const { costs } = await compareRuns([run, run]);
    expect(costs[0]).toEqual({
      computeMs: 10_000,
      savedMs: 9000,
      durationMs: 2500,
      tokens: { 'train.tokens': 70, 'train.train_tokens': 5 },
    });
  });
});

describe('figures', () => {
  const figure = (name: string, ...values: readonly number[]) => ({
    stage: 'evaluate',
    name,
    values,
    intervals: values.map(() => undefined),
  });

  it('that differ are shown, the leading ones where there are some', () => {
    const figures = [
      figure('recall', 1, 2),
      figure('accuracy', 1, 2),
      figure('macro_f1', 1, 2),
      figure('mcc', 1, 1),
    ];
    const names = (wish: Parameters<typeof chooseFigures>[1]) =>
      chooseFigures(figures, wish).shown.map(({ name }) => name);
    expect(names({ all: false })).toEqual(['macro_f1', 'accuracy']);
    expect(names({ all: true })).toHaveLength(4);
    expect(names({ all: false, metrics: ['evaluate.recall', 'mcc'] })).toEqual(['recall', 'mcc']);
  });

  it('of losses, errors and gaps are better when they are smaller', () => {
    for (const name of [
      'loss',
      'log_loss',
      'validation_loss',
      'expected_calibration_error',
      'forgetting',
      'perplexity',
    ])
      expect(isBetterWhenSmaller(name)).toBe(true);
    for (const name of ['accuracy', 'macro_f1', 'auroc']) expect(isBetterWhenSmaller(name)).toBe(false);
  });
});
