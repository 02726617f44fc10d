import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TObject } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/artifacts/dataset.js';
import { openTokens, readExampleIds, readTokens } from '../../src/artifacts/tokens.js';
import { loadTokenizer } from '../../src/data/tokenizer.js';
import { createValidator } from '../../src/plugin/compile-validator.js';
import type {
  InputArtifact,
  InputPort,
  OutputPort,
  StageDefinition,
  StageResult,
} from '../../src/plugin/define-stage.js';
import loadDatasetStage from '../../src/stages/load-dataset/load-dataset.js';
import tokenizeStage from '../../src/stages/tokenize/tokenize.js';
import trainTokenizerStage from '../../src/stages/train-tokenizer/train-tokenizer.js';

interface Ran {
  readonly path: string;
  readonly result: StageResult | undefined;
  readonly warnings: readonly string[];
}

/** Runs a stage with one output as the engine would: defaults filled in, settings checked, an empty folder to write to. */
async function run<
  Settings extends TObject,
  Inputs extends Readonly<Record<string, InputPort>>,
  Outputs extends Readonly<Record<string, OutputPort>>,
>(
  stage: StageDefinition<Settings, Inputs, Outputs>,
  settings: Readonly<Record<string, unknown>>,
  inputs: Readonly<Record<string, string | { readonly path: string; readonly part: string }>> = {},
): Promise<Ran> {
  const filled = structuredClone(settings);
  const validate = createValidator(JSON.parse(JSON.stringify(stage.settings)));
  expect(validate(filled) ? [] : validate.errors).toEqual([]);
  const [output] = Object.entries(stage.outputs);
  if (output === undefined) throw new Error('the stage has no output');
  const [name, { kind }] = output;
  const path = await mkdtemp(join(tmpdir(), 'roux-stage-'));
  const warnings: string[] = [];
  const artifacts = Object.entries(inputs).map(([port, input]): [string, InputArtifact] => {
    const where = typeof input === 'string' ? { path: input } : input;
    return [port, { kind: port, digest: '', reference: port, ...where }];
  });
  // The types of the ports are the stage's own; this helper is for all of them.
  const context = {
    settings: filled,
    inputs: Object.fromEntries(artifacts),
    outputs: { [name]: { kind, path } },
    seed: 7,
    runtime: { name: 'cpu', threads: 1 },
    signal: new AbortController().signal,
    log: { info() {}, warning: (message: string) => warnings.push(message) },
    progress() {},
    scratch: path,
  } as unknown as Parameters<typeof stage.run>[0];
  return { path, result: await stage.run(context), warnings };
}

async function file(name: string, content: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'roux-data-')), name);
  await writeFile(path, content);
  return path;
}

const sentences = (await readFile(new URL('../fixtures/tokenizer/corpus.txt', import.meta.url), 'utf8'))
  .split(/(?<=[.!?;])\s+/)
  .filter((sentence) => sentence.length > 20);
const csv = sentences.map(
  (text, index) => `"${text.replaceAll('"', '""')}",${index % 2 === 0 ? 'a' : 'b'}\n`,
);

