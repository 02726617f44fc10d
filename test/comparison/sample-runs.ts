/** Made-up runs with predictions on disk, for tests of comparisons. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Prediction, writePredictions } from '../../src/artifacts/predictions.js';
import type { ComparedRun, ComparedStage } from '../../src/comparison/compared-run.js';

/** An example: true label, predicted label, probability of that, and a text other than that of its id. */
export type Said = readonly [
  label: string | undefined,
  predicted: string,
  probability?: number,
  text?: string,
];

const labels = ['ham', 'spam'];

/** Writes predictions by the id of the example. */
export async function writeSaid(
  folder: string,
  said: Readonly<Record<string, Said>>,
  order: readonly string[] = labels,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const predictions = Object.entries(said).map(
    ([id, [label, predicted, probability = 0.9, text]]): Prediction => {
      const at = order.indexOf(predicted);
      return {
        id,
        text: text ?? `text ${id}`,
        ...(label === undefined ? {} : { label: order.indexOf(label) }),
        predicted: at,
        probabilities: order.map((_, index) => (index === at ? probability : 1 - probability)),
      };
    },
  );
  await writePredictions(folder, order, predictions);
  return folder;
}

/** A run whose stages are an evaluation and a training. */
export function sampleRun(
  id: string,
  parts: { readonly evaluate?: Partial<ComparedStage>; readonly train?: Partial<ComparedStage> } = {},
): ComparedRun {
  const stage = (name: string, more: Partial<ComparedStage>): ComparedStage => ({
    name,
    type: name,
    outcome: 'done',
    settings: {},
    inputs: {},
    traits: { version: 1 },
    metrics: {},
    intervals: {},
    costMs: 1000,
    outputs: [],
    ...more,
  });
  return {
    id,
    label: id,
    name: 'spam',
    recipe: '/project/spam.yaml',
    outcome: 'done',
    durationMs: 2500,
    stages: [stage('train', parts.train ?? {}), stage('evaluate', parts.evaluate ?? {})],
  };
}

/** An evaluation's output. */
export function predictionsOutput(folder: string): ComparedStage['outputs'] {
  return [{ port: 'predictions', kind: 'predictions', digest: join(folder), folder }];
}
