/**
 * The texts that a bias audit looks at: rows of a data set, or sentences that come with the term lists.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, readRows } from '../../artifacts/dataset.js';
import type { SplitName } from '../../artifacts/kinds.js';
import { UserError } from '../../artifacts/user-error.js';
import type { Random } from '../../data/random.js';
import type { AuditExample } from '../../fairness/audit-swaps.js';

/**
 * The rows of a split as examples, their labels as classes of the model.
 *
 * With `limit` so many of them are drawn, in the order of the split. Throws a `UserError` when a label of the data set is
 * not one of the model's.
 */
export async function examplesOfDataset(
  dataset: Dataset,
  split: SplitName,
  options: {
    readonly labelNames: readonly string[];
    readonly limit?: number | undefined;
    readonly random: Random;
  },
): Promise<readonly AuditExample[]> {
  const classOf = (dataset.labels ?? []).map((label) => modelClass(label, options.labelNames));
  const chosen = drawn(dataset.splits[split]?.rows ?? 0, options.limit, options.random);
  const examples: AuditExample[] = [];
  let row = 0;
  for await (const { id, text, textPair, label, columns } of readRows(dataset, split)) {
    if (chosen === undefined || chosen.has(row)) {
      examples.push({ id, text, textPair, columns, label: label === undefined ? undefined : classOf[label] });
    }
    row += 1;
  }
  return examples;
}

/** The sentences of `probes.txt` in a folder of term lists; null where it has none. */
export async function probeExamples(termsFolder: string): Promise<readonly AuditExample[] | null> {
  const file = join(termsFolder, 'probes.txt');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line, index) => ({ id: `probe ${index + 1}`, text: line.trim() }));
}

function modelClass(label: string, labelNames: readonly string[]): number {
  const index = labelNames.indexOf(label);
  if (index >= 0) return index;
  throw new UserError({
    code: 'audit/labels',
    message: `The data set has the label '${label}', which the model does not know.`,
    found: `labels of the model: ${labelNames.join(', ')}`,
    help: 'Wire the data set that the model was trained on, or one with the same labels.',
  });
}

/** Which rows are kept; undefined for all of them. */
function drawn(rows: number, limit: number | undefined, random: Random): ReadonlySet<number> | undefined {
  if (limit === undefined || rows <= limit) return undefined;
  const order = random.shuffle(Array.from({ length: rows }, (_, row) => row));
  return new Set(order.slice(0, limit));
}
