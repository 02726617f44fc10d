/** Artifacts of a made-up run, written to a folder, for tests of the report. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatasetWriter } from '../../src/artifacts/dataset.js';
import { writeMetrics } from '../../src/artifacts/metrics.js';
import { writePredictions } from '../../src/artifacts/predictions.js';
import type { Provenance, ProvenanceStage } from '../../src/plugin/provenance.js';
import type { ReportInput, ReportInputs } from '../../src/report/read-content.js';
import { writeCurve } from '../../src/training/curve.js';

/** Text that would do harm if it were not escaped. */
export const hostileText = `<script>alert('1')</script> "quoted" & <img src=x onerror=alert(2)> \u001b[2J\u202eevil`;

/** Writes artifacts of every kind below `folder`; strengths give that many trainings with their forgetting. */
export async function writeSampleInputs(
  folder: string,
  strengths: readonly number[] = [0, 100, 1000],
): Promise<ReportInputs> {
  const stages = sampleStages(strengths);
  let count = 0;
  const artifact = async (
    kind: string,
    stage: string,
    port: string,
    write: (path: string) => Promise<unknown>,
  ): Promise<ReportInput> => {
    count += 1;
    const path = join(folder, `${count}-${kind}`);
    await mkdir(path, { recursive: true });
    await write(path);
    const provenance: Provenance = { format: 1, stage, port, stages: behind(stage, stages) };
    return { kind, path, digest: digest(count), provenance };
  };
  const evaluations = await inTurn(strengths, (_, index) =>
    artifact('metrics', `evaluate${index}`, 'metrics', (path) => writeMetrics(path, classification(index))),
  );
  const forgetting = await inTurn(strengths, (strength, index) =>
    artifact('metrics', `forgetting${index}`, 'metrics', (path) =>
      writeMetrics(path, {
        type: 'forgetting',
        metrics: {
          loss_before: 2.41,
          loss_after: 2.41 + 1.3 / (1 + strength / 100),
          forgetting: 1.3 / (1 + strength / 100),
        },
      }),
    ),
  );
  const audit = await artifact('metrics', 'audit', 'metrics', (path) => writeMetrics(path, biasAudit));
  return {
    metrics: [...evaluations, ...forgetting, audit],
    curves: [
      await artifact('curve', 'train0', 'curve', (path) =>
        writeCurve(
          path,
          Array.from({ length: 120 }, (_, index) => ({
            step: 5 * (index + 1),
            epoch: (index + 1) / 40,
            loss: 0.1 + 0.6 * Math.exp(-index / 25) + 0.02 * Math.sin(index),
            learning_rate: 5e-5 * Math.min(1, index / 12) * (1 - index / 120),
            ...((index + 1) % 40 === 0 && {
              validation: {
                loss: 0.12 + 0.3 * Math.exp(-index / 40),
                macro_f1: 0.9 + index / 1600,
                accuracy: 0.95,
              },
            }),
          })),
        ),
      ),
    ],
    predictions: [
      await artifact('predictions', 'evaluate0', 'predictions', (path) =>
        writePredictions(
          path,
          ['ham', 'spam'],
          [
            { id: '1', text: hostileText, label: 0, predicted: 1, probabilities: [0.03, 0.97] },
            { id: '2', text: 'Fine.', label: 0, predicted: 0, probabilities: [0.9, 0.1] },
            {
              id: '3',
              text: 'You have won a free holiday for two. '.repeat(40),
              label: 1,
              predicted: 0,
              probabilities: [0.8, 0.2],
            },
          ],
        ),
      ),
    ],
    datasets: [
      await artifact('dataset', 'mail', 'dataset', async (path) => {
        const writer = createDatasetWriter(path);
        for (let row = 0; row < 40; row += 1) {
          const split = row < 30 ? 'train' : row < 35 ? 'validation' : 'test';
          writer.write(split, { id: String(row), text: `mail ${row}`, label: row % 3 === 0 ? 1 : 0 });
        }
        await writer.finish({
          labels: ['ham', 'spam'],
          columns: [],
          pairs: false,
          statistics: { exact_duplicates_removed: 812, mean_characters: 1200 },
        });
      }),
    ],
    artifacts: [
      await artifact('export', 'export', 'export', async (path) => {
        await writeFile(join(path, 'model.onnx'), 'x'.repeat(5000));
        await writeFile(join(path, 'config.json'), '{}');
      }),
    ],
  };
}

