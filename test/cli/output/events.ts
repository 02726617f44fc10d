/** Events of made-up runs, for tests of what draws them. */
import type { RunEvent } from '../../../src/engine/events.js';
import type { ResultRecord } from '../../../src/engine/result-record.js';

/** A result with the fields that matter to the reader. */
export function record(fields: Partial<ResultRecord> = {}): ResultRecord {
  return {
    key: 'a'.repeat(64),
    stageType: 'train',
    fingerprint: {},
    outputs: {},
    metrics: {},
    warnings: [],
    durationMs: 83_000,
    finishedAt: '2026-01-01T00:00:00.000Z',
    versions: {},
    logTail: [],
    ...fields,
  };
}

/** A run of three stages of which one is cached, one trains and one is skipped because the training fails. */
export const failingRun: readonly RunEvent[] = [
  {
    time: 2,
    event: 'run-started',
    run: 'r1',
    recipe: 'spam-filter',
    profile: 'smoke',
    stages: [
      { name: 'mail', type: 'load-dataset', inputs: [] },
      { name: 'train', type: 'train', inputs: ['mail'] },
      { name: 'evaluate', type: 'evaluate', inputs: ['train'] },
    ],
  },
  { time: 10, event: 'stage-hit', stage: 'mail', record: record({ summary: '5,172 rows, 2 labels' }) },
  {
    time: 40,
    event: 'stage-started',
    stage: 'train',
    key: 'b'.repeat(64),
    reasons: [{ kind: 'setting', text: 'learning_rate 5e-5 -> 3e-5' }],
    resumed: false,
  },
  ...Array.from({ length: 60 }, (_, index) => ({
    time: 1_000 * (index + 1),
    event: 'stage-progress' as const,
    stage: 'train',
    progress: {
      done: index + 1,
      total: 100,
      unit: 'steps',
      values: { loss: 0.5, tokens_per_second: 2310 },
    },
  })),
  { time: 60_500, event: 'stage-log', stage: 'train', level: 'warning', message: 'loss is high' },
  {
    time: 61_000,
    event: 'stage-failed',
    stage: 'train',
    failure: { kind: 'user', message: 'the loss is NaN', found: 'NaN', help: 'lower the learning rate' },
  },
  { time: 61_001, event: 'stage-skipped', stage: 'evaluate', because: 'train' },
  {
    time: 61_002,
    event: 'run-finished',
    outcome: 'failed',
    counts: { hit: 1, done: 0, failed: 1, cancelled: 0, skipped: 1 },
    durationMs: 61_002,
  },
];

/** A run of one stage that ends well with metrics. */
export const shortRun: readonly RunEvent[] = [
  {
    time: 1,
    event: 'run-started',
    run: 'r2',
    recipe: 'tiny',
    stages: [{ name: 'evaluate', type: 'evaluate', inputs: [] }],
  },
  { time: 2, event: 'stage-started', stage: 'evaluate', key: 'c', reasons: [], resumed: false },
  {
    time: 900,
    event: 'stage-done',
    stage: 'evaluate',
    record: record({
      metrics: { macro_f1: 0.9812, examples: 1200 },
      summary: 'macro F1 0.981',
      durationMs: 880,
    }),
    sameAsBefore: false,
  },
  {
    time: 901,
    event: 'run-finished',
    outcome: 'done',
    counts: { hit: 0, done: 1, failed: 0, cancelled: 0, skipped: 0 },
    durationMs: 901,
  },
];
