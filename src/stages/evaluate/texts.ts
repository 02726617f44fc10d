/**
 * The texts behind predictions.
 */
import { openDataset, readRows } from '../../artifacts/dataset.js';
import type { TokenSplit } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import { loadTokenizer } from '../../data/tokenizer.js';
import type { InputArtifact } from '../../plugin/define-stage.js';
import { exampleIds } from '../../training/collate.js';
import type { RowPrediction } from './rows.js';

/** The text of a row, or its pair of texts. */
export interface RowText {
  readonly text: string;
  readonly textPair?: string;
}

/**
 * The texts of rows: from the data set where it is wired, else decoded from the tokens (as the model saw them: cut off, and
 * in lower case where the tokenizer makes it so).
 */
export async function textsOfRows(
  rows: readonly RowPrediction[],
  split: TokenSplit,
  model: InputArtifact,
  dataset: InputArtifact | undefined,
): Promise<readonly RowText[]> {
  if (dataset === undefined) {
    const tokenizer = await loadTokenizer(model.path);
    return rows.map(({ examples }) => ({
      text: examples.map((example) => tokenizer.decode([...exampleIds(split, example)])).join(' '),
    }));
  }
  const wanted = new Set(rows.map(({ id }) => id));
  const texts = new Map<string, RowText>();
  for await (const { id, text, textPair } of readRows(await openDataset(dataset.path), split.split)) {
    if (wanted.has(id)) texts.set(id, { text, ...(textPair === undefined ? {} : { textPair }) });
  }
  return rows.map(({ id }) => {
    const text = texts.get(id);
    if (text !== undefined) return text;
    throw new UserError({
      code: 'evaluate/dataset',
      message: `${dataset.reference} is not the data set that the tokens were made of.`,
      found: `no row '${id}' in its split '${split.split}'`,
      help: 'Wire the data set that goes into the tokenize stage.',
    });
  });
}
