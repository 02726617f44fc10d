/**
 * A stage for this repository's own recipes: texts, and more of them in which words have given way to other ones at random.
 *
 * A text of old prose never has some of a vocabulary's words. Put in anywhere, they make a text that means little, but whose
 * embedding the teacher knows all the same, so that the student hears of them. (Replacing words to have more to distil
 * from: Jiao et al., "TinyBERT", 2020, section 3.2; theirs are chosen to fit the sentence.)
 */
import {
  createDatasetWriter,
  createRandom,
  type Dataset,
  type DatasetRow,
  defineStage,
  loadTokenizer,
  openDataset,
  type Random,
  readRows,
  splitNames,
  Type,
} from 'roux';

/** A token that is a word of its own, not a piece of one or a mark. */
const wholeWord = /^[a-z]{2,}$|^\d{4}$/;

export default defineStage({
  type: 'scattered-words',
  version: 1,
  summary: 'Adds texts in which some words are replaced by words of a vocabulary, at random',
  settings: Type.Object({
    share: Type.Number({
      default: 0.3,
      minimum: 0,
      maximum: 1,
      description: 'Share of the training texts that are added once more, with other words.',
    }),
    replaced: Type.Number({
      default: 0.3,
      minimum: 0,
      maximum: 1,
      description: 'Share of the words of these that are replaced.',
    }),
  }),
  inputs: {
    dataset: { kind: 'dataset', description: 'Texts without labels.' },
    tokenizer: { kind: 'tokenizer', description: 'Where the words come from, each as often as another.' },
  },
  outputs: { dataset: { kind: 'dataset', description: 'The texts, those with other words among them.' } },
  seeded: true,
  async run({ settings, inputs, outputs, seed }) {
    const random = createRandom(seed).fork('scattered-words');
    const words = await wordsOf(inputs.tokenizer.path);
    const dataset: Dataset = await openDataset(inputs.dataset.path);
    const writer = createDatasetWriter(outputs.dataset.path);
    let added = 0;
    for (const split of splitNames) {
      if (dataset.splits[split] === undefined) continue;
      for await (const row of readRows(dataset, split)) {
        writer.write(split, row);
        if (split !== 'train' || random.next() >= settings.share) continue;
        const text = scattered(row.text, words, settings.replaced, random);
        writer.write(split, { ...row, id: `${row.id}-scattered`, text } satisfies DatasetRow);
        added += 1;
      }
    }
    const { labels, columns, pairs } = dataset;
    await writer.finish({ labels, columns, pairs, statistics: {} });
    return {
      metrics: { added_rows: added, words: words.length },
      summary: `${added.toLocaleString('en')} texts with words of ${words.length.toLocaleString('en')}`,
    };
  },
});

async function wordsOf(folder: string): Promise<readonly string[]> {
  const tokenizer = await loadTokenizer(folder);
  return Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.token(id) ?? '').filter(
    (token) => wholeWord.test(token),
  );
}

/** Marks stay where they are. */
function scattered(text: string, words: readonly string[], share: number, random: Random): string {
  return text.replace(/[\p{L}\p{N}]+/gu, (word) =>
    random.next() < share ? (words[random.integer(words.length)] ?? word) : word,
  );
}
