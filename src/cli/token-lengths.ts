import { join } from 'node:path';
import { loadTokenizer } from '../data/tokenizer.js';
import { readJsonFile } from '../formats/json.js';
import { resolvePath } from '../recipe/path-settings.js';
import { CommandLineError } from './exit-codes.js';
import type { TokenLengths } from './new-recipe.js';

/** The part of the texts that shall not be cut off. */
const keptShare = 0.95;
/** Lengths are rounded up: a little room, and sizes that processors like. */
const step = 8;
/** Texts are hardly ever shorter. */
const shortest = 16;
/** Where a model does not say how long its inputs may be. */
const usualLimit = 512;

/**
 * Measures texts in the tokens of a model, as a pair where there are two lists. `maxLength` is what was asked for, if
 * anything. Throws a `CommandLineError` when the model is not there.
 */
export async function measureLengths(
  texts: readonly (readonly string[])[],
  options: {
    readonly model: string;
    /** What the user calls it. */
    readonly written: string;
    readonly folder: string;
    readonly maxLength?: number | undefined;
  },
): Promise<TokenLengths> {
  const { model, written, folder, maxLength } = options;
  const resolved = resolvePath(model, folder);
  if (!resolved.ok) {
    const { message, help } = resolved.error;
    throw new CommandLineError('command/unknown-file', message, { written, ...(help && { help }) });
  }
  const [tokenizer, limit] = await Promise.all([loadTokenizer(resolved.value), positionsOf(resolved.value)]);
  const special = tokenizer.specialTokenCount(texts.length > 1 ? 'pair' : 'single');
  const [first = []] = texts;
  const lengths = first.map((_, row) =>
    texts.reduce((sum, column) => sum + tokenizer.encodeText(column[row] ?? '').length, special),
  );
  const sorted = lengths.toSorted((a, b) => a - b);
  const most = sorted[Math.ceil(sorted.length * keptShare) - 1] ?? special;
  const proposed = Math.max(shortest, Math.ceil(most / step) * step);
  return { most, maxLength: maxLength ?? Math.min(proposed, limit) };
}

async function positionsOf(folder: string): Promise<number> {
  const config = await readJsonFile(join(folder, 'config.json'));
  return config.integer('max_position_embeddings', { fallback: usualLimit, least: 1 });
}
