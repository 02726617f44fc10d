import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { readDelimited } from '../../src/data/delimited.js';
import { readJsonLines } from '../../src/data/json-lines.js';
import { formatOf, readSource, type SourceOptions } from '../../src/data/read-source.js';
import type { SourceItem } from '../../src/data/source-row.js';
import { decodeText, readText } from '../../src/data/text-decoding.js';

const fixtures = new URL('../fixtures/data/', import.meta.url).pathname;

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const result: Item[] = [];
  for await (const item of items) result.push(item);
  return result;
}

/** The text in pieces, cut where the numbers say, as a file may come. */
async function* pieces(text: string, cuts: readonly number[]): AsyncGenerator<string> {
  const places = [...new Set(cuts.map((cut) => (text.length === 0 ? 0 : cut % text.length)))].sort(
    (a, b) => a - b,
  );
  let from = 0;
  for (const place of [...places, text.length]) {
    if (place > from) yield text.slice(from, place);
    from = Math.max(from, place);
  }
}

const csv = { file: 'rows.csv', delimiter: ',', quotes: true, header: true };

async function read(
  content: string | Buffer,
  name: string,
  options: Partial<SourceOptions> = {},
): Promise<SourceItem[]> {
  const path = join(await mkdtemp(join(tmpdir(), 'roux-source-')), name);
  await writeFile(path, content);
  return collect(readSource({ path, format: await formatOf(path), ...options }));
}

function values(items: readonly SourceItem[]): unknown[] {
  return items.map((item) => (item.kind === 'row' ? item.values : item.problem));
}

describe('delimited text', () => {
  it('gives back what was written, wherever the file is cut into pieces', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ', '😀', '\t') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field), { minLength: 1 }),
        fc.array(fc.nat()),
        fc.constantFrom('\n', '\r\n', '\r'),
        async (rows, cuts, newline) => {
          const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
          const text = `first,second${newline}${rows.map((row) => row.map(quoted).join(',') + newline).join('')}`;
          const items = await collect(readDelimited(pieces(text, cuts), csv));
          expect(values(items)).toEqual(rows.map(([first, second]) => ({ first, second })));
        },
      ),
    );
  });

  it('numbers rows and the lines they begin in', async () => {
    const items = await read('a,b\n1,2\n"x\ny\n",3\n\n4,5', 'rows.csv');
    expect(items.map((item) => [item.row, item.kind === 'row' ? item.line : 0])).toEqual([
      [1, 2],
      [2, 3],
      [3, 7],
    ]);
  });

  it('recognizes UTF-16 without a byte order mark, and says what to set', async () => {
    const text = 'text,label\ngrüß dich,a\n';
    const orders: readonly (readonly [string, Buffer])[] = [
      ['utf-16le', Buffer.from(text, 'utf16le')],
      ['utf-16be', Buffer.from(text, 'utf16le').swap16()],
    ];
    for (const [encoding, bytes] of orders) {
      await expect(read(bytes, 'rows.csv')).rejects.toMatchObject({
        details: { code: 'data/encoding', help: `Set encoding: ${encoding}.` },
      });
      expect(values(await read(bytes, 'rows.csv', { encoding }))).toEqual([
        { text: 'grüß dich', label: 'a' },
      ]);
    }
  });

  it('takes quotes as text in tsv, and names columns as told', async () => {
    expect(values(await read('he said "no"\t1\n"open\t0\n', 'rows.tsv', { header: false }))).toEqual([
      { 1: 'he said "no"', 2: '1' },
      { 1: '"open', 2: '0' },
    ]);
    const options = { header: false, columns: ['text', 'label'], quotes: true };
    expect(values(await read('"a\tb"\t1\n', 'rows.tsv', options))).toEqual([{ text: 'a\tb', label: '1' }]);
  });

  it('describes rows with too many or too few fields, and goes on after them', async () => {
    const items = await read('text,label\nfine,1\nno label\na,b,c\nfine,0\n', 'rows.csv');
    expect(items.map((item) => item.kind)).toEqual(['row', 'broken', 'broken', 'row']);
    expect(items[1]).toMatchObject({
      problem: {
        message: 'Row 2 is broken: it has 1 field, not 2',
        found: 'no label',
        line: 3,
      },
    });
  });

  it('describes text after a closing quote', async () => {
    const items = await read('a,b\n"x" y,1\n2,3\n', 'rows.csv');
    expect(items.map((item) => item.kind)).toEqual(['broken', 'row']);
    expect(items[0]).toMatchObject({ problem: { line: 2, found: '"x" y,1 2,3 ' } });
  });

  it('says where a quote was opened that is never closed', async () => {
    await expect(read('a,b\n1,2\n"x,1\n2,3\n', 'rows.csv')).rejects.toMatchObject({
      details: { code: 'data/unclosed-quote', line: 3 },
    });
  });

  it('refuses a header with a repeated name and names columns without one by number', async () => {
    await expect(read('a,a\n1,2\n', 'rows.csv')).rejects.toThrow('"a" stands there twice');
    expect(values(await read(',text\n0,hello\n', 'rows.csv'))).toEqual([{ 1: '0', text: 'hello' }]);
  });
});

