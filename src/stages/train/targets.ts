/** A teacher's embeddings, as the train stage takes them. */
import { type Embeddings, readEmbeddings } from '../../artifacts/embeddings.js';
import type { TokenSplit } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import type { Model } from '../../models/model.js';
import type { InputArtifact } from '../../plugin/define-stage.js';

/** Throws a UserError unless the model can be drawn towards embeddings: a masked language model with a pooler. */
export function requireDistillable(input: InputArtifact, model: Model): void {
  if (model.task !== 'masked-language-modeling') {
    throw new UserError({
      code: 'train/targets-task',
      message: `${input.reference} is for masked language models; this model is a classifier.`,
      help: 'Leave targets out, or load the model with task: masked-language-modeling.',
    });
  }
  if (!model.parts.includes('pooler')) {
    throw new UserError({
      code: 'train/targets-pooler',
      message: `The model has no pooler that could be drawn towards ${input.reference}.`,
      found: `an encoder and ${model.parts.join(', ')}`,
      expected: 'a model with a pooler',
    });
  }
}

/** Reads one target per example of a split. Throws a UserError where numbers or sizes differ. */
export async function readTargets(
  input: InputArtifact,
  model: Model,
  split: TokenSplit,
): Promise<Embeddings> {
  const targets = await readEmbeddings(input.path, split.split);
  const { hiddenSize } = model.architecture.config;
  const vectors = targets.values.length / targets.size;
  if (targets.size === hiddenSize && vectors === split.examples) return targets;
  throw new UserError({
    code: 'train/targets',
    message: `${input.reference} does not fit the tokens and the model.`,
    found: `${vectors} vectors of ${targets.size} in the split ${split.split}`,
    expected: `${split.examples} vectors of ${hiddenSize}: one per example, of the model's hidden size`,
    help: 'Make them from the same data set, with the size of the model.',
  });
}
