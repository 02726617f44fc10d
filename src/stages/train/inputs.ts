/**
 * What the train stage reads: a model whose classes are those of the data, and tokens that fit it.
 */
import { type SplitName, splitNames } from '../../artifacts/kinds.js';
import { noLabel, openTokens, readTokens, type TokenSplit, type Tokens } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import type { Random } from '../../data/random.js';
import type { ModelPart } from '../../models/architecture.js';
import { loadModel, type Model, weightsOf } from '../../models/model.js';
import type { InputArtifact } from '../../plugin/define-stage.js';
import type { NamedHostTensors } from '../../runtime/runtime.js';

/** Tokens for a model. */
export interface ModelTokens {
  readonly tokens: Tokens;
  /** The split that is learned from: the part that was wired, else `train`. */
  readonly train: TokenSplit;
  /** Absent where there is none, or where one part alone was wired. */
  readonly validation: TokenSplit | undefined;
}

/**
 * Reads a model for training on tokens.
 *
 * A classifier's classes become those of the data. A head of other classes than the data's is replaced by a fresh one
 * (`replaced`); a head that knows the same labels in another order stays as it is.
 */
export async function loadModelFor(
  input: InputArtifact,
  tokens: Tokens,
  random: Random,
): Promise<{ readonly model: Model; readonly replaced: boolean }> {
  const { model } = await loadModel(input.path);
  if (model.task !== 'sequence-classification') return { model, replaced: false };
  const { labels } = tokens;
  if (labels === null) {
    throw new UserError({
      code: 'train/no-labels',
      message: `${input.reference} classifies texts, but the data has no labels.`,
      found: tokens.overflow === 'pack' ? 'tokens packed for language modelling' : 'tokens without labels',
      expected: 'a data set with a label column',
      help: 'Name the column in load-dataset (label: ...) and do not pack the tokens.',
    });
  }
  const known = model.architecture.config.labels;
  if (known.length === labels.length && labels.every((label) => known.includes(label))) {
    return { model, replaced: false };
  }
  const adapted = await loadModel(input.path, { task: model.task, labels, random });
  return { model: adapted.model, replaced: adapted.fresh.includes('sequence-classification') };
}

/**
 * Reads a model that already knows the task of these tokens, with the head that it was trained with.
 *
 * Throws a UserError when a label of the data is not one of the model's.
 */
export async function loadOldModel(input: InputArtifact, tokens: Tokens): Promise<Model> {
  const { model } = await loadModel(input.path);
  const known = model.architecture.config.labels;
  const unknown = tokens.labels?.find((label) => !known.includes(label));
  if (model.task === 'sequence-classification' && unknown !== undefined) {
    throw new UserError({
      code: 'ewc/labels',
      message: `The data has the label '${unknown}', which the model ${input.reference} does not know.`,
      found: `labels of the model: ${known.join(', ')}`,
      expected: "the old task's data and the model that was trained on it",
    });
  }
  return model;
}

/** Opens tokens and says which split is meant. */
export async function openTokensOf(input: InputArtifact): Promise<{ tokens: Tokens; split: SplitName }> {
  const tokens = await openTokens(input.path);
  return { tokens, split: splitNames.find((name) => name === input.part) ?? 'train' };
}

/** Reads the splits for training, with labels as classes of the model. Throws a UserError where they do not fit. */
export async function readTokensFor(
  input: InputArtifact,
  tokens: Tokens,
  split: SplitName,
  model: Model,
): Promise<ModelTokens> {
  requireFit(input, tokens, model);
  const train = withClasses(await readSplit(input, tokens, split), tokens, model);
  const isWhole = input.part === undefined;
  const hasValidation = isWhole && (tokens.splits.validation?.examples ?? 0) > 0;
  return {
    tokens,
    train,
    validation: hasValidation
      ? withClasses(await readTokens(tokens, 'validation'), tokens, model)
      : undefined,
  };
}

/** Throws a UserError unless at least two labels occur. */
export function requireSeveralLabels(
  input: InputArtifact,
  split: TokenSplit,
  labels: readonly string[],
): void {
  const seen = new Set(split.labels ?? []);
  seen.delete(noLabel);
  if (seen.size >= 2) return;
  const [only] = seen;
  throw new UserError({
    code: 'train/one-label',
    message: `All training examples of ${input.reference} have the same label: there is nothing to learn.`,
    found: only === undefined ? 'no labelled example' : `only the label '${labels[only] ?? only}'`,
    expected: 'examples of at least two labels in the split train',
    help: 'Check the label column of load-dataset, and its limit and split.',
  });
}

/** The weights that the model's task and further parts compute with, and the names of those that are trained. */
export function trainableWeights(
  model: Model,
  further: readonly ModelPart[] = [],
): {
  readonly weights: NamedHostTensors;
  readonly trainable: readonly string[];
  /** Parameters that multiply every token. */
  readonly denseWeights: number;
} {
  const { architecture } = model;
  const parameters = architecture.parameters([...further, ...architecture.partsOf(model.task)]);
  const frozen = new Set(model.frozen);
  const trainable = parameters.map(({ name }) => name).filter((name) => !frozen.has(name));
  if (trainable.length === 0) throw nothingToTrain('Freeze less in the freeze-layers stage.');
  const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const dense = parameters.filter(({ group }) => group !== 'embeddings');
  return {
    weights: weightsOf(model, parameters),
    trainable,
    denseWeights: dense.reduce((sum, { shape }) => sum + size(shape), 0),
  };
}

/** The error of a training in which everything is frozen. */
export function nothingToTrain(help: string): UserError {
  return new UserError({
    code: 'train/all-frozen',
    message: 'Every parameter of the model is frozen: there is nothing to train.',
    help,
  });
}

async function readSplit(input: InputArtifact, tokens: Tokens, split: SplitName): Promise<TokenSplit> {
  const read = await readTokens(tokens, split);
  if (read.examples > 0) return read;
  throw new UserError({
    code: 'train/empty',
    message: `${input.reference} has no example in the split '${split}'.`,
    found: '0 examples',
    expected: 'at least one',
    help: 'Check the split and the limit of the load-dataset stage.',
  });
}

function requireFit(input: InputArtifact, tokens: Tokens, model: Model): void {
  const { config } = model.architecture;
  if (tokens.vocabularySize > config.vocabularySize) {
    throw new UserError({
      code: 'train/vocabulary',
      message: `${input.reference} was made with another tokenizer than the model's.`,
      found: `a vocabulary of ${tokens.vocabularySize} tokens`,
      expected: `at most ${config.vocabularySize}, the model's vocabulary`,
      help: 'Wire the same model into the tokenize stage.',
    });
  }
  const longest = Math.max(0, ...Object.values(tokens.splits).map((split) => split.longest));
  if (longest > config.maximumLength) {
    throw new UserError({
      code: 'train/length',
      message: `${input.reference} has texts that are longer than the model takes.`,
      found: `${longest} tokens`,
      expected: `at most ${config.maximumLength}`,
      help: 'Set max_length of the tokenize stage.',
    });
  }
}

/** Data and model may name the same labels in another order. */
function withClasses(split: TokenSplit, tokens: Tokens, model: Model): TokenSplit {
  if (model.task !== 'sequence-classification' || split.labels === null || tokens.labels === null) {
    return split;
  }
  const classOf = tokens.labels.map((label) => model.architecture.config.labels.indexOf(label));
  return { ...split, labels: split.labels.map((label) => classOf[label] ?? noLabel) };
}