describe('JSON Lines', () => {
  it('gives back what was written, wherever the file is cut into pieces', async () => {
    const scalar = fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.string(), scalar)),
        fc.array(fc.nat()),
        async (rows, cuts) => {
          const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
          const items = await collect(readJsonLines(pieces(text, cuts), { file: 'rows.jsonl' }));
          expect(values(items)).toEqual(rows.map((row) => JSON.parse(JSON.stringify(row))));
        },
      ),
    );
  });

  it('describes lines that are no JSON objects, and keeps nested values as JSON', async () => {
    const items = await read('{"a":1}\n{"a":\n[1]\n\n{"a":{"b":[1]}}', 'rows.jsonl');
    expect(items.map((item) => item.kind)).toEqual(['row', 'broken', 'broken', 'row']);
    expect(items[1]).toMatchObject({
      problem: { message: 'Row 2 is broken: it is not valid JSON', line: 2 },
    });
    expect(items[3]).toMatchObject({ row: 4, line: 5, values: { a: '{"b":[1]}' } });
  });

  it('says so when the file is one JSON array', async () => {
    await expect(read('[\n{"a":1}\n]', 'rows.jsonl')).rejects.toThrow('holds one JSON array');
  });
});

describe('encodings', () => {
  it('follows byte order marks', async () => {
    const text = 'text\nCafé 東京\n';
    const little = Buffer.from(`\ufeff${text}`, 'utf16le');
    const expected = [{ text: 'Café 東京' }];
    expect(values(await read(`\ufeff${text}`, 'rows.csv'))).toEqual(expected);
    expect(values(await read(little, 'rows.csv'))).toEqual(expected);
    expect(values(await read(Buffer.from(little).swap16(), 'rows.csv'))).toEqual(expected);
  });

  it('names row, line and byte of what is no UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('text\nfine\nCaf'),
      Buffer.from([0xe9]),
      Buffer.from('!\nfine\n'),
    ]);
    const items = await read(bytes, 'rows.csv');
    expect(items.map((item) => item.kind)).toEqual(['row', 'broken', 'row']);
    expect(items[1]).toMatchObject({
      problem: {
        message: 'Row 2 is broken: the byte 0xE9 is not valid UTF-8',
        found: '0xE9 after "Caf"',
        line: 3,
      },
    });
    expect(values(await read(bytes, 'rows.csv', { encoding: 'windows-1252' }))).toContainEqual({
      text: 'Café!',
    });
    expect(values(await read(bytes, 'rows.csv', { encoding: 'latin1' }))).toContainEqual({ text: 'Café!' });
  });

  it('reads the quotes and dashes of windows-1252', () => {
    expect(decodeText(Buffer.from([0x93, 0x80, 0x96, 0x94]), 'cp1252')).toBe('“€–”');
  });

  it('decodes UTF-8 that is cut anywhere between reads', async () => {
    const text = 'aé東😀'.repeat(40_000);
    const path = join(await mkdtemp(join(tmpdir(), 'roux-source-')), 'long.txt');
    await writeFile(path, text);
    expect((await collect(readText(path))).join('')).toBe(text);
  });

  it('decodes every valid text as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/\p{Surrogate}/u.test(text) && !text.startsWith('\ufeff'));
        expect(decodeText(Buffer.from(text))).toBe(text);
      }),
    );
  });

  it('refuses an encoding that does not exist', async () => {
    await expect(read('x', 'rows.txt', { encoding: 'utf-9' })).rejects.toThrow(
      'roux knows no encoding "utf-9"',
    );
  });
});

