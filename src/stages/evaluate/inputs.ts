/**
 * What stages that measure models read from their inputs, checked against each other.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SplitName, splitNames } from '../../artifacts/kinds.js';
import { noLabel, openTokens, readTokens, type TokenSplit, type Tokens } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import type { Model } from '../../models/model.js';
import type { InputArtifact } from '../../plugin/define-stage.js';

/** The split that is looked at where neither the wiring (`tokens.test`) nor a setting names one. */
export const defaultSplit: SplitName = 'test';

/** The split that a recipe means: the part that was wired, else the setting, else `test`. */
export function splitOf(input: InputArtifact, setting: SplitName | undefined): SplitName {
  const wired = splitNames.find((name) => name === input.part);
  if (wired !== undefined && setting !== undefined && wired !== setting) {
    throw new UserError({
      code: 'evaluate/split',
      message: `The setting split and the wiring name different splits.`,
      found: `split: ${setting} and ${input.reference}`,
      help: 'Leave the setting out.',
    });
  }
  return wired ?? setting ?? defaultSplit;
}

/** Tokens of one split, with what is known of all. */
export interface OpenedTokens {
  readonly tokens: Tokens;
  readonly split: TokenSplit;
}

/**
 * Opens one split of tokens for a model.
 *
 * Throws a `UserError` when the split has no example or when tokens and model do not fit: made by another tokenizer than
 * the one in the model's folder, ids beyond the vocabulary, texts longer than the model takes.
 */
export async function openTokensFor(
  input: InputArtifact,
  setting: SplitName | undefined,
  model: Model,
): Promise<OpenedTokens> {
  const tokens = await openTokens(input.path);
  const split = await readTokens(tokens, splitOf(input, setting));
  if (split.examples === 0) {
    throw new UserError({
      code: 'evaluate/empty',
      message: `${input.reference} has no example in the split '${split.split}'.`,
      found: '0 examples',
      help: 'Check the split and the limit of the data set.',
    });
  }
  const { config } = model.architecture;
  const digest = await tokenizerDigest(model);
  const isSameTokenizer =
    digest === null || tokens.tokenizerDigest === '' || digest === tokens.tokenizerDigest;
  if (!isSameTokenizer || tokens.vocabularySize > config.vocabularySize) {
    throw new UserError({
      code: 'evaluate/tokenizer',
      message: `${input.reference} was made with another tokenizer than the model's.`,
      found: `a vocabulary of ${tokens.vocabularySize} tokens, tokenizer ${tokens.tokenizerDigest.slice(0, 12)}`,
      expected: `the model's: ${config.vocabularySize} tokens, tokenizer ${digest?.slice(0, 12) ?? 'not known'}`,
      help: 'Wire the same model into the tokenize stage.',
    });
  }
  const longest = tokens.splits[split.split]?.longest ?? 0;
  if (longest > config.maximumLength) {
    throw new UserError({
      code: 'evaluate/length',
      message: `${input.reference} has texts that are longer than the model takes.`,
      found: `${longest} tokens`,
      expected: `at most ${config.maximumLength}`,
      help: 'Set max_length of the tokenize stage.',
    });
  }
  return { tokens, split };
}

/**
 * The split with labels as classes of the model: data and model may name the same labels in another order.
 *
 * Throws a `UserError` when a label of the data is not one of the model's.
 */
export function withModelClasses(
  split: TokenSplit,
  dataLabels: readonly string[] | null,
  modelLabels: readonly string[],
): TokenSplit {
  if (split.labels === null || dataLabels === null) return { ...split, labels: null };
  const classOf = dataLabels.map((label) => {
    const index = modelLabels.indexOf(label);
    if (index >= 0) return index;
    throw new UserError({
      code: 'evaluate/labels',
      message: `The data has the label '${label}', which the model does not know.`,
      found: `labels of the model: ${modelLabels.join(', ')}`,
      help: 'Evaluate with data that has the labels that the model was trained on.',
    });
  });
  return { ...split, labels: split.labels.map((label) => classOf[label] ?? noLabel) };
}

/** The class that a setting names; undefined where it names none. Throws a `UserError` for what is no label. */
export function positiveClassOf(
  label: string | undefined,
  modelLabels: readonly string[],
): number | undefined {
  if (label === undefined) return undefined;
  const index = modelLabels.indexOf(label);
  if (index >= 0) return index;
  throw new UserError({
    code: 'evaluate/positive-label',
    message: `positive_label is not a label of the model.`,
    found: label,
    expected: `one of ${modelLabels.join(', ')}`,
  });
}

/** SHA-256 of the model's tokenizer.json; null where its folder has none. */
async function tokenizerDigest({ tokenizer }: Model): Promise<string | null> {
  if (tokenizer === null) return null;
  const file = join(tokenizer, 'tokenizer.json');
  if (!existsSync(file)) return null;
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
