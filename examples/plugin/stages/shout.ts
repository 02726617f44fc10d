/** A stage type of one's own: writes every text in capitals, with exclamation marks. */
import {
  createDatasetWriter,
  defineStage,
  openDataset,
  readRows,
  type SplitName,
  splitNames,
  Type,
  UserError,
} from 'roux';
import { shoutText } from './shout-text.js';

export default defineStage({
  type: 'shout',
  version: 1,
  summary: 'Writes every text in capitals, with exclamation marks',
  settings: Type.Object(
    {
      marks: Type.Integer({
        minimum: 0,
        maximum: 10,
        default: 1,
        description: 'Exclamation marks after each text',
      }),
      splits: Type.Array(
        Type.Union([Type.Literal('train'), Type.Literal('validation'), Type.Literal('test')]),
        {
          default: ['train', 'validation', 'test'],
          minItems: 1,
          description: 'The splits that are shouted; the others stay as they are',
        },
      ),
    },
    { additionalProperties: false },
  ),
  inputs: { dataset: { kind: 'dataset', description: 'The rows' } },
  outputs: { dataset: { kind: 'dataset', description: 'The same rows, louder' } },
  async run({ settings, inputs, outputs, signal, progress }) {
    const dataset = await openDataset(inputs.dataset.path);
    const existing = splitNames.filter((split) => dataset.splits[split] !== undefined);
    if (existing.length === 0) throw new UserError({ message: 'the data set has no rows to shout' });
    const loud = new Set<SplitName>(settings.splits);
    const writer = createDatasetWriter(outputs.dataset.path);
    let rows = 0;
    for (const split of existing) {
      for await (const row of readRows(dataset, split)) {
        signal.throwIfAborted();
        writer.write(split, loud.has(split) ? { ...row, text: shoutText(row.text, settings.marks) } : row);
        progress({ done: ++rows, unit: 'rows' });
      }
    }
    await writer.finish(dataset, existing);
    return { metrics: { rows }, summary: `${rows} rows` };
  },
});