/** The figures of a classifier with two labels. */
function classification(index: number): Parameters<typeof writeMetrics>[1] {
  return {
    type: 'classification',
    metrics: {
      accuracy: 0.986 - index / 1000,
      balanced_accuracy: 0.981,
      macro_f1: 0.9812 - index / 500,
      mcc: 0.962,
      auroc: 0.9987,
      log_loss: 0.0512,
      expected_calibration_error: 0.0081,
      micro_f1: 0.986,
      precision: 0.975,
    },
    intervals: {
      accuracy: { low: 0.979, high: 0.992, resamples: 1000 },
      macro_f1: { low: 0.972, high: 0.989, resamples: 1000 },
    },
    details: {
      labels: ['ham', 'spam <b>'],
      examples: 1034,
      positiveLabel: 'spam <b>',
      confusionMatrix: [
        [830, 7],
        [9, 188],
      ],
      perLabel: [
        { label: 'ham', precision: 0.989, recall: 0.992, f1: 0.99, support: 837, auroc: 0.998 },
        { label: 'spam <b>', precision: 0.964, recall: 0.954, f1: 0.959, support: 197, auroc: 0.998 },
      ],
      reliability: Array.from({ length: 15 }, (_, bin) => ({
        lower: bin / 15,
        upper: (bin + 1) / 15,
        count: bin < 7 ? 0 : 2 ** (bin - 5),
        meanConfidence: bin < 7 ? null : (bin + 0.5) / 15,
        accuracy: bin < 7 ? null : Math.min(1, (bin + 0.5) / 15 + (bin % 2 === 0 ? 0.05 : -0.04)),
      })),
      bootstrap: { resamples: 1000, confidence: 0.95 },
    },
  };
}

const biasAudit: Parameters<typeof writeMetrics>[1] = {
  type: 'bias-audit',
  metrics: { maximum_flip_rate: 0.021, maximum_equalized_odds_difference: 0.083 },
  intervals: {},
  details: {
    examples: 1034,
    labelled: 1034,
    counterfactual: [
      {
        name: 'gender',
        metrics: {
          examples: 412,
          variants: 530,
          flipRate: 0.021,
          meanAbsoluteShift: 0.013,
          maximumAbsoluteShift: 0.61,
          intervals: { flipRate: { low: 0.012, high: 0.033 }, meanAbsoluteShift: { low: 0.01, high: 0.02 } },
          directions: [
            {
              from: 'female',
              to: 'male',
              variants: 210,
              flipRate: 0.019,
              meanShift: -0.004,
              meanShiftInterval: { low: -0.01, high: 0.002 },
            },
            {
              from: 'male',
              to: 'female',
              variants: 320,
              flipRate: 0.022,
              meanShift: 0.006,
              meanShiftInterval: null,
            },
          ],
        },
        worst: [
          {
            id: '17',
            text: 'She said that her brother <b>owes</b> us money.',
            changedText: 'He said that his sister <b>owes</b> us money.',
            replacements: [],
            predicted: 'ham',
            changedPredicted: 'spam',
            flipped: true,
            shift: 0.61,
          },
        ],
      },
      { name: 'nationality', metrics: null, worst: [] },
    ],
    groups: [
      {
        name: 'identity',
        source: 'terms',
        comparisons: [
          {
            positiveLabel: 'spam',
            groups: [
              group('women', 180, 40, 0.21, 0.95, 0.02, []),
              group('men', 240, 60, 0.24, 0.97, 0.03, []),
              group('older people', 12, 2, 0.5, 1, 0.4, ['12 examples, at least 30 are needed']),
            ],
            compared: ['women', 'men'],
            leftOut: ['older people'],
            gaps: {
              demographicParityDifference: 0.03,
              equalizedOddsDifference: 0.083,
              demographicParityRatio: 0.875,
            },
            gapIntervals: { demographicParityDifference: { low: 0.001, high: 0.09 } },
          },
        ],
      },
    ],
  },
};

function group(
  name: string,
  count: number,
  positives: number,
  selectionRate: number,
  truePositiveRate: number,
  falsePositiveRate: number,
  tooSmall: readonly string[],
): object {
  const around = (value: number): object => ({
    low: Math.max(0, value - 0.05),
    high: Math.min(1, value + 0.05),
  });
  return {
    group: name,
    count,
    positives,
    negatives: count - positives,
    selectionRate,
    truePositiveRate,
    falsePositiveRate,
    accuracy: 0.97,
    auroc: 0.99,
    tooSmall,
    intervals:
      tooSmall.length > 0
        ? {}
        : {
            selectionRate: around(selectionRate),
            truePositiveRate: around(truePositiveRate),
            falsePositiveRate: around(falsePositiveRate),
          },
  };
}

