/** A made-up comparison of runs, with a sweep, for tests of pages. */
import { join } from 'node:path';
import { compareRuns } from '../../src/comparison/compare-runs.js';
import type { ComparedRun } from '../../src/comparison/compared-run.js';
import type { ComparedSweep } from '../../src/comparison/compared-sweep.js';
import type { ComparisonContent } from '../../src/report/comparison/comparison-content.js';
import { predictionsOutput, type Said, sampleRun, writeSaid } from '../comparison/sample-runs.js';
import { hostileText } from './sample-inputs.js';

/** Three runs, of which the second is better and the third hardly different, with their curves. */
export async function sampleComparison(folder: string): Promise<ComparisonContent> {
  const runs: ComparedRun[] = [];
  for (const [index, wrong] of [9, 30, 10].entries()) {
    const name = `run ${index}`;
    const said: Readonly<Record<string, Said>> = Object.fromEntries(
      Array.from({ length: 90 }, (_, id) => {
        const label = id % 3 === 0 ? 'spam' : 'ham';
        const other = label === 'spam' ? 'ham' : 'spam';
        return [`${id}${id === 9 ? hostileText : ''}`, [label, id % wrong === 9 ? other : label, 0.75]];
      }),
    );
    const run = sampleRun(name, {
      train: {
        settings: { learning_rate: [3e-4, 1e-3, 1e-4][index], freeze: `<b>${index}</b>` },
        outcome: index === 0 ? 'done' : 'hit',
        costMs: 100_000 + 20_000 * index,
        metrics: { validation_loss: 0.2 + index / 50, tokens: 158_676 },
      },
      evaluate: {
        metrics: { macro_f1: 0.9 + index / 50, accuracy: 0.91, log_loss: 0.3 - index / 50 },
        intervals: { macro_f1: { low: 0.88 + index / 50, high: 0.93 + index / 50, resamples: 1000 } },
        outputs: predictionsOutput(await writeSaid(join(folder, `run${index}`), said)),
      },
    });
    runs.push({ ...run, startedAt: '2026-01-31T09:15:00.000Z', label: index === 0 ? 'baseline' : name });
  }
  return {
    title: 'Three & more runs',
    description: 'Side by side.',
    comparison: await compareRuns(runs, { resamples: 100, examples: 3 }),
    curves: runs.map((_, run) => ({
      run,
      stage: 'train',
      rows: Array.from({ length: 120 }, (__, step) => ({
        step: step + 1,
        epoch: (step + 1) / 60,
        loss: 0.2 + 0.7 / (1 + step / (10 + 5 * run)),
        ...((step + 1) % 40 === 0 ? { validation: { loss: 0.4 - step / 600 + run / 50 } } : {}),
      })),
    })),
    sweep: sampleSweep(),
  };
}

function sampleSweep(): ComparedSweep {
  const trials = Array.from({ length: 18 }, (_, index) => {
    const rate = 1e-5 * 10 ** (((index * 7) % 18) / 8);
    const state = index === 5 ? 'failed' : index % 4 === 3 ? 'stopped' : 'done';
    return {
      number: index + 1,
      params: { learning_rate: rate, freeze: index % 3, pooling: index % 2 === 0 ? 'mean' : 'first' },
      state,
      ...(state === 'failed'
        ? {}
        : { value: 0.93 - 0.02 * Math.abs(Math.log10(rate) + 4) - (index % 3) / 200 }),
      runs: [{ budget: state === 'stopped' ? 1 : 3, durationMs: 40_000 }],
    };
  });
  return {
    id: 'spam-0123abcd',
    name: 'spam',
    method: 'tpe',
    goal: { stage: 'evaluate', metric: 'macro_f1', mode: 'max' },
    dimensions: [
      { name: 'learning_rate', log: true },
      { name: 'freeze', log: false },
      { name: 'pooling', log: false },
    ],
    budget: 'epochs',
    trials,
    best: 10,
  };
}
