import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createDatasetWriter,
  type DatasetRow,
  openDataset,
  readLines,
  readRows,
} from '../../src/artifacts/dataset.js';

let folder: string;
let made = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-dataset-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function emptyFolder(): string {
  const path = join(folder, String(made++));
  mkdirSync(path);
  return path;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const rows: readonly DatasetRow[] = [
  {
    id: '0',
    text: 'a line\nbreak and "quotes"',
    label: 1,
    columns: { sender: 'x', score: 0.5, ok: true, gone: null },
  },
  { id: '1', text: 'pair', textPair: 'other', label: 0 },
  { id: '2', text: '\u2028 🙂 unlabelled' },
];
const description = {
  labels: ['ham', 'spam'],
  columns: ['sender'],
  pairs: true,
  statistics: { duplicates: 3 },
};

test('rows come back as they were written, with counts by label', async () => {
  const path = emptyFolder();
  const writer = createDatasetWriter(path);
  for (const row of rows) writer.write('train', row);
  const written = await writer.finish(description, ['train', 'test']);
  const dataset = await openDataset(path);
  expect(dataset).toEqual(written);
  expect(dataset).toMatchObject({
    ...description,
    splits: { train: { rows: 3, labelCounts: [1, 1] }, test: { rows: 0 } },
  });
  expect(await collect(readRows(dataset, 'train'))).toEqual(rows);
  expect(await collect(readRows(dataset, 'test'))).toEqual([]);
});

test('a split that does not exist is named together with those that do', async () => {
  const path = emptyFolder();
  const writer = createDatasetWriter(path);
  writer.write('train', { id: '0', text: 'x' });
  const dataset = await writer.finish({ ...description, labels: null });
  await expect(collect(readRows(dataset, 'validation'))).rejects.toMatchObject({
    details: { message: "the data set has no split 'validation'", found: 'train' },
  });
});

test('a broken row is reported with its line', async () => {
  const path = emptyFolder();
  const writer = createDatasetWriter(path);
  for (const row of rows) writer.write('train', row);
  const dataset = await writer.finish(description);
  const file = join(path, 'train.jsonl');
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"id": 4}\n`);
  await expect(collect(readRows(dataset, 'train'))).rejects.toMatchObject({ details: { line: 4 } });
});

test('lines longer than what is read at once, and characters at its borders, arrive whole', async () => {
  const path = join(emptyFolder(), 'lines');
  const lines = ['é'.repeat(300_001), '', 'x', '🙂'.repeat(200_000)];
  writeFileSync(path, lines.join('\n'));
  expect(await collect(readLines(path))).toEqual(lines);
});

test('a folder that holds no data set is a mistake of the user', async () => {
  await expect(openDataset(emptyFolder())).rejects.toMatchObject({ details: { code: 'file/missing' } });
});

test('a data set that is given up after it could not be finished keeps the first error', async () => {
  const path = emptyFolder();
  const writer = createDatasetWriter(path);
  writer.write('train', { id: '0', text: 'a' });
  mkdirSync(join(path, 'dataset.json'));
  await expect(writer.finish({ labels: null, columns: [], pairs: false, statistics: {} })).rejects.toThrow(
    'EISDIR',
  );
  expect(() => writer.abort()).not.toThrow();
});

test('a data set that is given up writes no more', () => {
  const path = emptyFolder();
  const writer = createDatasetWriter(path);
  writer.write('train', { id: '0', text: 'a' });
  writer.abort();
  expect(readFileSync(join(path, 'train.jsonl'), 'utf8')).toBe('');
});