function sampleStages(strengths: readonly number[]): readonly ProvenanceStage[] {
  let count = 1000;
  const stage = (
    name: string,
    type: string,
    inputs: Readonly<Record<string, readonly string[]>>,
    outputs: Readonly<Record<string, string>>,
    extra: Partial<ProvenanceStage> = {},
  ): ProvenanceStage => ({
    name,
    type,
    version: 1,
    key: digest(count++),
    settings: {},
    files: {},
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([port, from]) => [
        port,
        from.map((reference) => {
          const [source = '', part] = reference.split('.');
          return { stage: source, port: 'x', digest: digest(1), ...(part !== undefined && { part }) };
        }),
      ]),
    ),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([port, kind]) => [
        port,
        { kind, digest: digest(count++), bytes: 1234 * count },
      ]),
    ),
    metrics: {},
    ...extra,
  });
  return [
    stage(
      'mail',
      'load-dataset',
      {},
      { dataset: 'dataset' },
      {
        settings: {
          path: 'data/mail.tsv',
          text: 'message',
          label: 'label',
          split: { train: 0.8, test: 0.2 },
        },
        files: { '/path': digest(77) },
      },
    ),
    stage(
      'base',
      'load-model',
      {},
      { model: 'model' },
      { settings: { from: 'models/base' }, files: { '/from': digest(78) } },
    ),
    stage(
      'tokens',
      'tokenize',
      { dataset: ['mail'], model: ['base'] },
      { tokens: 'tokens' },
      { settings: { max_length: 128 } },
    ),
    stage(
      'frozen',
      'freeze-layers',
      { model: ['base'] },
      { model: 'model' },
      { settings: { freeze: ['embeddings', 'layers.0-2'] } },
    ),
    ...strengths.flatMap((strength, index) => [
      ...(strength === 0
        ? []
        : [
            stage(
              `memory${index}`,
              'ewc',
              { model: ['base'], tokens: ['tokens'] },
              { penalty: 'penalty' },
              {
                settings: { strength, samples: 512, fisher: 'exact' },
              },
            ),
          ]),
      stage(
        `train${index}`,
        'train',
        { model: ['frozen'], tokens: ['tokens'], penalties: strength === 0 ? [] : [`memory${index}`] },
        { model: 'model', curve: 'curve' },
        {
          settings: { epochs: 3, learning_rate: 5e-5, batch_size: 32, warmup: 0.1 },
          metrics: { loss: 0.05 },
          seed: 13,
        },
      ),
      stage(
        `evaluate${index}`,
        'evaluate',
        { model: [`train${index}`], tokens: ['tokens.test'] },
        { metrics: 'metrics', predictions: 'predictions' },
        {
          metrics: { macro_f1: 0.981 },
        },
      ),
      stage(
        `forgetting${index}`,
        'forgetting',
        { before: ['base'], after: [`train${index}`] },
        { metrics: 'metrics' },
        {
          metrics: { forgetting: 0.4 },
        },
      ),
    ]),
    stage(
      'audit',
      'bias-audit',
      { model: ['train0'], tokens: ['tokens'] },
      { metrics: 'metrics' },
      {
        metrics: { maximum_flip_rate: 0.021 },
      },
    ),
    stage('export', 'export', { model: ['train0'] }, { export: 'export' }),
  ];
}

function behind(name: string, stages: readonly ProvenanceStage[]): readonly ProvenanceStage[] {
  const wanted = new Set([name]);
  for (const stage of stages.toReversed()) {
    if (!wanted.has(stage.name)) continue;
    for (const input of Object.values(stage.inputs).flat()) wanted.add(input.stage);
  }
  return stages.filter((stage) => wanted.has(stage.name));
}

async function inTurn<Item, Value>(
  items: readonly Item[],
  make: (item: Item, index: number) => Promise<Value>,
): Promise<readonly Value[]> {
  const values: Value[] = [];
  for (const [index, item] of items.entries()) values.push(await make(item, index));
  return values;
}

function digest(number: number): string {
  return number.toString(16).padStart(8, '0').repeat(8);
}
