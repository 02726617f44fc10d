import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { UserError } from '../../artifacts/user-error.js';
import { defineStage } from '../../plugin/define-stage.js';
import { readReportContent } from '../../report/read-content.js';
import { renderReport } from '../../report/render-report.js';
import { readWiredInputs } from './read-inputs.js';

export default defineStage({
  type: 'report',
  version: 1,
  summary: 'Writes one self-contained HTML page with everything that was measured',
  description: `The page needs no network and runs no script: the recipe's graph, settings, loss curves, metrics with intervals, confusion
matrix, reliability, forgetting, bias charts with counts, wrongly classified examples and the digests of everything.
Whatever is wired is shown, and nothing else; texts of the data are part of the page unless \`examples\` is 0.

Where several forgetting measurements are wired whose models were trained with penalties of different strength, their
curve over the strengths is drawn.`,
  settings: Type.Object(
    {
      title: Type.String({ default: 'Report', description: 'The heading of the page.' }),
      description: Type.String({ default: '', description: 'A sentence or two below the heading.' }),
      headline: Type.Array(Type.String(), {
        default: [],
        description: 'Figures to show largest, by name: `[macro_f1]`; empty: chosen by what was measured.',
      }),
      examples: Type.Integer({
        default: 12,
        minimum: 0,
        maximum: 1000,
        description: 'Wrongly classified examples to show; 0 keeps all texts of predictions out of the page.',
      }),
    },
    { additionalProperties: false },
  ),
  inputs: {
    metrics: {
      kind: 'metrics',
      many: true,
      optional: true,
      description: 'Metrics of evaluate, forgetting, bias-audit or a plugin.',
    },
    curves: { kind: 'curve', many: true, optional: true, description: 'Loss curves: `train.curve`.' },
    predictions: {
      kind: 'predictions',
      many: true,
      optional: true,
      description: 'Predictions, for the list of errors: `evaluate.predictions`.',
    },
    datasets: { kind: 'dataset', many: true, optional: true, description: 'Data sets to describe.' },
    artifacts: {
      kind: ['model', 'export', 'tokens', 'tokenizer', 'penalty'],
      many: true,
      optional: true,
      description: 'Anything else whose files and history belong into the report.',
    },
  },
  outputs: { report: { kind: 'report', description: 'The page, `report.html`.' } },
  provenance: true,
  async run({ settings, inputs, outputs }) {
    if (Object.values(inputs).every((wired) => wired.length === 0)) {
      throw new UserError({
        code: 'report/empty',
        message: 'there is nothing to report',
        found: 'no wired input',
        expected: 'at least one of metrics, curves, predictions, datasets, artifacts',
        help: 'wire what the page shall show: in: { metrics: [evaluate], curves: [train.curve] }',
      });
    }
    const content = await readReportContent(await readWiredInputs(inputs), settings);
    const page = await renderReport(content);
    await writeFile(join(outputs.report.path, 'report.html'), page);
    const kilobytes = Math.ceil(Buffer.byteLength(page) / 1000);
    return { summary: `one page, ${kilobytes} kB` };
  },
});
