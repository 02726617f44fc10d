import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import {
  createTokensWriter,
  noLabel,
  openTokens,
  readExampleIds,
  readTokens,
  type TokensDescription,
} from '../../src/artifacts/tokens.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';

const folders: string[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-tokens-'));
  folders.push(folder);
});
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

const description: TokensDescription = {
  labels: ['no', 'yes'],
  maxLength: 8,
  overflow: 'split',
  vocabularySize: 100,
  specialTokens: { padding: 0, unknown: 1, classification: 2, separator: 3, mask: null },
  tokenizerDigest: 'abc',
  statistics: { train: { share_unknown: 0.25 } },
};

test('examples come back as they were written', async () => {
  const writer = createTokensWriter(folder);
  writer.add('train', { inputIds: [2, 50, 3], tokenTypeIds: [0, 0, 1], label: 1, row: 0, id: 'a' });
  writer.add('train', { inputIds: [], tokenTypeIds: [], row: 1, id: 'b\n' });
  writer.add('train', {
    inputIds: Array(9000).fill(7),
    tokenTypeIds: Array(9000).fill(1),
    label: 0,
    row: 1,
    id: 'b\n',
  });
  writer.add('test', { inputIds: [5], tokenTypeIds: [0], row: 0, id: 'c' });
  const written = await writer.finish(description, ['validation']);
  const tokens = await openTokens(folder);
  expect(tokens).toEqual(written);
  expect(tokens).toMatchObject({
    ...description,
    splits: {
      train: { examples: 3, tokens: 9003, longest: 9000 },
      validation: { examples: 0, tokens: 0, longest: 0 },
    },
  });

  const train = await readTokens(tokens, 'train');
  expect([...train.offsets]).toEqual([0, 3, 3, 9003]);
  expect([...train.inputIds.subarray(0, 4)]).toEqual([2, 50, 3, 7]);
  expect([...train.tokenTypeIds.subarray(0, 4)]).toEqual([0, 0, 1, 1]);
  expect([...(train.labels ?? [])]).toEqual([1, noLabel, 0]);
  expect([...train.rows]).toEqual([0, 1, 1]);
  expect(await readExampleIds(tokens, 'train')).toEqual(['a', 'b\n', 'b\n']);
  expect((await readTokens(tokens, 'test')).labels).toBeNull();
  expect((await readTokens(tokens, 'validation')).examples).toBe(0);
});

test('tensors that contradict each other are refused', async () => {
  const writer = createTokensWriter(folder);
  writer.add('train', { inputIds: [5], tokenTypeIds: [0], row: 0, id: 'c' });
  const tokens = await writer.finish(description);
  const integers = (...values: number[]) =>
    ({ dtype: 'I32', shape: [values.length], data: Int32Array.from(values) }) as const;
  await writeSafetensors(join(folder, 'train.safetensors'), {
    input_ids: integers(1, 2),
    token_type_ids: integers(0, 0),
    offsets: integers(0, 3),
    rows: integers(0),
  });
  await expect(readTokens(tokens, 'train')).rejects.toMatchObject({
    details: { code: 'tokens/contradiction' },
  });
  await expect(readTokens(tokens, 'test')).rejects.toMatchObject({ details: { found: 'train' } });
});

test('tokens that are given up after they could not be finished keep the first error', async () => {
  const writer = createTokensWriter(folder);
  writer.add('train', { inputIds: [2, 3], tokenTypeIds: [0, 0], row: 0, id: 'a' });
  mkdirSync(join(folder, 'tokens.json'));
  await expect(writer.finish(description)).rejects.toThrow('EISDIR');
  expect(() => writer.abort()).not.toThrow();
});