describe('the stage load-dataset', () => {
  it('reads a file, divides it and tells what it has', async () => {
    const { path, result } = await run(loadDatasetStage, {
      path: await file('rows.csv', `text,label\n${csv.join('')}`),
      label: 'label',
    });
    const dataset = await openDataset(path);
    expect(dataset.labels).toEqual(['a', 'b']);
    expect(Object.keys(dataset.splits)).toEqual(['train', 'validation', 'test']);
    expect(result?.metrics?.rows).toBe(
      Object.values(dataset.splits).reduce((sum, split) => sum + split.rows, 0),
    );
    expect(result?.table?.[0]).toEqual(['split', 'rows', 'a', 'b']);
  });

  it('takes a file for each split', async () => {
    const files = {
      train: await file('train.tsv', 'one\t0\ntwo\t1\n'),
      test: await file('test.tsv', 'three\t0\nfour\t1\n'),
    };
    const settings = { files, header: false, columns: ['text', 'y'], label: 'y', labels: ['no', 'yes'] };
    const dataset = await openDataset((await run(loadDatasetStage, settings)).path);
    expect(dataset.labels).toEqual(['no', 'yes']);
    expect(dataset.splits).toEqual({
      train: { rows: 2, labelCounts: [1, 1] },
      test: { rows: 2, labelCounts: [1, 1] },
    });
  });

  it('reads several files one after the other, and folders by their names', async () => {
    const one = await file('one.txt', sentences.slice(0, 20).join('\n'));
    const two = await file('two.txt', sentences.slice(20, 40).join('\n'));
    const lines = await run(loadDatasetStage, { path: [one, two], split: { train: 1 } });
    const rows = (await readFile(join(lines.path, 'train.jsonl'), 'utf8')).split('\n');
    expect(JSON.parse(rows[0] ?? '')).toMatchObject({ id: '1-1' });
    expect(JSON.parse(rows.at(-2) ?? '')).toMatchObject({ id: expect.stringMatching(/^2-/) });

    const root = await mkdtemp(join(tmpdir(), 'roux-data-'));
    for (const [index, sentence] of sentences.slice(0, 30).entries()) {
      const folder = join(root, index % 3 === 0 ? 'spam' : 'ham');
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${index}.txt`), sentence);
    }
    const folder = await openDataset((await run(loadDatasetStage, { path: root, label: 'folder' })).path);
    expect(folder.labels).toEqual(['ham', 'spam']);
    expect(await readFile(join(folder.path, 'test.jsonl'), 'utf8')).toMatch(/^\{"id":"(ham|spam)\/\d+\.txt"/);
  });

  it('describes contradicting settings', async () => {
    const path = await file('rows.txt', 'one\ntwo\n');
    await expect(run(loadDatasetStage, {})).rejects.toThrow('told nothing to read');
    await expect(run(loadDatasetStage, { path, files: { train: path } })).rejects.toThrow(
      'both path and files',
    );
    const split = { train: 0.5, test: 0.5 };
    await expect(run(loadDatasetStage, { files: { train: path }, split })).rejects.toThrow(
      'both files and split',
    );
  });
});

describe('the stages train-tokenizer and tokenize', async () => {
  const dataset = (
    await run(loadDatasetStage, {
      path: await file('rows.csv', `text,label\n${csv.join('')}`),
      label: 'label',
    })
  ).path;
  const trained = await run(trainTokenizerStage, { vocabulary_size: 500 }, { dataset });

  it('make a tokenizer of the size that was asked for', async () => {
    const tokenizer = await loadTokenizer(trained.path);
    expect(tokenizer.vocabularySize).toBe(500);
    expect(trained.result?.metrics).toMatchObject({ vocabulary_size: 500 });
    const large = await run(trainTokenizerStage, { vocabulary_size: 100_000 }, { dataset });
    expect(large.warnings[0]).toMatch(/fewer than vocabulary_size/);
  });

  it('truncate to max_length and keep label, row and id of every text', async () => {
    const { path, result } = await run(
      tokenizeStage,
      { max_length: 16 },
      { dataset, tokenizer: trained.path },
    );
    const tokens = await openTokens(path);
    const split = await readTokens(tokens, 'test');
    const rows = (await readFile(join(dataset, 'test.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const tokenizer = await loadTokenizer(trained.path);
    expect(await readExampleIds(tokens, 'test')).toEqual(rows.map((row) => row.id));
    for (const [index, row] of rows.entries()) {
      const ids = [...split.inputIds.subarray(split.offsets[index], split.offsets[index + 1])];
      expect(ids).toEqual(tokenizer.encode(row.text, undefined, { maxLength: 16 }).inputIds);
      expect(split.labels?.[index]).toBe(row.label);
    }
    expect(tokens.statistics).toMatchObject({ test: { texts: rows.length, examples: rows.length } });
    expect(result?.metrics?.share_truncated).toBeGreaterThan(0.3);
  });

  it('split long texts into examples that together hold every token', async () => {
    const { path } = await run(
      tokenizeStage,
      { max_length: 12, overflow: 'split', stride: 3 },
      { dataset, tokenizer: trained.path },
    );
    const split = await readTokens(await openTokens(path), 'validation');
    const rows = (await readFile(join(dataset, 'validation.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const tokenizer = await loadTokenizer(trained.path);
    const joined = rows.map((): number[] => []);
    for (let index = 0; index < split.examples; index++) {
      const ids = [...split.inputIds.subarray(split.offsets[index], split.offsets[index + 1])];
      expect(ids.length).toBeLessThanOrEqual(12);
      const row = joined[split.rows[index] ?? -1];
      row?.push(...ids.slice(1, -1).slice(row.length === 0 ? 0 : 3));
    }
    expect(joined).toEqual(rows.map((row) => tokenizer.encodeText(row.text)));
  });

  it('pack texts into full examples without labels', async () => {
    const { path } = await run(
      tokenizeStage,
      { max_length: 32, overflow: 'pack' },
      { dataset, tokenizer: trained.path },
    );
    const tokens = await openTokens(path);
    const split = await readTokens(tokens, 'train');
    const lengths = Array.from(
      { length: split.examples },
      (_, index) => (split.offsets[index + 1] ?? 0) - (split.offsets[index] ?? 0),
    );
    expect(lengths.slice(0, -1).every((length) => length === 32)).toBe(true);
    expect(tokens.labels).toBeNull();
    expect(split.labels).toBeNull();
    const rows = (await readFile(join(dataset, 'train.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const tokenizer = await loadTokenizer(trained.path);
    const specials = new Set([2, 3]);
    expect([...split.inputIds].filter((id) => !specials.has(id))).toEqual(
      rows.flatMap((row) => tokenizer.encodeText(row.text)),
    );
  });

  it('take one split when one is wired', async () => {
    const { path } = await run(
      tokenizeStage,
      { max_length: 16 },
      { dataset: { path: dataset, part: 'test' }, tokenizer: trained.path },
    );
    expect(Object.keys((await openTokens(path)).splits)).toEqual(['test']);
  });

  it('describe what does not fit', async () => {
    const inputs = { dataset, tokenizer: trained.path };
    await expect(run(tokenizeStage, {}, { dataset })).rejects.toThrow('given no tokenizer');
    await expect(run(tokenizeStage, { max_length: 1000 }, inputs)).rejects.toThrow(
      'longer than the model can take',
    );
    await expect(
      run(tokenizeStage, { max_length: 10, overflow: 'split', stride: 8 }, inputs),
    ).rejects.toThrow('stride must be smaller');
    const pairs = await run(loadDatasetStage, {
      path: await file(
        'pairs.csv',
        `a,b\n${sentences
          .slice(0, 40)
          .map((text, index) => `"${text.replaceAll('"', '')}",second ${index}\n`)
          .join('')}`,
      ),
      text: 'a',
      text_pair: 'b',
      split: { train: 1 },
    });
    const packed = { dataset: pairs.path, tokenizer: trained.path };
    await expect(run(tokenizeStage, { max_length: 16, overflow: 'pack' }, packed)).rejects.toThrow(
      'cannot be packed',
    );
    const fine = await readTokens(
      await openTokens((await run(tokenizeStage, { max_length: 16 }, packed)).path),
      'train',
    );
    expect([...fine.tokenTypeIds]).toContain(1);
  });
});
