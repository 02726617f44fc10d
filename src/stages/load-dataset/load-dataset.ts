import type { Static } from '@sinclair/typebox';
import { type SplitName, splitNames } from '../../artifacts/kinds.js';
import { UserError } from '../../artifacts/user-error.js';
import { type DatasetSource, loadDataset } from '../../data/load-dataset.js';
import { createRandom } from '../../data/random.js';
import { formatOf, type SourceFormat } from '../../data/read-source.js';
import { defineStage } from '../../plugin/define-stage.js';
import { type Scalar, type Settings, settings } from './load-dataset-settings.js';

export default defineStage({
  type: 'load-dataset',
  version: 1,
  summary: 'Reads texts with labels from files and divides them into splits',
  description: `Reads csv, tsv, jsonl, parquet, text files with one text a line, folders of text files and folders of e-mails. Files may be
larger than memory. Give either \`path\` and \`split\`, or \`files\` with one file for each split.

No text gets into two splits: of equal texts one is kept, and near-duplicates stay together. Rows with an empty text are
left out and counted. Everything that was left out stands in the statistics of \`dataset.json\`.`,
  settings,
  inputs: {},
  outputs: { dataset: { kind: 'dataset', description: 'The rows, one JSONL file per split.' } },
  seeded: true,
  sample: { limit: 200 },
  async run({ settings, outputs, seed, log, progress, signal }) {
    const sources = await findSources(settings);
    const labels = namedLabels(settings.labels);
    const isFolder = sources[0]?.format === 'folder' || sources[0]?.format === 'email';
    const id = settings.id ?? (isFolder && sources.length === 1 ? 'file' : undefined);
    const dataset = await loadDataset(outputs.dataset.path, {
      sources,
      mapping: {
        text: settings.text,
        ...(settings.text_pair === undefined ? {} : { textPair: settings.text_pair }),
        ...(settings.label === undefined ? {} : { label: settings.label }),
        ...(settings.group === undefined ? {} : { group: settings.group }),
        ...(id === undefined ? {} : { id }),
        keep: settings.keep,
      },
      ...(labels === undefined ? {} : { labels }),
      ratios: settings.split,
      ...(settings.where === undefined ? {} : { where: lists(settings.where) }),
      ...(settings.limit === undefined ? {} : { limit: settings.limit }),
      ...(settings.sample === undefined ? {} : { sample: settings.sample }),
      duplicates: settings.duplicates,
      nearDuplicates: settings.near_duplicates,
      brokenRows: settings.broken_rows,
      random: createRandom(seed).fork('load-dataset'),
      log,
      progress,
      signal,
    });
    const names = dataset.labels ?? [];
    const counts = splitNames.flatMap((name) => {
      const split = dataset.splits[name];
      return split === undefined ? [] : [{ name, rows: split.rows, labels: split.labelCounts ?? [] }];
    });
    const rows = counts.reduce((sum, split) => sum + split.rows, 0);
    const removed = Number(dataset.statistics.duplicates_removed ?? 0);
    return {
      metrics: {
        rows,
        ...Object.fromEntries(counts.map((split) => [`${split.name}_rows`, split.rows])),
        duplicates_removed: removed,
      },
      summary: `${rows.toLocaleString('en')} rows${names.length > 0 ? `, ${names.length} labels` : ''}${removed > 0 ? `, ${removed.toLocaleString('en')} duplicates removed` : ''}`,
      table: [
        ['split', 'rows', ...(names.length <= 12 ? names : [])],
        ...counts.map((split) => [split.name, split.rows, ...(names.length <= 12 ? split.labels : [])]),
      ],
    };
  },
});

async function findSources(settings: Settings): Promise<DatasetSource[]> {
  const { path, files } = settings;
  if ((path === undefined) === (files === undefined)) {
    throw new UserError({
      code: 'data/source',
      message:
        path === undefined
          ? 'load-dataset is told nothing to read'
          : 'load-dataset is given both path and files',
      expected: 'path: one file or folder, to be divided by split; or files: one for each split',
    });
  }
  if (files !== undefined && !isDefaultSplit(settings.split)) {
    throw new UserError({
      code: 'data/split-of-files',
      message: 'load-dataset is given both files and split',
      found: `files for ${Object.keys(files).join(', ')}, and shares`,
      expected: 'files, whose rows stay in their split; or path, whose rows split divides',
    });
  }
  const named: { readonly path: string; readonly split?: SplitName; readonly idPrefix?: string }[] = [];
  if (files !== undefined) {
    for (const split of splitNames) {
      const file = files[split];
      if (file !== undefined) named.push({ path: file, split, idPrefix: `${split}-` });
    }
  } else if (path !== undefined) {
    const paths = typeof path === 'string' ? [path] : path;
    for (const [index, one] of paths.entries()) {
      named.push({ path: one, ...(paths.length > 1 ? { idPrefix: `${index + 1}-` } : {}) });
    }
  }
  const needed = neededColumns(settings);
  return Promise.all(
    named.map(async (source): Promise<DatasetSource> => {
      const format: SourceFormat = settings.format ?? (await formatOf(source.path));
      return {
        ...source,
        format,
        encoding: settings.encoding,
        header: settings.header,
        ...(settings.columns === undefined ? {} : { columns: settings.columns }),
        ...(settings.quotes === undefined ? {} : { quotes: settings.quotes }),
        ...(settings.delimiter === undefined ? {} : { delimiter: settings.delimiter }),
        ...(settings.include === undefined ? {} : { include: settings.include }),
        ...(settings.exclude === undefined ? {} : { exclude: settings.exclude }),
        ...(settings.side_file === undefined ? {} : { sideFile: settings.side_file }),
        ...(needed === undefined ? {} : { needed }),
      };
    }),
  );
}

/** The columns that anything asks for; undefined when all are kept. */
function neededColumns(settings: Settings): readonly string[] | undefined {
  if (settings.keep === 'all') return undefined;
  const roles = [settings.text, settings.text_pair, settings.label, settings.group, settings.id];
  return [
    ...roles.filter((name) => name !== undefined),
    ...settings.keep,
    ...Object.keys(settings.where ?? {}),
  ];
}

/** Whether the shares are those that stand where a recipe says nothing. */
function isDefaultSplit(split: Settings['split']): boolean {
  const standard: Settings['split'] = settings.properties.split.default;
  return splitNames.every((name) => split[name] === standard[name]);
}

function namedLabels(
  labels: Settings['labels'],
): readonly string[] | Readonly<Record<string, readonly string[]>> | undefined {
  if (labels === undefined || Array.isArray(labels)) return labels;
  return Object.fromEntries(
    Object.entries(lists(labels)).map(([name, values]) => [name, values.map(String)]),
  );
}

type ScalarValue = Static<typeof Scalar>;

function lists(values: Readonly<Record<string, ScalarValue | ScalarValue[]>>): Record<string, ScalarValue[]> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value : [value]]),
  );
}
