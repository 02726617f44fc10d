/** A stage for benchmarks: what can be learnt from a few of the training examples? */
import {
  createDatasetWriter,
  createRandom,
  type DatasetRow,
  defineStage,
  openDataset,
  readRows,
  splitNames,
  Type,
} from 'roux';

export default defineStage({
  type: 'fewer-examples',
  version: 1,
  summary: 'Keeps some of the training examples, drawn at random; the other splits stay as they are',
  settings: Type.Object({
    train: Type.Integer({ minimum: 1, description: 'Examples of the training split to keep.' }),
  }),
  inputs: { dataset: { kind: 'dataset', description: 'All examples.' } },
  outputs: { dataset: { kind: 'dataset', description: 'Fewer.' } },
  seeded: true,
  async run({ settings, inputs, outputs, seed }) {
    const dataset = await openDataset(inputs.dataset.path);
    const writer = createDatasetWriter(outputs.dataset.path);
    for (const split of splitNames) {
      if (dataset.splits[split] === undefined) continue;
      const rows: DatasetRow[] = [];
      for await (const row of readRows(dataset, split)) rows.push(row);
      const kept =
        split === 'train' ? createRandom(seed).fork('examples').shuffle(rows).slice(0, settings.train) : rows;
      for (const row of kept) writer.write(split, row);
    }
    const { labels, columns, pairs } = dataset;
    await writer.finish({ labels, columns, pairs, statistics: {} });
    return { metrics: { train_rows: settings.train }, summary: `${settings.train} training examples` };
  },
});