describe('Parquet', () => {
  it.each(['snappy', 'zstd', 'none'])('is read with its types, compressed with %s', async (compression) => {
    const items = await collect(
      readSource({ path: join(fixtures, `rows-${compression}.parquet`), format: 'parquet' }),
    );
    expect(items.length).toBe(5);
    expect(items[1]).toEqual({
      kind: 'row',
      row: 2,
      values: {
        text: 'Café 東京',
        label: 1,
        big: 9007199254740991,
        score: 0.5,
        flag: false,
        day: '2024-02-29',
        missing: null,
      },
    });
  });

  it('reads only the columns that are needed, and says when a file is no Parquet', async () => {
    const path = join(fixtures, 'rows-snappy.parquet');
    const items = await collect(readSource({ path, format: 'parquet', needed: ['label', 'text', 'other'] }));
    expect(items[0]).toMatchObject({ values: { text: 'first', label: 0 } });
    await expect(read('text', 'rows.parquet')).rejects.toMatchObject({ details: { code: 'data/parquet' } });
  });
});

describe('folders and lines of text', () => {
  async function folder(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
    const root = await mkdtemp(join(tmpdir(), 'roux-folder-'));
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    return root;
  }

  it('gives one row a file, in the order of the paths, with the folder as a column', async () => {
    const path = await folder({
      'pos/2.txt': 'good',
      'neg/1.txt': 'bad',
      'pos/deep/3.txt': 'fine',
      '.hidden': 'x',
    });
    expect(values(await collect(readSource({ path, format: 'folder' })))).toEqual([
      { text: 'bad', file: 'neg/1.txt', folder: 'neg' },
      { text: 'good', file: 'pos/2.txt', folder: 'pos' },
      { text: 'fine', file: 'pos/deep/3.txt', folder: 'pos' },
    ]);
  });

  it('reads only what include and exclude let through', async () => {
    const path = await folder({ 'a/1.txt': '1', 'a/1.json': '{}', 'b/2.txt': '2', '3.txt': '3' });
    const files = async (options: Partial<SourceOptions>) =>
      (await collect(readSource({ path, format: 'folder', ...options }))).map((item) =>
        item.kind === 'row' ? item.values.file : '',
      );
    expect(await files({ include: ['*/*.txt'] })).toEqual(['a/1.txt', 'b/2.txt']);
    expect(await files({ include: ['**/*.{txt,json}'], exclude: ['b/**'] })).toEqual([
      '3.txt',
      'a/1.json',
      'a/1.txt',
    ]);
    await expect(files({ include: ['*.md'] })).rejects.toThrow('No file of this folder matches');
  });

  it('adds the columns of a side file', async () => {
    const path = await folder({ '1.txt': 'one', '2.txt': 'two', '3.txt': 'three' });
    const sideFile = join(await folder({ 'labels.csv': 'file,label\n1.txt,a\n2.txt,b\n' }), 'labels.csv');
    const items = await collect(readSource({ path, format: 'folder', sideFile }));
    expect(items[0]).toMatchObject({ values: { text: 'one', label: 'a' } });
    expect(items[2]).toMatchObject({
      kind: 'broken',
      problem: { message: 'Row 3 is broken: the side file says nothing about it' },
    });
  });

  it('takes one text a line, without empty lines', async () => {
    expect(values(await read('one\r\n\r\ntwo', 'rows.txt'))).toEqual([{ text: 'one' }, { text: 'two' }]);
  });

  it('says what is missing or of another kind', async () => {
    const path = await folder({ 'a.txt': 'x' });
    await expect(collect(readSource({ path: join(path, 'b.csv'), format: 'csv' }))).rejects.toThrow(
      'There is no such file',
    );
    await expect(collect(readSource({ path, format: 'csv' }))).rejects.toThrow('A csv source is a file');
    await expect(collect(readSource({ path: join(path, 'a.txt'), format: 'email' }))).rejects.toThrow(
      UserError,
    );
    await expect(formatOf(join(await folder({ 'a.xyz': '' }), 'a.xyz'))).rejects.toThrow(
      'The format of this file',
    );
  });
});
