import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DatasetRow, openDataset, readRows } from '../../src/artifacts/dataset.js';
import { splitNames } from '../../src/artifacts/kinds.js';
import { type LoadDatasetOptions, loadDataset } from '../../src/data/load-dataset.js';
import { createRandom } from '../../src/data/random.js';
import { normalizeForComparison } from '../../src/data/text-hash.js';

const mapping = { text: 'text', label: 'label', keep: [] };
const ratios = { train: 0.6, validation: 0.2, test: 0.2 };

interface Loaded {
  readonly folder: string;
  readonly rows: Readonly<Record<string, readonly DatasetRow[]>>;
  readonly labels: readonly string[] | null;
  readonly statistics: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

interface Case extends Partial<LoadDatasetOptions> {
  readonly seed?: number;
}

async function load(files: string | Readonly<Record<string, string>>, options: Case = {}): Promise<Loaded> {
  const root = await mkdtemp(join(tmpdir(), 'roux-load-'));
  const folder = join(root, 'dataset');
  await mkdir(folder);
  const warnings: string[] = [];
  const given = typeof files === 'string' ? { '': files } : files;
  const sources: LoadDatasetOptions['sources'][number][] = [];
  for (const [name, content] of Object.entries(given)) {
    const path = join(root, `rows${name}.csv`);
    await writeFile(path, content);
    const split = splitNames.find((known) => known === name);
    sources.push({ path, format: 'csv', ...(split === undefined ? {} : { split, idPrefix: `${name}-` }) });
  }
  await loadDataset(folder, {
    sources,
    mapping,
    ratios,
    random: createRandom(options.seed ?? 1),
    log: { info() {}, warning: (message) => warnings.push(message) },
    ...options,
  });
  const dataset = await openDataset(folder);
  const rows: Record<string, DatasetRow[]> = {};
  for (const split of splitNames) {
    if (dataset.splits[split] === undefined) continue;
    rows[split] = [];
    for await (const row of readRows(dataset, split)) rows[split].push(row);
  }
  return { folder, rows, labels: dataset.labels, statistics: dataset.statistics, warnings };
}

const csv = (rows: readonly (readonly string[])[], header = 'text,label'): string =>
  `${header}\n${rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')).join('\n')}\n`;

const words = (index: number): string =>
  `number ${index.toString(2).padStart(8, 'ab')} ${'xyzuvw'.charAt(index % 6).repeat(9)}`;
const many = (count: number): string[][] =>
  Array.from({ length: count }, (_, index) => [words(index), index % 3 === 0 ? 'spam' : 'ham']);

describe('loading a data set', () => {
  it('maps columns, sorts labels, numbers rows and divides them', async () => {
    const { rows, labels } = await load(csv(many(50)), { nearDuplicates: false });
    expect(labels).toEqual(['ham', 'spam']);
    expect([rows.train?.length, rows.validation?.length, rows.test?.length]).toEqual([30, 10, 10]);
    const all = Object.values(rows).flat();
    expect(all.map((row) => Number(row.id)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    for (const row of all) {
      const index = Number(row.id) - 1;
      expect(row).toEqual({ id: row.id, text: words(index), label: index % 3 === 0 ? 1 : 0 });
    }
  });

  it('never lets equal texts into two splits, and is the same for the same seed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom('a', 'A ', 'b', ' b', 'c c', 'C  c', 'd', 'e', 'f', 'g'),
            fc.constantFrom('x', 'y'),
          ),
          {
            minLength: 30,
            maxLength: 60,
          },
        ),
        fc.nat(),
        fc.constantFrom('remove' as const, 'keep' as const),
        async (table, seed, duplicates) => {
          const content = csv([
            ...table,
            ['anchor one', 'x'],
            ['other two', 'y'],
            ['third text', 'x'],
            ['last', 'y'],
          ]);
          const options = { seed, duplicates, ratios: { train: 0.5, test: 0.5 } };
          const first = await load(content, options);
          const second = await load(content, options);
          const texts = (split: string) =>
            new Set((first.rows[split] ?? []).map((row) => normalizeForComparison(row.text)));
          expect([...texts('train')].filter((text) => texts('test').has(text))).toEqual([]);
          if (duplicates === 'remove') {
            const all = Object.values(first.rows)
              .flat()
              .map((row) => normalizeForComparison(row.text));
            expect(new Set(all).size).toBe(all.length);
          }
          for (const file of ['dataset.json', 'train.jsonl', 'test.jsonl']) {
            expect(await readFile(join(first.folder, file), 'utf8')).toBe(
              await readFile(join(second.folder, file), 'utf8'),
            );
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('warns of groups that given splits divide', async () => {
    const threads = (name: string): string =>
      csv(
        many(6).map(([text = '', label = ''], index) => [`${text} ${name}`, label, index < 2 ? 'a' : name]),
        'text,label,thread',
      );
    const { warnings } = await load(
      { train: threads('train'), test: threads('test') },
      { mapping: { ...mapping, group: 'thread' }, nearDuplicates: false },
    );
    expect(warnings).toEqual([expect.stringMatching(/^4 rows are of groups that the given files divide/)]);
  });

  it('keeps near-duplicates and groups in one split', async () => {
    const template = (name: string) =>
      `Dear ${name}, we are pleased to tell you that your parcel has arrived and waits for you at the station downtown.`;
    const table = Array.from({ length: 40 }, (_, index) => [
      template(`guest ${String.fromCharCode(97 + index)}`),
      'ham',
    ]);
    const near = await load(csv([...table, ...many(60)]));
    const splits = Object.entries(near.rows).filter(([, rows]) =>
      rows.some((row) => row.text.startsWith('Dear')),
    );
    expect(splits.length).toBe(1);
    const grouped = await load(
      csv(
        many(60).map((row, index) => [...row, String(index % 12)]),
        'text,label,thread',
      ),
      {
        mapping: { ...mapping, group: 'thread', keep: ['thread'] },
        nearDuplicates: false,
      },
    );
    const threads = Object.values(grouped.rows).map(
      (rows) => new Set(rows.map((row) => row.columns?.thread)),
    );
    expect(threads.reduce((sum, set) => sum + set.size, 0)).toBe(12);
  });

  it('takes given splits, and keeps the test copy of a text that is in several', async () => {
    const { rows, statistics } = await load({
      train: csv([
        ['same', 'a'],
        ['one', 'a'],
        ['two', 'b'],
      ]),
      test: csv([
        ['Same', 'a'],
        ['three', 'b'],
      ]),
    });
    expect(rows.train?.map((row) => row.text)).toEqual(['one', 'two']);
    expect(rows.test?.map((row) => row.id)).toEqual(['test-1', 'test-2']);
    expect(statistics.duplicates_removed).toBe(1);
  });

  it('reports equal texts with different labels', async () => {
    const { warnings, statistics } = await load(csv([['x', 'ham'], ['X', 'spam'], ...many(20)]), {
      nearDuplicates: false,
    });
    expect(statistics.duplicates_with_conflicting_labels).toBe(1);
    expect(warnings).toContain('1 text occurs with different labels; the first occurrence was kept');
  });

  it('draws a limited number of rows, each label in proportion', async () => {
    const { rows } = await load(csv(many(90)), { limit: 30, nearDuplicates: false });
    const all = Object.values(rows).flat();
    expect(all.length).toBe(30);
    expect(all.filter((row) => row.label === 1).length).toBe(10);
  });

  it('filters rows, and leaves empty texts out with a word about it', async () => {
    const table = many(40).map((row, index) => [...row, index < 30 ? 'en' : 'de']);
    const { rows, statistics, warnings } = await load(
      csv([...table, [' ', 'ham', 'en']], 'text,label,language'),
      {
        where: { language: ['en'] },
        nearDuplicates: false,
      },
    );
    expect(Object.values(rows).flat().length).toBe(30);
    expect(statistics).toMatchObject({ rows_read: 41, rows_filtered_out: 10, rows_empty: 1 });
    expect(warnings).toContain('1 of 41 rows have an empty text and were left out');
  });

  it('gives labels the names and the order it is told', async () => {
    const table = many(30).map(([text = ''], index) => [text, String(index % 2)]);
    expect((await load(csv(table), { labels: ['negative', 'positive'] })).labels).toEqual([
      'negative',
      'positive',
    ]);
    const folders = many(30).map(([text = ''], index) => [
      text,
      ['easy-ham-1', 'hard-ham-1', 'spam-2'][index % 3] ?? '',
    ]);
    const { rows, labels } = await load(csv(folders), {
      labels: { spam: ['spam-*'], ham: ['easy-ham-*', 'hard-ham-1'] },
      nearDuplicates: false,
    });
    expect(labels).toEqual(['spam', 'ham']);
    expect(
      Object.values(rows)
        .flat()
        .filter((row) => row.label === 0).length,
    ).toBe(10);
    const numbers = many(30).map(([text = ''], index) => [text, String(index % 12)]);
    expect((await load(csv(numbers), { nearDuplicates: false })).labels?.slice(8)).toEqual([
      '8',
      '9',
      '10',
      '11',
    ]);
  });

  it('makes the same data set whether rows fit into memory or are read again', async () => {
    const long = 'lorem ipsum '.repeat(3000);
    const table = Array.from({ length: 1000 }, (_, index) => [
      `${index.toString(36)}: ${long}`,
      index % 2 === 0 ? 'a' : 'b',
    ]);
    const large = await load(csv(table), { nearDuplicates: false });
    const all = Object.values(large.rows).flat();
    expect(all.length).toBe(1000);
    for (const row of all) expect(row.text).toBe(table[Number(row.id) - 1]?.[0]);
  });
});

describe('data that cannot be loaded', () => {
  it.each<[string, string | Record<string, string>, Case, string]>([
    ['an empty file', 'text,label\n', {}, 'data/empty'],
    ['texts that are all empty', csv([[' ', 'a']]), {}, 'data/empty'],
    [
      'one label only',
      csv([
        ['x', 'a'],
        ['y', 'a'],
        ['z', 'a'],
      ]),
      {},
      'data/one-class',
    ],
    ['a broken row', 'text,label\na\n', {}, 'data/broken-row'],
    ['a missing column', csv(many(5)), { mapping: { ...mapping, text: 'message' } }, 'data/no-column'],
    ['a filter on a missing column', csv(many(5)), { where: { language: ['en'] } }, 'data/no-column'],
    [
      'a row without a label',
      csv([
        ['x', 'a'],
        ['y', ''],
      ]),
      {},
      'data/broken-row',
    ],
    ['a label without a name', csv(many(5)), { labels: ['ham', 'eggs'] }, 'data/unknown-label'],
    [
      'a repeated id',
      csv(
        [
          ['x', 'a', '1'],
          ['y', 'b', '1'],
        ],
        'text,label,id',
      ),
      { mapping: { ...mapping, id: 'id' } },
      'data/repeated-id',
    ],
    [
      'an empty id',
      csv(
        [
          ['x', 'a', '1'],
          ['y', 'b', ' '],
        ],
        'text,label,id',
      ),
      { mapping: { ...mapping, id: 'id' } },
      'data/broken-row',
    ],
    [
      'a missing column where the first row is not taken',
      csv(many(5)),
      { mapping: { ...mapping, id: 'id' }, where: { text: [many(5)[2]?.[0] ?? ''] } },
      'data/no-column',
    ],
    [
      'a split without rows',
      csv(many(3)),
      { ratios: { train: 0.98, validation: 0.01, test: 0.01 } },
      'data/empty-split',
    ],
    ['a given split without rows', { train: csv(many(6)), test: 'text,label\n' }, {}, 'data/empty-split'],
  ])('is described: %s', async (_, content, options, code) => {
    await expect(load(content, options)).rejects.toMatchObject({ name: 'UserError', details: { code } });
  });

  it('warns of labels that no row of the train split has', async () => {
    const labelled = (label: string) =>
      csv(many(6).map(([text = ''], index) => [text, index < 3 ? 'a' : label]));
    const { warnings } = await load({ train: labelled('b'), test: csv([['another text', 'c']]) });
    expect(warnings).toEqual([
      '1 of 3 labels have rows, but none in the train split, so they cannot be learned: "c"',
    ]);
    expect((await load(csv(many(20)))).warnings).toEqual([]);
  });

  it('names the line of the header where a column is missing', async () => {
    const missing = load('\ntext,label\n"x\ny",a\n', { mapping: { ...mapping, text: 'message' } });
    await expect(missing).rejects.toMatchObject({ details: { code: 'data/no-column', line: 2 } });
  });

  it('names the line of a row with an unknown label', async () => {
    await expect(load('text,label\nx,a\n"y\ny",b\nz,c\n', { labels: ['a', 'b'] })).rejects.toMatchObject({
      details: { code: 'data/unknown-label', line: 5 },
    });
  });

  it('names both rows of a repeated id, and their files', async () => {
    const ids = (first: number): string =>
      csv(
        many(3).map(([text = '', label = ''], index) => [`${text} ${first}`, label, String(first + index)]),
        'text,label,id',
      );
    const loading = load({ train: ids(0), test: ids(2) }, { mapping: { ...mapping, id: 'id' } });
    await expect(loading).rejects.toMatchObject({
      message: expect.stringMatching(/^Row 1 has the same id as row 3 of .*rowstrain\.csv/),
      details: { found: '"2"', file: expect.stringContaining('rowstest.csv') },
    });
  });

  it('is left out and counted when broken rows are to be skipped', async () => {
    const { statistics, warnings, rows } = await load(`${csv(many(30))}only one field\n"x",\n`, {
      brokenRows: 'skip',
      nearDuplicates: false,
    });
    expect(Object.values(rows).flat().length).toBe(30);
    expect(statistics.rows_broken).toBe(2);
    expect(warnings.at(-1)).toBe('2 of 32 rows are broken and were left out');
  });
});
